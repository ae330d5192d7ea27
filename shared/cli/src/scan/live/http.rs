//! At a URL, over streamable HTTP: a message a request, as the client that is configured so would send it.

use super::{MOST_BYTES, MOST_PAGES, initialize, initialized, left, page, result, take};
use anyhow::{Context as _, bail};
use catalog::Tool;
use mcp::sse::Splitter;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, redirect};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Instant;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const REVISION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const MODERN: &str = "2026-07-28";

pub(super) fn list(
    url: &str,
    headers: &BTreeMap<String, String>,
    until: Instant,
) -> anyhow::Result<Vec<Tool>> {
    host::tls::install_crypto();
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .context("cannot make a client")?;
    let mut server = Server {
        client,
        url: url.to_owned(),
        headers: read(headers)?,
        until,
    };
    let tools = server.tools();
    server.farewell();
    tools
}

/// What the configuration says to send. A value that the client fills in is not known here.
fn read(headers: &BTreeMap<String, String>) -> anyhow::Result<HeaderMap> {
    let mut read = HeaderMap::new();
    for (name, value) in headers {
        let plain = super::super::plain(name);
        if value.contains("${") {
            bail!("its header `{plain}` has a value that the client fills in");
        }
        let known = HeaderName::from_bytes(name.as_bytes());
        let (Ok(name), Ok(mut value)) = (known, HeaderValue::from_str(value)) else {
            bail!("its header `{plain}` cannot be sent");
        };
        value.set_sensitive(true);
        read.append(name, value);
    }
    Ok(read)
}

struct Server {
    client: Client,
    url: String,
    headers: HeaderMap,
    until: Instant,
}

impl Server {
    fn tools(&mut self) -> anyhow::Result<Vec<Tool>> {
        let is_modern = !self.shakes_hands()?;
        let (mut tools, mut cursor) = (Vec::new(), None);
        for id in 1..=MOST_PAGES {
            let mut question = page(id, cursor.as_deref());
            if is_modern {
                question["params"]["_meta"] = meta();
            }
            cursor = take(&result(self.ask(&question, id)?)?, &mut tools)?;
            if cursor.is_none() {
                break;
            }
        }
        Ok(tools)
    }

    /// `false` where it does without: then the modern protocol is spoken.
    fn shakes_hands(&mut self) -> anyhow::Result<bool> {
        let Ok(agreed) = result(self.ask(&initialize(), 0)?) else {
            self.headers
                .insert(REVISION, HeaderValue::from_static(MODERN));
            self.headers
                .insert(METHOD, HeaderValue::from_static("tools/list"));
            return Ok(false);
        };
        let revision = agreed.get("protocolVersion").and_then(Value::as_str);
        let revision = revision.and_then(|revision| HeaderValue::from_str(revision).ok());
        let revision = revision.context("it names no version of the protocol")?;
        self.headers.insert(REVISION, revision);
        let taken = self.post(&initialized())?;
        if !taken.status().is_success() {
            bail!("it answered with status {}", taken.status().as_u16());
        }
        Ok(true)
    }

    /// The answer with this id; what else it says is passed over.
    fn ask(&mut self, question: &Value, id: usize) -> anyhow::Result<Value> {
        let response = self.post(question)?;
        if let Some(session) = response.headers().get(SESSION) {
            self.headers.insert(SESSION, session.clone());
        }
        let status = response.status();
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        match kind {
            "text/event-stream" if status.is_success() => among_events(response, id),
            // A refusal may come with a status of its own, and is an answer all the same.
            "application/json" => {
                let mut text = Vec::new();
                bounded(response)
                    .read_to_end(&mut text)
                    .context("its answer broke off")?;
                let message: Option<Value> = serde_json::from_slice(&text).ok();
                message
                    .filter(|message| message.get("result").or(message.get("error")).is_some())
                    .with_context(|| refused(status))
            }
            _ => bail!(refused(status)),
        }
    }

    fn post(&self, message: &Value) -> anyhow::Result<Response> {
        self.client
            .post(&self.url)
            .timeout(left(self.until)?)
            .headers(self.headers.clone())
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(message.to_string())
            .send()
            // Its address may hold a secret.
            .map_err(reqwest::Error::without_url)
            .context("it cannot be asked")
    }

    /// Whether it minds or not, its session is over.
    fn farewell(&self) {
        if self.headers.contains_key(SESSION)
            && let Ok(left) = left(self.until)
        {
            let ended = self.client.delete(&self.url).timeout(left);
            let _ = ended.headers(self.headers.clone()).send();
        }
    }
}

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo":
            { "name": "portcullis-scan", "version": env!("CARGO_PKG_VERSION") },
    })
}

fn refused(status: StatusCode) -> String {
    match status.as_u16() {
        401 | 403 => format!("it wants to know who asks (status {})", status.as_u16()),
        status => format!("it answered with status {status}, and not as the protocol has it"),
    }
}

fn bounded(response: Response) -> impl std::io::Read {
    response.take(MOST_BYTES as u64)
}

fn among_events(response: Response, id: usize) -> anyhow::Result<Value> {
    let mut body = bounded(response);
    let mut splitter = Splitter::new(MOST_BYTES, MOST_BYTES);
    let (mut piece, mut events) = ([0; 8192], Vec::new());
    loop {
        let length = body.read(&mut piece).context("its answer broke off")?;
        if length == 0 {
            bail!("it ended without an answer");
        }
        if splitter.push(&piece[..length], &mut events).is_err() {
            bail!("its answer is too large");
        }
        for event in events.drain(..) {
            let data = event.data.unwrap_or_default();
            let Ok(message) = serde_json::from_slice::<Value>(&data) else {
                continue;
            };
            let is_answer = message.get("result").is_some() || message.get("error").is_some();
            if is_answer && message.get("id") == Some(&Value::from(id)) {
                return Ok(message);
            }
        }
    }
}
