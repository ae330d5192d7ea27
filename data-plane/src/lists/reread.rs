//! Reads a server's tool list of our own accord, as a client of ours would, so that a tool added upstream works without
//! anyone's help.

use crate::breaker::Outcome;
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::relay::{MOST_EVENT, answers, is_stream};
use crate::seats::Weighed;
use crate::upstream::answer::Answer;
use crate::upstream::bridge::Sender;
use crate::upstream::headers::{METHOD, PROTOCOL_VERSION, SESSION_ID};
use crate::upstream::pool::Upstream;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use json::Node;
use mcp::sse::{Event, Splitter};
use mcp::{Blocks, Page, quote};
use std::sync::Arc;
use std::time::Duration;

const WHOLE: Duration = Duration::from_secs(10);
const MOST_PAGES: usize = 100;
/// All that is read of a list, however many its pages.
const MOST_BYTES: usize = MOST_EVENT;
const LEGACY: &str = "2025-11-25";
const MODERN: &str = "2026-07-28";
const INFO: &str = concat!(
    r#"{"name":"portcullis","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}"#
);

/// At most once a minute a server; whoever asks meanwhile waits for the reading under way. What could not be read is
/// as unknown as before.
pub async fn read_again(app: &Arc<Gateway>, caller: &Caller) {
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
        let mut reader = Reader {
            app,
            upstream: &upstream,
            sender: Sender {
                grant: caller.grant().id,
                name: app.random.bytes(),
                lasts: false,
            },
            caller,
            left: MOST_BYTES,
            held: app.seats.scale(org).empty(),
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
    app: &'a Arc<Gateway>,
    upstream: &'a Arc<Upstream>,
    sender: Sender,
    caller: &'a Caller,
    /// Of [`MOST_BYTES`].
    left: usize,
    held: Weighed,
}

/// How the server is spoken to, once that is known.
struct Manner {
    headers: HeaderMap,
    /// `_meta` of every request, where the era has one.
    meta: Option<String>,
}

impl Reader<'_> {
    async fn read(&mut self) -> Option<()> {
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
    async fn begin(&mut self) -> Option<HeaderMap> {
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

    async fn pages(&mut self, manner: &Manner) -> Option<()> {
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
            match self.note(text).await? {
                Some(next) => cursor = Some(next),
                None => return Some(()),
            }
        }
        Some(())
    }

    /// Remembers a page; answers what the next one is asked for with.
    async fn note(&self, text: String) -> Option<Option<String>> {
        let (app, caller) = (Arc::clone(self.app), self.caller.clone());
        let reading = move || {
            let document = mcp::reply::parse(text.as_bytes()).ok()?;
            let list = Page::of(&document).ok()??;
            super::note(&app.seen, &caller, document.text, list.entries());
            let next = document.root.get("result")?.get("nextCursor");
            Some(next.and_then(Node::as_str).map(str::to_owned))
        };
        self.app.aside.read(self.held.bytes(), reading).await?
    }

    async fn ask(
        &mut self,
        headers: HeaderMap,
        body: String,
        id: &str,
    ) -> Option<(HeaderMap, String)> {
        let response = self
            .upstream
            .say(self.sender, Method::POST, headers, Bytes::from(body))
            .await
            .ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        let (head, body) = response.into_parts();
        let text = self.hear(&head.headers, body, id).await?;
        Some((head.headers, text))
    }

    /// The text of the answer, which weighs on the organisation until the next is heard.
    async fn hear(&mut self, headers: &HeaderMap, mut answer: Answer, id: &str) -> Option<String> {
        let is_stream = is_stream(headers);
        let mut splitter = Splitter::new(MOST_EVENT, MOST_BYTES);
        let mut events: Vec<Event> = Vec::new();
        let mut whole = Blocks::default();
        while let Some(piece) = answer.piece().await.ok()? {
            self.left = self.left.checked_sub(piece.len())?;
            if !is_stream {
                if !self.held.weigh(whole.len() + piece.len()) {
                    return None;
                }
                whole.extend(&piece);
                continue;
            }
            splitter.push(&piece, &mut events).ok()?;
            let finished = events.iter().filter_map(|event| event.data.as_ref());
            if !self
                .held
                .weigh(splitter.held() + finished.map(Vec::len).sum::<usize>())
            {
                return None;
            }
            for event in events.drain(..) {
                let text = event.data.and_then(|data| String::from_utf8(data).ok());
                let Some(text) = text else { continue };
                let id = id.to_owned();
                let reading = move || answers(&text, &id).then_some(text);
                let read = self.app.aside.read(self.held.bytes(), reading).await?;
                if read.is_some() {
                    return read;
                }
            }
        }
        if is_stream {
            return None;
        }
        String::from_utf8(whole.into_vec()).ok()
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
