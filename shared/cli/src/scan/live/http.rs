//! Over HTTP: a message a request, answered as JSON or as a stream of events.

use super::{MOST_BYTES, MOST_PAGES, initialize, initialized, left, page, result, take};
use anyhow::{Context as _, bail};
use catalog::Tool;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

pub(super) fn list(
    url: &str,
    headers: &BTreeMap<String, String>,
    until: Instant,
) -> anyhow::Result<Vec<Tool>> {
    // Done before by whoever scans several servers; the second time changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            tokio::time::timeout(left(until)?, ask(url, headers))
                .await
                .context("it took too long")?
        })
}

async fn ask(url: &str, headers: &BTreeMap<String, String>) -> anyhow::Result<Vec<Tool>> {
    let mut own = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().context("a header has no good name")?;
        let mut value = HeaderValue::from_str(value)
            .context("a header's value cannot be sent; it may name a variable")?;
        value.set_sensitive(true);
        own.insert(name, value);
    }
    // A credential is not carried to wherever a server points.
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .default_headers(own)
        .build()?;
    let mut server = Server {
        client,
        url,
        session: None,
        version: None,
    };
    let begun = result(server.ask(&initialize(), Some(0)).await?)?;
    server.version = begun
        .get("protocolVersion")
        .and_then(Value::as_str)
        .and_then(|version| HeaderValue::from_str(version).ok());
    server.ask(&initialized(), None).await?;
    let (mut tools, mut cursor) = (Vec::new(), None);
    for id in 1..=MOST_PAGES {
        let answer = server.ask(&page(id, cursor.as_deref()), Some(id)).await?;
        cursor = take(&result(answer)?, &mut tools)?;
        if cursor.is_none() {
            break;
        }
    }
    server.leave().await;
    Ok(tools)
}

struct Server<'u> {
    client: reqwest::Client,
    url: &'u str,
    session: Option<HeaderValue>,
    version: Option<HeaderValue>,
}

impl Server<'_> {
    async fn ask(&mut self, message: &Value, id: Option<usize>) -> anyhow::Result<Value> {
        let mut request = self
            .client
            .post(self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream")
            .body(message.to_string());
        for (name, value) in [(SESSION, &self.session), (VERSION, &self.version)] {
            if let Some(value) = value {
                request = request.header(name, value.clone());
            }
        }
        // The error names the URL, in which there may be a secret.
        let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        if !status.is_success() {
            bail!("it answered HTTP {}", status.as_u16());
        }
        if let Some(session) = response.headers().get(SESSION) {
            self.session = Some(session.clone());
        }
        let Some(id) = id else {
            return Ok(Value::Null);
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(reqwest::Error::without_url)?
        {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                bail!("its answer is larger than {MOST_BYTES} bytes");
            }
            // A stream need not end with the answer.
            if let Some(answer) = found(&bytes, id) {
                return Ok(answer);
            }
        }
        found(&bytes, id).context("its answer is not the protocol's")
    }

    /// Ends the session, where there is one; whoever does not know how is left as it is.
    async fn leave(&self) {
        if let Some(session) = &self.session {
            let goodbye = self
                .client
                .delete(self.url)
                .header(SESSION, session.clone());
            let _ = goodbye.send().await;
        }
    }
}

/// The answer with this id, alone or as an event of a stream.
fn found(bytes: &[u8], id: usize) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_it = |message: &Value| message.get("id") == Some(&Value::from(id));
    if let Ok(whole) = serde_json::from_str::<Value>(text) {
        return Some(whole).filter(is_it);
    }
    text.lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .filter_map(|data| serde_json::from_str::<Value>(data.trim_start()).ok())
        .find(is_it)
}
