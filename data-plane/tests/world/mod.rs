//! A data plane with its real listener, an organisation in memory, and a fake MCP server at the world's edge that
//! writes down what it saw.
#![allow(dead_code, reason = "each test file uses its part of the world")]

pub mod older;
pub mod raw;
pub mod replica;
pub mod session;
pub mod upstream;

use bundle::credential::Sealed;
use bundle::record::Record;
use bundle::{
    Attachment, Grant, Hints, Opened, Org as OrgEntry, OrgBundle, Pinning, PolicyVersion, Server,
    Statement, Timeouts, TokenDigest, Tool,
};
use bytes::Bytes;
use data_plane::budget::Budget;
use data_plane::bundles::{ControlPlane, Holder, Org};
use data_plane::call_path::HeldCalls;
use data_plane::front::{Entrance, Intake};
use data_plane::gateway::Gateway;
use data_plane::lists::Seen;
use data_plane::meter::Meter;
use data_plane::record::{Recorder, SpoolOptions};
use data_plane::relay::{Aside, Standing};
use data_plane::seats::Seats;
use data_plane::upstream::pool::Upstreams;
use data_plane::upstream::session::Seals;
use egress::{Egress, Lookup};
use host::clock::{Clock, Random};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use ids::token::{Token, TokenKind};
use ids::{GrantId, OrgId, PolicyId, ServerId};
use seal::{KeyRing, Pepper, Secret, SigningKey};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
pub use upstream::Upstream;

/// What the clock says until a test moves it.
pub const NOW_MS: u64 = 1_790_000_000_000;

/// A product that is broken fails a test; it does not hang it.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// A policy that lets everything through.
pub const ALLOW: &str = r#"{"version":"1","default":"allow"}"#;

/// How the organisation is set up; start from [`World::new`].
pub struct Plan {
    pub policy: Option<String>,
    pub tools: Option<Vec<&'static str>>,
    pub headers: Vec<(&'static str, &'static str)>,
    pub change: Box<dyn FnOnce(&mut OrgBundle)>,
    pub budget: Budget,
    pub seats: data_plane::seats::Limits,
    /// How much the spool takes.
    pub spool: u64,
    /// The operator's exceptions; the fake upstream listens on loopback.
    pub egress: Vec<&'static str>,
    pub lookup: Lookup,
    /// Whom TLS trusts.
    pub tls: Option<rustls::ClientConfig>,
}

pub struct World {
    pub gateway: Arc<Gateway>,
    pub address: SocketAddr,
    pub upstream: Upstream,
    /// Of the grant that has the policy.
    pub token: String,
    /// Of another grant of the same organisation, for the same server.
    pub other_token: String,
    pub bundle: OrgBundle,
    records: watch::Receiver<Vec<Record>>,
    client: Client<HttpConnector, Full<Bytes>>,
    folder: PathBuf,
    _tasks: Vec<AbortOnDropHandle<()>>,
    _stop: tokio_util::sync::DropGuard,
}

impl Drop for World {
    fn drop(&mut self) {
        // A test that fails leaves what it can.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub fn plan() -> Plan {
    Plan {
        policy: Some(ALLOW.to_owned()),
        tools: Some(vec!["echo"]),
        headers: Vec::new(),
        change: Box::new(|_| {}),
        budget: Budget::in_memory(),
        seats: data_plane::seats::Limits::default(),
        spool: 1 << 30,
        egress: vec!["127.0.0.0/8"],
        lookup: Lookup::system(),
        tls: None,
    }
}

pub async fn with_policy(policy: &str, upstream: Upstream) -> World {
    World::new(
        Plan {
            policy: Some(policy.to_owned()),
            ..plan()
        },
        upstream,
    )
    .await
}

pub fn ring() -> KeyRing {
    KeyRing::parse(&format!("1 {}", "ab".repeat(32))).unwrap()
}

/// A control plane that nobody answers for.
pub fn nobody(clock: Clock) -> ControlPlane {
    host::tls::install_crypto();
    let url = "http://127.0.0.1:1".parse().unwrap();
    ControlPlane::new(url, &pem(), "test".to_owned(), clock).unwrap()
}

fn signing_key() -> SigningKey {
    SigningKey::from_pem(&pem()).unwrap()
}

/// An Ed25519 key for one test: its seed stands in the PKCS#8 of RFC 8410.
fn pem() -> String {
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend_from_slice(&[7; 32]);
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

pub fn open(bundle: &OrgBundle) -> Opened {
    let key = signing_key();
    let bytes = serde_json::to_vec(bundle).unwrap();
    let statement = Statement {
        org: bundle.org.id,
        version: bundle.version,
        sha256: seal::to_hex(&seal::sha256(&bytes)),
        format: bundle::FORMAT,
    };
    let verifying = key.verifying().unwrap();
    bundle::open(&statement.sign(&key, &verifying.id()), &bytes, &[verifying]).unwrap()
}

fn grant(
    number: u8,
    token: &Token,
    pepper: &Pepper,
    server: ServerId,
    policy: Option<(PolicyId, u32)>,
) -> Grant {
    Grant {
        id: GrantId::new(1, [number; 10]),
        name: format!("agent {number}"),
        labels: BTreeMap::new(),
        user: None,
        is_open: true,
        expires_at: None,
        tokens: vec![TokenDigest {
            digest: seal::to_hex(&pepper.digest(token.expose())),
            until: None,
        }],
        attachments: vec![Attachment { server, policy }],
    }
}

pub fn tool(name: &str) -> Tool {
    Tool {
        name: name.to_owned(),
        digest: String::new(),
        category: policy::Category::Read,
        hints: Hints::default(),
        is_changed: false,
        is_read: false,
        param_headers: Vec::new(),
        input_schema: None,
    }
}

/// One organisation `acme` with one server `files`, one policy `main` and two grants.
fn describe(
    plan: &Plan,
    upstream: &Upstream,
    pepper: &Pepper,
    [token, other]: [&Token; 2],
) -> OrgBundle {
    let (org, server) = (OrgId::new(1, [1; 10]), ServerId::new(1, [2; 10]));
    let policy = (PolicyId::new(1, [3; 10]), 7);
    let credential = (!plan.headers.is_empty()).then(|| {
        let headers = plan
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned())));
        Sealed::seal(&headers.collect(), org, server, &ring(), [4; 12]).unwrap()
    });
    OrgBundle {
        org: OrgEntry {
            id: org,
            slug: "acme".parse().unwrap(),
            is_open: true,
            max_stale_ms: None,
            dashboard: Some("https://dash.example".into()),
            capture: None,
        },
        version: 1,
        servers: vec![Server {
            id: server,
            slug: "files".parse().unwrap(),
            name: "Files".into(),
            url: format!("http://{}/mcp", upstream.address),
            credential,
            transport: bundle::Transport::default(),
            timeouts: Timeouts::default(),
            pinning: Pinning::Off,
            is_trusted: false,
            allows_sampling: true,
            allows_elicitation: true,
            is_open: true,
            tools: plan
                .tools
                .as_ref()
                .map(|names| names.iter().map(|name| tool(name)).collect()),
        }],
        policies: plan
            .policy
            .iter()
            .map(|document| PolicyVersion {
                id: policy.0,
                slug: "main".parse().unwrap(),
                number: policy.1,
                document: document.clone(),
            })
            .collect(),
        grants: vec![
            grant(
                1,
                token,
                pepper,
                server,
                plan.policy.is_some().then_some(policy),
            ),
            grant(
                2,
                other,
                pepper,
                server,
                plan.policy.is_some().then_some(policy),
            ),
        ],
    }
}

impl World {
    pub async fn new(plan: Plan, upstream: Upstream) -> Self {
        static WORLDS: AtomicU64 = AtomicU64::new(0);
        let number = WORLDS.fetch_add(1, Ordering::SeqCst);
        let pepper = Pepper::new(&[9; 32]);
        let (token, other) = (
            Token::new(TokenKind::Grant, [1; 32]),
            Token::new(TokenKind::Grant, [2; 32]),
        );
        let mut bundle = describe(&plan, &upstream, &pepper, [&token, &other]);
        (plan.change)(&mut bundle);
        let holder = Arc::new(Holder::default());
        holder.put(Org::new(open(&bundle))).unwrap();

        let folder =
            std::env::temp_dir().join(format!("portcullis-call-{}-{number}", std::process::id()));
        let clock = Clock::set(NOW_MS);
        let now = clock.clone();
        let recorder = Recorder::open(
            SpoolOptions {
                total: plan.spool,
                ..SpoolOptions::new(folder.clone())
            },
            Arc::new(move || now.unix_ms()),
        )
        .unwrap();
        let (told, records) = watch::channel(Vec::new());
        let stop = CancellationToken::new();
        let post: data_plane::record::Post = Arc::new(move |body: Bytes| {
            let batch: bundle::record::Batch = serde_json::from_slice(&body).unwrap();
            let stored = bundle::record::Stored {
                stored: u32::try_from(batch.records.len()).unwrap(),
                ..Default::default()
            };
            told.send_modify(|all| all.extend(batch.records));
            Box::pin(async move { Ok(stored) })
        });
        let shipper = recorder.shipper("test", post);
        tokio::spawn(recorder.acknowledger("test", acknowledging()).run());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let keys = ring();
        let egress = plan.egress.iter().map(|net| net.parse().unwrap());
        let egress = Egress::new(egress.collect());
        let tls = plan.tls.unwrap_or_else(egress::platform_tls);
        let seats = Seats::new(plan.seats);
        let aside = Aside::start().expect("a thread");
        let gateway = Arc::new(Gateway {
            replica: "test".into(),
            holder,
            control_plane: nobody(clock.clone()),
            budget: plan.budget,
            fills: Arc::default(),
            recorder,
            entrance: Entrance::new(address.ip(), &format!("http://{address}"), &[], &[]),
            intake: Intake::default(),
            seats: seats.clone(),
            upstreams: Upstreams::trusting(
                tls,
                egress,
                keys.clone(),
                plan.lookup,
                seats,
                aside.clone(),
            ),
            seals: Seals::new(keys),
            pepper,
            at_rest: ring(),
            seen: Seen::default(),
            standing: Standing::default(),
            held: HeldCalls::default(),
            aside,
            meter: Meter::default(),
            clock,
            random: Random::seeded(number),
            stop: host::stop::Stop::new(),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&gateway)));
        let shipping = tokio::spawn(shipper.run(stop.clone()));
        Self {
            gateway,
            address,
            upstream,
            token: token.expose().to_owned(),
            other_token: other.expose().to_owned(),
            bundle,
            records,
            client: Client::builder(TokioExecutor::new()).build_http(),
            folder,
            _tasks: vec![
                AbortOnDropHandle::new(serving),
                AbortOnDropHandle::new(shipping),
            ],
            _stop: stop.drop_guard(),
        }
    }

    /// Whom a seal is made for that the first grant is given.
    pub fn bearer(&self) -> mcp::sealed::Bearer {
        mcp::sealed::Bearer {
            org: *self.bundle.org.id.uuid().as_bytes(),
            server: *self.bundle.servers[0].id.uuid().as_bytes(),
            grant: *self.bundle.grants[0].id.uuid().as_bytes(),
        }
    }

    /// Puts a changed bundle in force.
    pub fn publish(&mut self, change: impl FnOnce(&mut OrgBundle)) {
        change(&mut self.bundle);
        self.bundle.version += 1;
        self.gateway
            .holder
            .put(Org::new(open(&self.bundle)))
            .unwrap();
    }

    /// Puts another organisation in force, `umbrella`, that registered the same server; answers its grant's token.
    pub fn another_organisation(&self) -> String {
        let token = Token::new(TokenKind::Grant, [3; 32]);
        let mut bundle = self.bundle.clone();
        bundle.org.id = OrgId::new(1, [31; 10]);
        bundle.org.slug = "umbrella".parse().unwrap();
        bundle.servers[0].id = ServerId::new(1, [32; 10]);
        bundle.servers[0].credential = None;
        bundle.grants.truncate(1);
        bundle.grants[0].id = GrantId::new(1, [33; 10]);
        bundle.grants[0].attachments[0].server = bundle.servers[0].id;
        bundle.grants[0].tokens[0].digest =
            seal::to_hex(&self.gateway.pepper.digest(token.expose()));
        self.gateway.holder.put(Org::new(open(&bundle))).unwrap();
        token.expose().to_owned()
    }

    /// The calls of tools that reached the server.
    pub fn calls(&self) -> Vec<String> {
        let saw = self.upstream.saw();
        let calls = saw.iter().filter(|saw| saw.method() == "tools/call");
        calls.map(|saw| saw.text().to_owned()).collect()
    }

    pub fn request(
        &self,
        method: Method,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}/acme/files/mcp", self.address));
        let has = |name: &str| {
            headers
                .iter()
                .any(|(given, _)| given.eq_ignore_ascii_case(name))
        };
        for (name, value) in [
            ("authorization", format!("Bearer {}", self.token)),
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
        ] {
            if !has(name) {
                request = request.header(name, value);
            }
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        request.body(Full::new(body.into())).unwrap()
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let answered = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        answered.expect("the gateway never answered").unwrap()
    }

    /// A POST with the grant's token, read to its end.
    pub async fn post(&self, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        Answer::of(self.send(self.request(Method::POST, headers, body)).await).await
    }

    /// A legacy `tools/call`.
    pub async fn call(&self, tool: &str, arguments: &str) -> Answer {
        self.post(&[], call(tool, arguments)).await
    }

    /// Waits until the records say what is asked of them.
    pub async fn recorded(&self, is_there: impl FnMut(&Vec<Record>) -> bool) -> Vec<Record> {
        let mut records = self.records.clone();
        let waiting = records.wait_for(is_there);
        let there = tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await;
        there.expect("the records never said it").unwrap().clone()
    }
}

pub fn call(tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let read = tokio::time::timeout(PATIENCE, body.collect()).await;
        let body = read.expect("the answer never ended").unwrap().to_bytes();
        Self {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

async fn serve(listener: TcpListener, gateway: Arc<Gateway>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let gateway = Arc::clone(&gateway);
                async move {
                    Ok::<_, Infallible>(data_plane::call_path::answer(&gateway, request).await)
                }
            });
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            // A client that breaks off is the client's affair.
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Lets a fake server publish: a change that it puts in force when it is asked for something.
#[derive(Clone, Default)]
pub struct Publisher(Arc<std::sync::OnceLock<(Arc<Gateway>, OrgBundle)>>);

impl Publisher {
    pub fn of(&self, world: &World) {
        let _ = self.0.set((world.gateway.clone(), world.bundle.clone()));
    }

    pub fn publish(&self, change: impl FnOnce(&mut OrgBundle)) {
        let (gateway, bundle) = self.0.get().expect("the world is there");
        let mut bundle = bundle.clone();
        change(&mut bundle);
        bundle.version += 1;
        gateway.holder.put(Org::new(open(&bundle))).unwrap();
    }
}

/// A second server of the organisation, which the grants reach as they reach the first.
pub fn beside(bundle: &mut OrgBundle, slug: &str, url: String) {
    let mut server = bundle.servers[0].clone();
    server.id = ServerId::new(1, [5; 10]);
    server.slug = slug.parse().unwrap();
    slug.clone_into(&mut server.name);
    server.url = url;
    for grant in &mut bundle.grants {
        let policy = grant.attachments[0].policy;
        let server = server.id;
        grant.attachments.push(Attachment { server, policy });
    }
    bundle.servers.push(server);
}

/// Guards what a test changes from several tasks.
pub type Shared<T> = Arc<Mutex<T>>;

/// A database that acknowledges whatever strict calls ask it to; the records themselves come with the others.
pub fn acknowledging() -> data_plane::record::Post {
    Arc::new(|body: Bytes| {
        let batch: bundle::record::Batch = serde_json::from_slice(&body).unwrap();
        let stored = bundle::record::Stored {
            stored: u32::try_from(batch.records.len()).unwrap(),
            ..Default::default()
        };
        Box::pin(async move { Ok(stored) })
    })
}
