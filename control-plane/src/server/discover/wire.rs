//! One server, one message at a time: JSON-RPC over Streamable HTTP, or over the stream of a server of 2024-11-05, as its
//! client. Every byte that comes counts against one budget.

use super::heard::{Heard, complaint, heard, reply_to};
use super::{Bounds, Reach};
use bundle::Transport;
use bundle::credential::{Headers, Secrets};
use bytes::Bytes;
use egress::{ConnectError, Decoder, Https, Undecodable};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use mcp::sse::{Event, Splitter};
use mcp::{Revision, quote};
use std::collections::VecDeque;
use std::time::Duration;
use url::Url;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const AGENT: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));
const LONGEST_SESSION: usize = 8 * 1024;
/// Of a failed answer, more is not read.
const LONGEST_COMPLAINT: usize = 64 * 1024;
const LONGEST_QUOTE: usize = 300;
/// Questions that the server may ask before it answers.
const MOST_QUESTIONS: usize = 20;

#[derive(Debug)]
pub enum WireError {
    NotConnected(String),
    Status {
        status: StatusCode,
        message: Option<String>,
    },
    Refused {
        method: &'static str,
        code: i64,
        message: String,
    },
    Unreadable(String),
    TooMuch(String),
}

/// An answer on its way, and how it is encoded.
struct Coming {
    body: Incoming,
    decoder: Decoder,
}

impl Coming {
    fn of(response: Response<Incoming>) -> Result<Self, WireError> {
        Ok(Self {
            decoder: Decoder::of(response.headers())?,
            body: response.into_body(),
        })
    }
}

pub struct Wire {
    client: Client<Https, Full<Bytes>>,
    uri: Uri,
    stored: HeaderMap,
    secrets: Secrets,
    is_quotable: bool,
    bytes_left: usize,
    asked: u64,
    session: Option<HeaderValue>,
    revision: Option<Revision>,
    stream: Option<Events>,
    /// Where such a server is told something.
    endpoint: Option<Uri>,
}

/// An event stream as far as it has come.
struct Events {
    body: Coming,
    splitter: Splitter,
    come: VecDeque<Event>,
}

impl WireError {
    pub fn unreadable(what: &str) -> Self {
        Self::Unreadable(what.to_owned())
    }

    /// Whether asking in another way cannot help.
    pub fn is_final(&self) -> bool {
        match self {
            Self::NotConnected(_) | Self::TooMuch(_) => true,
            Self::Status { status, .. } => {
                matches!(status.as_u16(), 401 | 403) || status.is_redirection()
            }
            Self::Refused { .. } | Self::Unreadable(_) => false,
        }
    }
}

impl From<Undecodable> for WireError {
    fn from(undecodable: Undecodable) -> Self {
        match undecodable {
            Undecodable::TooLarge => Self::TooMuch(undecodable.to_string()),
            Undecodable::Unknown | Undecodable::Broken => Self::Unreadable(undecodable.to_string()),
        }
    }
}

impl WireError {
    /// Whether a server of 2024-11-05 may have answered so, which knows no message at its one address.
    pub fn may_be_older(&self) -> bool {
        matches!(self, Self::Status { status, .. } if matches!(status.as_u16(), 400 | 404 | 405))
    }
}

impl From<mcp::Unreadable> for WireError {
    fn from(unreadable: mcp::Unreadable) -> Self {
        Self::unreadable(unreadable.0)
    }
}

impl Wire {
    /// A connection of its own: nothing of one server's is ever shared with another's.
    pub fn new(
        reach: &Reach,
        url: &Url,
        headers: &Headers,
        bounds: Bounds,
    ) -> Result<Self, &'static str> {
        let uri: Uri = url.as_str().parse().map_err(|_| "its URL cannot be used")?;
        let mut stored = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| "its credential cannot be used")?;
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| "its credential cannot be used")?;
            value.set_sensitive(true);
            stored.insert(name, value);
        }
        let values = || headers.values().map(seal::Secret::expose);
        Ok(Self {
            client: Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(reach.connector(bounds.connect)),
            uri,
            stored,
            secrets: Secrets::of(values()),
            is_quotable: values().all(Secrets::covers),
            bytes_left: bounds.bytes,
            asked: 0,
            session: None,
            revision: None,
            stream: None,
            endpoint: None,
        })
    }

    pub fn transport(&self) -> Transport {
        if self.stream.is_some() {
            Transport::Sse
        } else {
            Transport::StreamableHttp
        }
    }

    /// Opens the stream of a server of 2024-11-05; from then on it is spoken to over that.
    pub async fn open_stream(&mut self) -> Result<(), WireError> {
        self.session = None;
        let response = self.send(Method::GET, None, String::new()).await?;
        let status = response.status();
        if !status.is_success() {
            let message = None;
            return Err(WireError::Status { status, message });
        }
        if media_type(response.headers()) != "text/event-stream" {
            return Err(WireError::unreadable("no event stream"));
        }
        let mut events = self.events(Coming::of(response)?);
        let first = self.next(&mut events).await?;
        let said = first
            .data
            .filter(|_| first.name.as_deref() == Some(b"endpoint"));
        let endpoint = said.and_then(|said| egress::endpoint(&self.uri, &said));
        self.endpoint = Some(endpoint.ok_or(WireError::unreadable(
            "a stream without an endpoint of its own",
        ))?);
        self.stream = Some(events);
        Ok(())
    }

    fn events(&self, body: Coming) -> Events {
        Events {
            body,
            splitter: Splitter::new(self.bytes_left, usize::MAX),
            come: VecDeque::new(),
        }
    }

    /// The next event of the stream.
    async fn next(&mut self, events: &mut Events) -> Result<Event, WireError> {
        let mut fresh = Vec::new();
        while events.come.is_empty() {
            let chunk = self.chunk(&mut events.body).await?.ok_or_else(ended)?;
            let overrun = |overrun: mcp::sse::Overrun| WireError::TooMuch(overrun.to_string());
            events.splitter.push(&chunk, &mut fresh).map_err(overrun)?;
            events.come.extend(fresh.drain(..));
        }
        events.come.pop_front().ok_or_else(ended)
    }

    /// The revision that the next messages are framed in.
    pub fn speak(&mut self, revision: Option<Revision>) {
        self.revision = revision;
    }

    /// What the server said, short and without what it was told in confidence; none where that cannot be promised.
    pub fn quoted(&self, text: &str) -> Option<String> {
        let covered = self.secrets.cover(text);
        let clean: String = covered
            .as_deref()
            .unwrap_or(text)
            .chars()
            .filter(|letter| !letter.is_control())
            .take(LONGEST_QUOTE)
            .collect();
        (self.is_quotable && !clean.is_empty()).then_some(clean)
    }

    /// Asks, and waits for the answer: the text of the message that is a result.
    pub async fn ask(&mut self, method: &'static str, params: &str) -> Result<Vec<u8>, WireError> {
        self.asked += 1;
        let id = self.asked.to_string();
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":{},"params":{params}}}"#,
            quote(method)
        );
        let response = self.post(method, body).await?;
        if method == "initialize" {
            self.session = response
                .headers()
                .get(SESSION)
                .filter(|value| value.len() <= LONGEST_SESSION)
                .cloned();
        }
        let text = match self.stream.take() {
            Some(mut events) => {
                let text = self.follow(&mut events, &id).await;
                self.stream = Some(events);
                text?
            }
            None => self.answer(response, &id).await?,
        };
        match complaint(&text)? {
            Some((code, message)) => Err(WireError::Refused {
                method,
                code,
                message,
            }),
            None => Ok(text),
        }
    }

    /// Says something that has no answer.
    pub async fn tell(&mut self, method: &'static str) -> Result<(), WireError> {
        let body = format!(r#"{{"jsonrpc":"2.0","method":{}}}"#, quote(method));
        self.post(method, body).await.map(drop)
    }

    /// Ends the session, where there is one. A server that will not end it, ends it by itself some time.
    pub async fn farewell(&mut self, patience: Duration) {
        if self.session.is_some() {
            let leaving = self.send(Method::DELETE, None, String::new());
            let _ = tokio::time::timeout(patience, leaving).await;
        }
    }

    async fn post(&mut self, method: &str, body: String) -> Result<Response<Incoming>, WireError> {
        let response = self.send(Method::POST, Some(method), body).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let bytes = match Coming::of(response) {
            Ok(coming) => self
                .read(coming, LONGEST_COMPLAINT)
                .await
                .unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let message = complaint(&bytes).ok().flatten().map(|(_, message)| message);
        Err(WireError::Status { status, message })
    }

    async fn send(
        &self,
        verb: Method,
        method: Option<&str>,
        body: String,
    ) -> Result<Response<Incoming>, WireError> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = verb;
        *request.uri_mut() = self.endpoint.as_ref().unwrap_or(&self.uri).clone();
        let headers = request.headers_mut();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if let Some(revision) = self.revision {
            headers.insert(VERSION, HeaderValue::from_static(revision.as_str()));
            let mirrored = method
                .filter(|_| revision.is_modern())
                .and_then(|method| HeaderValue::from_str(method).ok());
            if let Some(method) = mirrored {
                headers.insert(METHOD, method);
            }
        }
        if let Some(session) = &self.session {
            headers.insert(SESSION, session.clone());
        }
        for (name, value) in &self.stored {
            headers.insert(name, value.clone());
        }
        self.client
            .request(request)
            .await
            .map_err(|error| WireError::NotConnected(why(&error)))
    }

    async fn answer(
        &mut self,
        response: Response<Incoming>,
        id: &str,
    ) -> Result<Vec<u8>, WireError> {
        let kind = media_type(response.headers());
        let body = Coming::of(response)?;
        match kind.as_str() {
            "application/json" => {
                let text = self.read(body, usize::MAX).await?;
                match heard(&text, id)? {
                    Heard::Answer => Ok(text),
                    _ => Err(WireError::unreadable("an answer to something else")),
                }
            }
            "text/event-stream" => {
                let mut events = self.events(body);
                self.follow(&mut events, id).await
            }
            _ => Err(WireError::unreadable("neither JSON nor an event stream")),
        }
    }

    /// The stream's events up to the answer.
    async fn follow(&mut self, events: &mut Events, id: &str) -> Result<Vec<u8>, WireError> {
        let mut questions = 0;
        loop {
            let event = self.next(events).await?;
            let Some(data) = event.data.filter(|data| !data.is_empty()) else {
                continue;
            };
            match heard(&data, id)? {
                Heard::Answer => return Ok(data),
                Heard::Question { id, method } => {
                    questions += 1;
                    if questions > MOST_QUESTIONS {
                        return Err(WireError::TooMuch(
                            "it asks and asks before it answers".to_owned(),
                        ));
                    }
                    self.post("", reply_to(&id, &method)).await?;
                }
                Heard::Nothing => {}
            }
        }
    }

    async fn read(&mut self, mut body: Coming, most: usize) -> Result<Vec<u8>, WireError> {
        let mut text = Vec::new();
        while text.len() < most {
            let Some(chunk) = self.chunk(&mut body).await? else {
                break;
            };
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }

    async fn chunk(&mut self, body: &mut Coming) -> Result<Option<Bytes>, WireError> {
        while let Some(frame) = body.body.frame().await {
            let frame = frame.map_err(|_| WireError::unreadable("an answer that breaks off"))?;
            if let Ok(piece) = frame.into_data() {
                let came = piece.len();
                let data = body.decoder.push(piece)?;
                let counted = came.max(data.len());
                self.bytes_left = self.bytes_left.checked_sub(counted).ok_or_else(|| {
                    WireError::TooMuch("more bytes than any tool list needs".to_owned())
                })?;
                if !data.is_empty() {
                    return Ok(Some(data));
                }
            }
        }
        body.decoder.finish()?;
        Ok(None)
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

fn ended() -> WireError {
    WireError::unreadable("a stream that ends without the answer")
}

/// The reason that a person can do something about, from wherever in the chain it stands.
fn why(error: &hyper_util::client::legacy::Error) -> String {
    let chain = || std::iter::successors(std::error::Error::source(error), |error| error.source());
    match chain().find_map(|error| error.downcast_ref::<ConnectError>()) {
        Some(cause @ ConnectError::Io(io)) => format!("{cause}: {}", io.kind()),
        Some(cause @ ConnectError::Tls(failed)) => {
            let io = failed.downcast_ref::<std::io::Error>();
            match io.and_then(tls_cause) {
                Some(tls) => format!("TLS: {tls}"),
                None => cause.to_string(),
            }
        }
        Some(cause) => cause.to_string(),
        None => "the connection broke".to_owned(),
    }
}

/// TLS wraps its reason in I/O errors, which as a source would name only what is inside it.
fn tls_cause(error: &std::io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner
        .downcast_ref::<rustls::Error>()
        .or_else(|| tls_cause(inner.downcast_ref::<std::io::Error>()?))
}
