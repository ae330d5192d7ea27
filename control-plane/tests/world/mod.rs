//! One control plane for one test: its own database, its own clock, its own keys, driven through the router.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod page;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use control_plane::app::App;
use control_plane::config::{Config, Site};
use control_plane::keys;
use control_plane::publish::Newest;
use host::clock::{Clock, Random};
use host::serve::Peer;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use testbed::Database;
use tower::ServiceExt;

/// 22 November 2026, noon.
const NOON: u64 = 1_795_348_800_000;
pub const PASSWORD: &str = "a gate of iron bars";

pub struct World {
    pub app: App,
    pub clock: Clock,
    pub database: Database,
    pub newest: Newest,
    /// What replicas sign their tokens with, in PEM.
    pub gateway_signing_pem: String,
    config: Config,
    router: Router,
    counter: AtomicU64,
}

/// Someone who calls: with a session, a key, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Who {
    pub cookie: Option<String>,
    pub csrf: Option<String>,
    pub key: Option<String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The JSON of an answer that had to have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// One whose mails go to the server at `url`.
    pub async fn with_mail_server(url: &str) -> Self {
        host::tls::install_crypto();
        let url = seal::Secret::new(url.to_owned());
        let smtp = control_plane::mail::smtp::Smtp::new(&url, "Gate <gate@example.org>", true);
        Self::with(|config| config.smtp = Some(smtp.unwrap())).await
    }

    /// One that is configured otherwise.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        host::tls::install_crypto();
        let database = Database::new().await;
        let clock = Clock::set(NOON);
        let random = Random::system();
        let dir = std::env::temp_dir().join(format!(
            "portcullis-keys-{}",
            seal::to_hex(&random.bytes::<8>())
        ));
        keys::make(&dir, &random).unwrap();
        let mut config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            metrics_listen: None,
            database_url: database.app.clone(),
            database_system_url: database.system.clone(),
            keys: keys::read(&dir.join("control-plane")).unwrap(),
            site: Site {
                public_url: "http://127.0.0.1:8080".parse().unwrap(),
                gateway_url: "http://127.0.0.1:8081".parse().unwrap(),
                is_local: true,
                egress_allow: vec!["127.0.0.0/8".parse().unwrap()],
                rediscover_every: Some(std::time::Duration::from_hours(1)),
                keep_calls_days: None,
                trusted_proxies: Vec::new(),
            },
            redis: None,
            smtp: None,
            providers: Vec::new(),
            log: None,
            otlp: None,
        };
        change(&mut config);
        let gateway_signing_pem =
            std::fs::read_to_string(dir.join("data-plane/gateway-signing.pem")).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        let app = App::start(&config, clock.clone(), random).await.unwrap();
        let newest = Newest::default();
        let router = control_plane::http::router(app.clone(), newest.clone());
        Self {
            app,
            clock,
            database,
            newest,
            gateway_signing_pem,
            config,
            router,
            counter: AtomicU64::new(0),
        }
    }

    /// Another process of the same installation: with pools of its own, and nothing in memory of what this one does.
    pub async fn beside(&self) -> App {
        let random = Random::system();
        let app = App::start(&self.config, self.clock.clone(), random);
        app.await.unwrap()
    }

    /// The answer as it comes, for one that does not end.
    pub async fn open(&self, mut request: Request<Body>) -> Response<Body> {
        if request.extensions().get::<Peer>().is_none() {
            let here = std::net::SocketAddr::from(([127, 0, 0, 1], 4_000));
            request.extensions_mut().insert(Peer(here));
        }
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, who: &Who, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send_with(who, method, path, body, &[]).await
    }

    pub async fn send_with(
        &self,
        who: &Who,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = &who.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(csrf) = &who.csrf {
            request = request.header("x-csrf-token", csrf);
        }
        if let Some(key) = &who.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        Self::answer(self.open(request.body(body).unwrap()).await).await
    }

    pub async fn get(&self, who: &Who, path: &str) -> Answer {
        self.send(who, Method::GET, path, None).await
    }

    pub async fn post(&self, who: &Who, path: &str, body: Value) -> Answer {
        self.send(who, Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, who: &Who, path: &str, body: Value) -> Answer {
        self.send(who, Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, who: &Who, path: &str, body: Value) -> Answer {
        self.send(who, Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, who: &Who, path: &str) -> Answer {
        self.send(who, Method::DELETE, path, None).await
    }

    /// As a program that calls from elsewhere than this machine.
    pub async fn post_from(&self, source: std::net::IpAddr, path: &str, body: Value) -> Answer {
        let mut request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let peer = std::net::SocketAddr::new(source, 4_000);
        request.extensions_mut().insert(Peer(peer));
        Self::answer(self.open(request).await).await
    }

    async fn answer(response: Response<Body>) -> Answer {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The replica of this name, with what it signs now.
    pub fn replica(&self, name: &str) -> Who {
        use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
        let now = self.app.now().unix_ms() / 1000;
        let claims =
            json!({ "sub": name, "aud": "portcullis-control-plane", "iat": now, "exp": now + 60 });
        let key = EncodingKey::from_ed_pem(self.gateway_signing_pem.as_bytes()).unwrap();
        Who {
            key: Some(encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap()),
            ..Who::default()
        }
    }

    /// Every mail of this instance that would be on the screen now, newest first.
    pub async fn mails(&self) -> Vec<control_plane::mail::Kept> {
        control_plane::account::wishes::grant(&self.app)
            .await
            .unwrap();
        control_plane::mail::outbox::deliver(&self.app)
            .await
            .unwrap();
        control_plane::mail::act::kept(&self.app)
            .await
            .unwrap()
            .unwrap()
    }

    /// What the link in the newest mail to `address` carries, which leads to `path`.
    pub async fn ticket(&self, address: &str, path: &str) -> String {
        let mails = self.mails().await;
        let mail = mails.iter().find(|mail| mail.to == address);
        let body = &mail
            .unwrap_or_else(|| panic!("no mail to {address}"))
            .text
            .body;
        let begin = format!("http://127.0.0.1:8080/{path}/");
        let (_, rest) = body
            .split_once(&begin)
            .unwrap_or_else(|| panic!("no link to {path}: {body}"));
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Proves once more who `who` is, by the password; their session has another token after it.
    pub async fn step_up(&self, who: &Who) -> Who {
        let answer = self
            .post(who, "/v1/step-up", json!({ "password": PASSWORD }))
            .await;
        signed_in(answer, 200)
    }

    /// Someone who was invited to the organisation by `owner`, and came.
    pub async fn member(&self, owner: &Who, org: &str, role: &str) -> Who {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let email = format!("person-{number}@example.com");
        self.confirm(owner).await;
        let invitation = json!({ "email": email, "role": role });
        self.post(owner, &format!("/v1/orgs/{org}/invitations"), invitation)
            .await
            .expect(201);
        let ticket = self.ticket(&email, "invitations").await;
        let body = json!({ "email": email, "password": PASSWORD, "name": format!("Person {number}"), "invitation": ticket });
        signed_in(self.post(&Who::default(), "/v1/signup", body).await, 201)
    }

    /// Confirms the address of `who`, if it is not.
    pub async fn confirm(&self, who: &Who) {
        let me = self.get(who, "/v1/me").await.expect(200);
        if me["user"]["is_confirmed"] == false {
            let address = me["user"]["email"].as_str().unwrap();
            let ticket = self.ticket(address, "verify").await;
            self.post(who, "/v1/confirm", json!({ "token": ticket }))
                .await
                .expect(204);
        }
    }

    /// A new person with an organisation of this slug.
    pub async fn owner(&self, slug: &str) -> Who {
        self.sign_up(json!({ "name": format!("The {slug} company"), "slug": slug }))
            .await
    }

    /// A new person without an organisation.
    pub async fn stranger(&self) -> Who {
        self.sign_up(Value::Null).await
    }

    async fn sign_up(&self, org: Value) -> Who {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let body = json!({
            "email": format!("person-{number}@example.com"), "password": PASSWORD, "name": format!("Person {number}"), "org": org,
        });
        let answer = self.post(&Who::default(), "/v1/signup", body).await;
        signed_in(answer, 201)
    }
}

impl Who {
    /// As the answer of a page leaves them; its forms carry the token.
    pub fn with(cookie: &str, html: &str) -> Self {
        let csrf = html.split(r#"name="csrf" value=""#).nth(1);
        Self {
            cookie: cookie.split(';').next().map(str::to_owned),
            csrf: csrf.map(|rest| rest.split('"').next().unwrap().to_owned()),
            key: None,
        }
    }
}

/// Who the answer to a sign-up or sign-in lets one be.
pub fn signed_in(answer: Answer, status: u16) -> Who {
    let cookie = answer
        .headers
        .get(header::SET_COOKIE)
        .map(|value| value.to_str().unwrap().to_owned());
    let body = answer.expect(status);
    Who {
        cookie: cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned()),
        csrf: Some(body["csrf_token"].as_str().unwrap().to_owned()),
        key: None,
    }
}
