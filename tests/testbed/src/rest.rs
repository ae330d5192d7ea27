//! The REST API as a program uses it.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

pub const PASSWORD: &str = "a gate of iron bars";

/// An organisation, acted in with its first API key (an admin's).
#[derive(Debug, Clone)]
pub struct Org {
    pub slug: String,
    pub id: String,
    pub rest: Rest,
}

#[derive(Debug, Clone)]
pub struct Rest {
    client: Client,
    base: String,
    key: Option<String>,
}

impl Rest {
    pub fn new(base: &str, key: Option<String>) -> Self {
        Self {
            client: Client::new(),
            base: base.to_owned(),
            key,
        }
    }

    /// The same instance with another key, over the same connections.
    #[must_use]
    pub fn with_key(&self, key: String) -> Self {
        Self {
            key: Some(key),
            ..self.clone()
        }
    }

    /// The API key, as it was shown once.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> impl Future<Output = Value> {
        self.expect(Method::GET, path, None)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        self.expect(Method::POST, path, Some(body))
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        self.expect(Method::PUT, path, Some(body))
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        self.expect(Method::PATCH, path, Some(body))
    }

    #[track_caller]
    fn expect(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> impl Future<Output = Value> {
        let (caller, rest, path) = (
            std::panic::Location::caller(),
            self.clone(),
            path.to_owned(),
        );
        async move {
            let (status, answer) = rest.send(method, &path, body.as_ref()).await;
            assert!(
                status.is_success(),
                "{path} answered {status} ({caller}): {answer}"
            );
            answer
        }
    }
}

impl Org {
    /// Signs up someone with an organisation of this slug, and makes an API key.
    pub async fn sign_up(base: &str, slug: &str) -> Self {
        let client = Client::new();
        let person = json!({
            "email": format!("owner@{slug}.example"), "password": PASSWORD, "name": "Owner",
            "org": { "name": slug, "slug": slug },
        });
        let response = client
            .post(format!("{base}/v1/signup"))
            .json(&person)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 201, "sign-up of `{slug}`");
        let cookie = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let me: Value = response.json().await.unwrap();
        let key = client
            .post(format!("{base}/v1/orgs/{slug}/api-keys"))
            .header("cookie", cookie)
            .header("x-csrf-token", me["csrf_token"].as_str().unwrap())
            .json(&json!({ "name": "tests", "role": "admin" }))
            .send()
            .await
            .unwrap();
        assert_eq!(key.status(), 201, "an API key");
        let key: Value = key.json().await.unwrap();
        let secret = key["secret"].as_str().unwrap().to_owned();
        Self {
            slug: slug.to_owned(),
            id: me["org"]["id"].as_str().unwrap().to_owned(),
            rest: Rest::new(base, Some(secret)),
        }
    }

    /// A path below this organisation's.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}/{rest}", self.slug)
    }

    /// Registers a server without credentials and reads its tools.
    pub async fn server(&self, slug: &str, url: &str) -> Value {
        let new = json!({ "slug": slug, "name": slug, "url": url, "auth": { "type": "none" } });
        self.rest.post(&self.path("servers"), new).await;
        self.rest
            .post(&self.path(&format!("servers/{slug}/discover")), json!({}))
            .await
    }

    /// Makes a policy of this document and publishes it.
    pub async fn policy(&self, slug: &str, document: &Value) {
        self.rest
            .post(
                &self.path("policies"),
                json!({ "slug": slug, "name": slug }),
            )
            .await;
        self.publish(slug, document).await;
    }

    /// Publishes this document as the policy's next version, and answers its number.
    pub async fn publish(&self, slug: &str, document: &Value) -> u64 {
        self.rest
            .put(
                &self.path(&format!("policies/{slug}/draft")),
                json!({ "document": document }),
            )
            .await;
        let version = self
            .rest
            .post(
                &self.path(&format!("policies/{slug}/publish")),
                json!({ "note": "a test" }),
            )
            .await;
        version["number"].as_u64().unwrap()
    }

    /// Mints a grant for one server under one policy; answers its id and its token.
    pub async fn grant(&self, name: &str, server: &str, policy: &str) -> (String, String) {
        let new = json!({ "name": name, "servers": [{ "server": server, "policy": policy }] });
        let grant = self.rest.post(&self.path("grants"), new).await;
        (
            grant["id"].as_str().unwrap().to_owned(),
            grant["token"].as_str().unwrap().to_owned(),
        )
    }

    /// Recorded calls, newest first, that fit the query.
    pub async fn calls(&self, query: &str) -> Vec<Value> {
        let answer = self.rest.get(&self.path(&format!("calls?{query}"))).await;
        answer["items"].as_array().unwrap().clone()
    }

    /// The newest version of the organisation that every live replica enforces; none while they differ or are behind.
    pub async fn enforced(&self, replicas: usize) -> Option<u64> {
        let answer = self.rest.get(&self.path("gateways")).await;
        let gateways: Vec<&Value> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|gateway| gateway["is_live"] == true)
            .collect();
        let newest = gateways.first()?["newest_version"].as_u64()?;
        let all = gateways
            .iter()
            .filter(|gateway| gateway["applied_version"].as_u64() == Some(newest))
            .count();
        (all >= replicas).then_some(newest)
    }
}
