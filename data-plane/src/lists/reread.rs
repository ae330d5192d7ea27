//! Reads a server's tool list of our own accord, as a client of ours would, so that a tool added upstream works without
//! anyone's help.

use super::Seen;
use crate::breaker::Outcome;
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::relay::read_from;
use crate::upstream::bridge::Sender;
use crate::upstream::headers::{METHOD, PROTOCOL_VERSION, SESSION_ID};
use crate::upstream::pool::Upstream;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use json::Node;
use mcp::{Page, quote};
use std::sync::Arc;
use std::time::Duration;

const WHOLE: Duration = Duration::from_secs(10);
const MOST_PAGES: usize = 100;
const LEGACY: &str = "2025-11-25";
const MODERN: &str = "2026-07-28";
const INFO: &str = concat!(
    r#"{"name":"portcullis","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}"#
);

/// At most once a minute a server; whoever asks meanwhile waits for the reading under way. What could not be read is
/// as unknown as before.
pub async fn read_again(app: &Gateway, caller: &Caller) {
    let server = caller.server();
    let org = caller.org.bundle().org.id;
    let reading = || async {
        let Ok(upstream) = app.upstreams.reach(org, server) else {
            return;
        };
        // One that keeps failing is not asked for this either.
        let Ok(turn) = upstream.admit() else {
            return;
        };
        let reader = Reader {
            upstream: &upstream,
            sender: Sender {
                grant: caller.grant().id,
                name: app.random.bytes(),
                lasts: false,
            },
            seen: &app.seen,
            caller,
        };
        let read = tokio::time::timeout(WHOLE, reader.read()).await;
        match read {
            Ok(Some(())) => turn.report(Outcome::Well),
            Err(_) => turn.report(Outcome::Badly),
            // It may have been asked in a wrong way: nothing said of it.
            Ok(None) => drop(turn),
        }
        if read.ok().flatten().is_none() {
            tracing::info!(server.id = %server.id, "the tool list could not be read");
        }
    };
    app.seen.once_a_minute(server.id, reading).await;
}

struct Reader<'a> {
    upstream: &'a Arc<Upstream>,
    sender: Sender,
    seen: &'a Seen,
    caller: &'a Caller,
}

/// How the server is spoken to, once that is known.
struct Manner {
    headers: HeaderMap,
    /// `_meta` of every request, where the era has one.
    meta: Option<String>,
}

impl Reader<'_> {
    async fn read(&self) -> Option<()> {
        let manner = match self.begin().await {
            Some(headers) => Manner {
                headers,
                meta: None,
            },
            None => modern(),
        };
        let read = self.pages(&manner).await;
        if manner.headers.contains_key(SESSION_ID) {
            // A server that keeps sessions should not keep this one; if it will not, it ends by itself.
            let _ = self
                .upstream
                .say(self.sender, Method::DELETE, manner.headers, Bytes::new())
                .await;
        }
        read
    }

    /// The handshake of the legacy era; nothing where the server has none.
    async fn begin(&self) -> Option<HeaderMap> {
        let hello = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{LEGACY}","capabilities":{{}},"clientInfo":{INFO}}}}}"#
        );
        let (answered, text) = self.ask(base(), hello, "0").await?;
        let document = mcp::reply::parse(text.as_bytes()).ok()?;
        let version = document
            .root
            .get("result")?
            .get("protocolVersion")?
            .as_str()?;
        let mut headers = base();
        headers.insert(PROTOCOL_VERSION, HeaderValue::from_str(version).ok()?);
        if let Some(session) = answered.get(SESSION_ID) {
            headers.insert(SESSION_ID, session.clone());
        }
        let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        self.upstream
            .say(
                self.sender,
                Method::POST,
                headers.clone(),
                Bytes::from_static(ready.as_bytes()),
            )
            .await
            .ok()?;
        Some(headers)
    }

    async fn pages(&self, manner: &Manner) -> Option<()> {
        let mut cursor: Option<String> = None;
        for page in 1..=MOST_PAGES {
            let mut params: Vec<String> = Vec::new();
            params.extend(
                cursor
                    .as_ref()
                    .map(|cursor| format!(r#""cursor":{}"#, quote(cursor))),
            );
            params.extend(
                manner
                    .meta
                    .as_ref()
                    .map(|meta| format!(r#""_meta":{meta}"#)),
            );
            let list = format!(
                r#"{{"jsonrpc":"2.0","id":{page},"method":"tools/list","params":{{{}}}}}"#,
                params.join(",")
            );
            let (_, text) = self
                .ask(manner.headers.clone(), list, &page.to_string())
                .await?;
            let document = mcp::reply::parse(text.as_bytes()).ok()?;
            let list = Page::of(&document).ok()??;
            super::note(self.seen, self.caller, document.text, list.entries());
            let next = document
                .root
                .get("result")?
                .get("nextCursor")
                .and_then(Node::as_str);
            match next {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Some(()),
            }
        }
        Some(())
    }

    async fn ask(&self, headers: HeaderMap, body: String, id: &str) -> Option<(HeaderMap, String)> {
        let response = self
            .upstream
            .say(self.sender, Method::POST, headers, Bytes::from(body))
            .await
            .ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        let (head, body) = response.into_parts();
        let text = read_from(&head.headers, body, id).await?;
        Some((head.headers, text))
    }
}

fn base() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/json, text/event-stream"),
    );
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("portcullis/", env!("CARGO_PKG_VERSION"))),
    );
    headers
}

fn modern() -> Manner {
    let mut headers = base();
    headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(MODERN));
    headers.insert(METHOD, HeaderValue::from_static("tools/list"));
    let meta = format!(
        r#"{{"io.modelcontextprotocol/protocolVersion":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}},"io.modelcontextprotocol/clientInfo":{INFO}}}"#
    );
    Manner {
        headers,
        meta: Some(meta),
    }
}
