//! MCP by hand: requests as bytes, answers as bytes, so that a test sees what no client shows.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// One address, one token, and a session where the server gave one.
#[derive(Debug, Clone)]
pub struct Raw {
    client: Client,
    pub url: String,
    token: Option<String>,
    pub session: Option<String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The last JSON-RPC message: the body itself, or the last event's data.
    pub fn message(&self) -> &str {
        let mut data = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data:").map(str::trim_start));
        data.rfind(|data| !data.is_empty()).unwrap_or(&self.body)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.message()).unwrap_or_else(|_| panic!("no JSON in {self:?}"))
    }

    /// The text of the first content of a tool's result.
    pub fn text(&self) -> String {
        self.json()["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("no text in {self:?}"))
            .to_owned()
    }
}

impl Raw {
    pub fn new(url: &str, token: Option<&str>) -> Self {
        Self {
            client: Client::new(),
            url: url.to_owned(),
            token: token.map(str::to_owned),
            session: None,
        }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The handshake of 2025-11-25; keeps the session id, if one is given.
    pub async fn initialize(mut self) -> Self {
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "raw", "version": "1" } } });
        let answer = self.post(&hello.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.session = answer
            .headers
            .get("mcp-session-id")
            .map(|id| id.to_str().unwrap().to_owned());
        let ready = self
            .post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
            .await;
        assert_eq!(ready.status, 202, "{ready:?}");
        self
    }

    pub async fn post(&self, body: &str) -> Answer {
        let mut request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream")
            .body(body.to_owned());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(session) = &self.session {
            request = request
                .header("mcp-session-id", session)
                .header("mcp-protocol-version", "2025-11-25");
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer {
            status,
            headers,
            body: response.text().await.unwrap(),
        }
    }

    pub async fn request(&self, id: u64, method: &str, params: Value) -> Answer {
        self.post(
            &json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string(),
        )
        .await
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.request(
            1,
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
        .await
    }
}
