//! The gateway's own reading, by the functions that a request passes through: what would go on, and as what it was
//! judged.

use super::bodies::{STATE, Sent, TOOLS};
use super::plain::Plain;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bundle::{
    Attachment, FORMAT, Grant, Hints, Opened, OrgBundle, Pinning, PolicyVersion, Server, Statement,
    Timeouts, TokenDigest, Tool,
};
use bytes::Bytes;
use data_plane::budget::Budget;
use data_plane::bundles::{ControlPlane, Holder, Org};
use data_plane::call::{Call, Letter};
use data_plane::call_path::HeldCalls;
use data_plane::caller::{self, Caller};
use data_plane::front::{Entrance, Intake, Route};
use data_plane::gate::{self, Judgement};
use data_plane::gateway::Gateway;
use data_plane::lists::{self, Seen};
use data_plane::meter::Meter;
use data_plane::record::{Recorder, SpoolOptions};
use data_plane::relay::{Aside, Standing};
use data_plane::seats::{self, Seat, Seats};
use data_plane::upstream::pool::Upstreams;
use data_plane::upstream::session::Seals;
use egress::{Egress, Lookup};
use host::clock::{Clock, Random};
use host::stop::Stop;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request};
use ids::token::{Token, TokenKind};
use ids::{GrantId, OrgId, PolicyId, ServerId};
use mcp::sealed::State;
use mcp::{Body, Message};
use seal::{KeyRing, Pepper, SigningKey};
use std::sync::Arc;
use std::time::Instant;

const NOW_MS: u64 = 1_790_000_000_000;
/// What an earlier round of the server's left with the client, sealed.
const STATE_INSIDE: &str = "opaque \"\\ \u{1f511}";
/// Resources are let in and prompts are not, so that subscriptions lose a part.
const POLICY: &str = r#"{"version":"1","default":"allow","methods":["resources"]}"#;

/// One message that goes on.
#[derive(Debug)]
pub struct Forwarded {
    pub bytes: Bytes,
    pub is_call: bool,
    pub is_spliced: bool,
    pub method: String,
    /// The tool and its arguments, as they were judged.
    pub name: Option<String>,
    pub arguments: Option<Plain>,
    /// The message, as it was read, with the gateway's own slices.
    pub whole: Plain,
}

pub struct Gate {
    app: Arc<Gateway>,
    caller: Caller,
    seat: Seat,
    headers: HeaderMap,
    // Dropped last: the recorder's folder, and the clockwork under its tasks.
    _folder: Folder,
    _runtime: tokio::runtime::Runtime,
}

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Whoever ends leaves what it can.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Gate {
    pub fn open() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let inside = runtime.enter();
        let folder = Folder(std::env::temp_dir().join(format!(
            "portcullis-differential-{}-{}",
            std::process::id(),
            rand::random::<u64>()
        )));
        let pepper = Pepper::new(&[9; 32]);
        let token = Token::new(TokenKind::Grant, [1; 32]);
        let holder = Arc::new(Holder::default());
        let digest = seal::to_hex(&pepper.digest(token.expose()));
        anyhow::ensure!(holder.put(Org::new(opened(&bundle(digest))?)).is_ok());
        let keys = KeyRing::parse(&format!("1 {}", "ab".repeat(32)))?;
        let clock = Clock::set(NOW_MS);
        // Nobody listens there, and nothing here asks.
        host::tls::install_crypto();
        let nowhere = "http://127.0.0.1:1".parse()?;
        let seats = Seats::new(seats::Limits::default());
        let aside = Aside::start().expect("a thread");
        let app = Arc::new(Gateway {
            replica: "differential".into(),
            control_plane: ControlPlane::new(
                nowhere,
                &pem(),
                "differential".into(),
                clock.clone(),
            )?,
            holder,
            budget: Budget::in_memory(),
            fills: Arc::default(),
            recorder: Recorder::open(SpoolOptions::new(folder.0.clone()), Arc::new(|| NOW_MS))?,
            entrance: Entrance::new([127, 0, 0, 1].into(), "http://127.0.0.1", &[], &[]),
            intake: Intake::default(),
            seats: seats.clone(),
            upstreams: Upstreams::new(
                Egress::new(Vec::new()),
                keys.clone(),
                Lookup::system(),
                seats,
                aside.clone(),
            ),
            seals: Seals::new(keys.clone()),
            pepper,
            at_rest: keys,
            seen: Seen::default(),
            standing: Standing::default(),
            held: HeldCalls::default(),
            aside,
            meter: Meter::default(),
            clock,
            random: Random::seeded(1),
            stop: Stop::new(),
        });
        let mut headers = HeaderMap::new();
        headers.insert(
            "authorization",
            format!("Bearer {}", token.expose()).parse()?,
        );
        let route = Route {
            org: "acme".into(),
            server: Some("files".into()),
        };
        let caller = caller::recognise(&app, &headers, &route, "/acme/files/mcp")
            .map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
        let (org, grant) = (caller.org.bundle().org.id, caller.grant().id);
        let seat = app
            .seats
            .take(seats::Kind::Call, org, grant)
            .map_err(|busy| anyhow::anyhow!("{busy:?}"))?;
        drop(inside);
        Ok(Self {
            app,
            caller,
            seat,
            headers,
            _folder: folder,
            _runtime: runtime,
        })
    }

    /// The body with the state of an earlier round sealed for its very question, where it wants one.
    pub fn sealed(&self, mut sent: Sent) -> Sent {
        let Ok(text) = std::str::from_utf8(&sent.body) else {
            return sent;
        };
        if text.matches(STATE).count() != 1 {
            return sent;
        }
        let without = Sent {
            body: text.replacen(STATE, "", 1).into_bytes(),
            ..sent.clone()
        };
        let digest = self.each(&without, |call, _| {
            call.as_request().and_then(|request| request.digest)
        });
        let Some(digest) = digest.ok().and_then(|all| all.into_iter().flatten().next()) else {
            return sent;
        };
        let state = State {
            bearer: self.caller.bearer(),
            expires_ms: 0,
            digest,
            approval: None,
            upstream: STATE_INSIDE.to_owned(),
        };
        if let Some(sealed) = self.app.seals.state(state, NOW_MS, self.app.nonce()) {
            sent.body = text.replacen("@state@", &sealed, 1).into_bytes();
        }
        sent
    }

    /// What of a body goes on, or why nothing does.
    pub fn read(&self, sent: &Sent) -> Result<Vec<Forwarded>, &'static str> {
        let all = self.each(sent, |call, request| self.judged(call, request))?;
        let forwarded: Vec<Forwarded> = all.into_iter().flatten().collect();
        if forwarded.is_empty() {
            return Err("nothing of it was let through");
        }
        Ok(forwarded)
    }

    /// Every request of a body, framed and read as the call path does.
    fn each<T>(
        &self,
        sent: &Sent,
        then: impl Fn(Call, &mcp::Request<'_>) -> T,
    ) -> Result<Vec<T>, &'static str> {
        let bytes = Bytes::copy_from_slice(&sent.body);
        let document = mcp::parse(&bytes).map_err(|refused| match refused.code {
            -32700 => "no JSON",
            _ => "too deep or too wide",
        })?;
        let messages = match Body::of(&document).map_err(|_| "no strict message")? {
            Body::One(message) => vec![message],
            Body::Batch(elements) if matches!(sent.version, "" | "2025-03-26") => {
                elements.into_iter().filter_map(Result::ok).collect()
            }
            Body::Batch(_) => return Err("a batch where there is none"),
        };
        let mut out = Vec::new();
        for message in messages {
            if let Message::Request(request) = message {
                let head = self.head(sent.version, &request);
                let letter = Letter {
                    app: &self.app,
                    caller: &self.caller,
                    head: &head,
                    arrived: Instant::now(),
                    seat: &self.seat,
                };
                let call = letter.frame(&request).and_then(|(era, presented)| {
                    Call::request(&letter, &request, era, presented, &bytes)
                });
                if let Ok(call) = call {
                    out.push(then(call, &request));
                }
            }
        }
        Ok(out)
    }

    fn judged(&self, call: Call, request: &mcp::Request<'_>) -> Option<Forwarded> {
        let asked = (request.method == "tools/call").then(|| request.tool_call().ok());
        let asked = asked.flatten();
        let tool = asked.map(|asked| lists::Tool::of(&self.caller, &self.app.seen, asked.name));
        let arguments = request.param("arguments");
        let Judgement::Admitted(admitted) = gate::judge(call, arguments, tool.as_ref()) else {
            return None;
        };
        let call = admitted.permit.spend();
        let read = call.as_request()?;
        let mut whole = whole(request);
        if let Some(params) = whole.get_mut("params") {
            if let Some(state) = params
                .get_mut("requestState")
                .filter(|_| read.digest.is_some())
            {
                *state = Plain::Text(STATE_INSIDE.to_owned());
            }
            if read.method == "subscriptions/listen"
                && let Some(Plain::Object(wanted)) = params.get_mut("notifications")
            {
                wanted.retain(|(key, _)| !mcp::folds_to(key, "promptsListChanged"));
            }
        }
        Some(Forwarded {
            is_call: read.tool.is_some(),
            is_spliced: !call
                .body
                .windows(request.text.len())
                .any(|part| part == request.text.as_bytes()),
            method: read.method.clone(),
            name: read.tool.clone(),
            arguments: arguments.map(Plain::of),
            whole,
            bytes: call.body,
        })
    }

    /// The headers that fit the request: what they say wrongly, other tests ask.
    fn head(&self, version: &str, request: &mcp::Request<'_>) -> Parts {
        let mut headers = self.headers.clone();
        let encoded =
            |text: &str| HeaderValue::from_str(&format!("=?base64?{}?=", STANDARD.encode(text)));
        if let Ok(version) = version.parse::<HeaderValue>()
            && !version.is_empty()
        {
            headers.insert("mcp-protocol-version", version);
        }
        if let Ok(method) = encoded(request.method) {
            headers.insert("mcp-method", method);
        }
        let key = if request.method.starts_with("resources/") {
            "uri"
        } else {
            "name"
        };
        let name = request.param(key).and_then(json::Node::as_str);
        if let Some(Ok(name)) = name.map(encoded) {
            headers.insert("mcp-name", name);
        }
        let (mut head, ()) = Request::new(()).into_parts();
        head.headers = headers;
        head
    }
}

/// The envelope as it was read: the request's own parts, and the rest of its object.
fn whole(request: &mcp::Request<'_>) -> Plain {
    let limits = json::Limits {
        bytes: request.text.len(),
        depth: 64,
        values: 1 << 20,
    };
    // The element of a batch by itself; what was judged of it stands in `method`, `name` and `arguments` besides.
    json::read(request.text.as_bytes(), &limits)
        .map_or(Plain::Null, |document| Plain::of(&document.root))
}

/// An Ed25519 key: its seed stands in the PKCS#8 of RFC 8410.
fn pem() -> String {
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
    ];
    der.extend([0x04, 0x22, 0x04, 0x20]);
    der.extend([7; 32]);
    let text = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

fn opened(bundle: &OrgBundle) -> anyhow::Result<Opened> {
    let key = SigningKey::from_pem(&pem())?;
    let bytes = serde_json::to_vec(bundle)?;
    let verifying = key.verifying()?;
    let statement = Statement {
        org: bundle.org.id,
        version: bundle.version,
        sha256: seal::to_hex(&seal::sha256(&bytes)),
        format: FORMAT,
    };
    Ok(bundle::open(
        &statement.sign(&key, &verifying.id()),
        &bytes,
        &[verifying],
    )?)
}

fn bundle(digest: String) -> OrgBundle {
    let (org, server) = (OrgId::new(1, [1; 10]), ServerId::new(1, [2; 10]));
    let policy = (PolicyId::new(1, [3; 10]), 1);
    let tool = |name: &&str| Tool {
        name: (*name).to_owned(),
        digest: String::new(),
        category: policy::Category::Read,
        hints: Hints::default(),
        is_changed: false,
        is_read: false,
        param_headers: Vec::new(),
        input_schema: None,
    };
    OrgBundle {
        org: bundle::Org {
            id: org,
            slug: "acme".parse().expect("a slug"),
            is_open: true,
            max_stale_ms: None,
            dashboard: None,
            capture: None,
        },
        version: 1,
        servers: vec![Server {
            id: server,
            slug: "files".parse().expect("a slug"),
            name: "Files".into(),
            url: "http://127.0.0.1/mcp".into(),
            credential: None,
            transport: bundle::Transport::default(),
            timeouts: Timeouts::default(),
            pinning: Pinning::Off,
            is_trusted: false,
            allows_sampling: true,
            allows_elicitation: true,
            is_open: true,
            tools: Some(TOOLS.iter().map(tool).collect()),
        }],
        policies: vec![PolicyVersion {
            id: policy.0,
            slug: "all".parse().expect("a slug"),
            number: policy.1,
            document: POLICY.to_owned(),
        }],
        grants: vec![Grant {
            id: GrantId::new(1, [4; 10]),
            name: "agent".into(),
            labels: std::collections::BTreeMap::default(),
            user: None,
            is_open: true,
            expires_at: None,
            tokens: vec![TokenDigest {
                digest,
                until: None,
            }],
            attachments: vec![Attachment {
                server,
                policy: Some(policy),
            }],
        }],
    }
}
