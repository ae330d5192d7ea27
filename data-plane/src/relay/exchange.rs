//! One exchange with an upstream: sent, its status understood, its answer read whole (JSON) or handed on as a stream.

use super::aside;
use super::passage::{Passage, Passed};
use super::pieces::pieces;
use super::read::{MOST_EVENT, has_type, is_stream};
use super::stream::{Stream, replaced};
use super::{Carried, Stand};
use crate::breaker::Outcome;
use crate::call::{Call, What};
use crate::front::{self, Body};
use crate::gateway::Gateway;
use crate::refusal::{Refusal, Trouble};
use crate::seats::{Load, Seat};
use crate::upstream::answer::Answer;
use crate::upstream::bridge::Sender;
use crate::upstream::headers::{self, SESSION_ID};
use crate::upstream::pool::Upstream;
use crate::upstream::send::SendError;
use crate::upstream::turn::{Resting, Turn};
use bundle::Transport;
use bundle::record::Ending;
use bytes::Bytes;
use host::serve::Stands;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::response::Parts;
use http::{Method, Response, StatusCode};
use mcp::sealed::Session;
use mcp::{Blocks, Revision, Rule};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::Instant as Deadline;

/// How often, and after how long, a stream is asked for again that the upstream still holds to be open.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

pub async fn exchange(
    app: Arc<Gateway>,
    call: Arc<Call>,
    body: Bytes,
    carried: Carried,
) -> Result<Response<Body>, Refusal> {
    let server = call.caller.server();
    let refuse = |trouble| Refusal::Upstream {
        server: server.name.clone(),
        trouble,
    };
    let org = call.caller.org.bundle().org.id;
    let upstream = match app.upstreams.reach(org, server) {
        Ok(upstream) => upstream,
        Err(unusable) => {
            tracing::warn!(server.id = %server.id, %unusable, "the server's entry cannot be used");
            carried.unsent().await;
            return Err(refuse(Trouble::Unusable));
        }
    };
    if call.era.is_modern() && server.transport == Transport::Sse {
        carried.unsent().await;
        return Err(Refusal::OlderServer);
    }
    let turn = match upstream.admit() {
        Ok(turn) => turn,
        Err(Resting { seconds }) => {
            carried.unsent().await;
            return Err(refuse(Trouble::Resting { seconds }));
        }
    };
    // A session has one standing stream: the old one has gone before the new one is asked for.
    let stand = match &call.what {
        What::Stream { resumed: false } if call.presented.is_some() => {
            let Some(stand) = app.standing.take(call.session_key()).await else {
                return Err(refuse(Trouble::Slow));
            };
            Some(stand)
        }
        _ => None,
    };
    let sent = Instant::now();
    let sending = tokio::select! {
        sending = send(&app, &upstream, &call, body, stand.is_some()) => sending,
        // Nothing came of it yet, and nobody waits for it any more.
        () = replaced(stand.as_ref()) => return Err(refuse(Trouble::Slow)),
    };
    let response = match sending {
        Ok(response) => response,
        Err(error) => {
            turn.report(Outcome::Badly);
            tracing::info!(server.id = %server.id, error = &error as &dyn std::error::Error, "upstream");
            let trouble = match &error {
                Unsent::Send(SendError::NotConnected(_)) => Trouble::Unreachable,
                Unsent::Send(SendError::ConnectTimeout) | Unsent::Slow => Trouble::Slow,
                Unsent::Send(SendError::Broken(_) | SendError::Cut) => Trouble::Broken,
                Unsent::Send(SendError::NoEndpoint) => Trouble::Garbage,
            };
            match error {
                Unsent::Send(SendError::NotConnected(_) | SendError::ConnectTimeout) => {
                    carried.unsent().await;
                }
                _ => carried.ended(Ending::UpstreamError),
            }
            return Err(refuse(trouble));
        }
    };
    app.meter.upstream(sent.elapsed());
    let passage = Arc::new(Passage::new(
        Arc::clone(&app),
        Arc::clone(&call),
        upstream.secrets.clone(),
        session_told(&call, response.headers()),
    ));
    Answered {
        upstream,
        call,
        passage,
        carried,
        stand,
        turn: Some(turn),
    }
    .answer(response)
    .await
}

#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error(transparent)]
    Send(SendError),
    #[error("no first byte in time")]
    Slow,
}

/// For whom this call is sent.
pub fn sender(app: &Gateway, call: &Call, lasts: bool) -> Sender {
    Sender {
        lasts,
        grant: call.caller.grant().id,
        name: app.random.bytes(),
    }
}

async fn send(
    app: &Gateway,
    upstream: &Arc<Upstream>,
    call: &Call,
    body: Bytes,
    stands: bool,
) -> Result<Response<Answer>, Unsent> {
    let mut sent = call.headers.clone();
    if let Some(presented) = &call.presented
        && let Ok(id) = HeaderValue::from_str(&presented.session.upstream)
    {
        sent.insert(SESSION_ID, id);
    }
    // The server's span is below ours, where spans are exported; then the client's own state is no part of it.
    if let Some(parent) = host::telemetry::current_traceparent() {
        for (name, value) in [
            ("traceparent", Some(parent)),
            ("tracestate", host::telemetry::current_tracestate()),
        ] {
            sent.remove(name);
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                sent.insert(name, value);
            }
        }
    }
    let verb = match call.what {
        What::Request(_) | What::Notification | What::Answer => Method::POST,
        What::Stream { .. } => Method::GET,
        What::End => Method::DELETE,
    };
    if verb != Method::POST {
        sent.remove(CONTENT_TYPE);
    }
    let timeouts = call.caller.server().timeouts;
    // The result of a task is waited for as a call's is.
    let is_call = call
        .as_request()
        .is_some_and(|request| matches!(request.rule, Rule::Call | Rule::Task));
    let first_byte = if is_call {
        timeouts.call_first_byte_ms
    } else {
        timeouts.first_byte_ms
    };
    let first_byte = Duration::from_millis(first_byte).min(left(call));
    let lasts = matches!(call.what, What::Stream { .. })
        || call
            .as_request()
            .is_some_and(|request| request.rule == Rule::Listen);
    let mut tries = if stands { TRIES } else { 1 };
    loop {
        let sending = upstream.say(
            sender(app, call, lasts),
            verb.clone(),
            sent.clone(),
            body.clone(),
        );
        let response = tokio::time::timeout(first_byte, sending)
            .await
            .map_err(|_| Unsent::Slow)?
            .map_err(Unsent::Send)?;
        tries -= 1;
        if tries == 0 || response.status() != StatusCode::CONFLICT {
            return Ok(response);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is left of the time that the whole call may take.
fn left(call: &Call) -> Duration {
    let whole = call.caller.server().timeouts.whole_ms;
    Duration::from_millis(whole).saturating_sub(call.arrived.elapsed())
}

impl Carried {
    /// The upstream saw nothing: what was charged for what is forwarded is given back.
    async fn unsent(self) {
        let is_refunded = match self.hold {
            Some(hold) => hold.refund().await,
            None => false,
        };
        if let Some(mut written) = self.written {
            if is_refunded {
                written.refunded();
            }
            written.ended(Ending::UpstreamError);
        }
    }

    pub fn ended(self, ending: Ending) {
        if let Some(written) = self.written {
            written.ended(ending);
        }
    }

    pub fn relayed(&mut self, bytes: usize, since: Instant) {
        if let Some(written) = &mut self.written {
            written.relayed(bytes as u64);
            written.added(since.elapsed());
        }
    }
}

/// The upstream has answered; what is left is to understand it.
struct Answered {
    upstream: Arc<Upstream>,
    call: Arc<Call>,
    passage: Arc<Passage>,
    carried: Carried,
    stand: Option<Stand>,
    /// Until it is known what the answer is worth.
    turn: Option<Turn>,
}

impl Answered {
    async fn answer(mut self, response: Response<Answer>) -> Result<Response<Body>, Refusal> {
        let (head, body) = response.into_parts();
        let status = head.status;
        if let Some(written) = &mut self.carried.written {
            written.answered(status.as_u16());
        }
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            self.report(Outcome::Well);
            let is_call = self
                .call
                .as_request()
                .is_some_and(|request| request.rule == Rule::Call);
            let server = self.call.caller.server();
            let refusal = Refusal::UpstreamAuth {
                server: server.name.clone(),
                is_call,
                page: self.call.caller.org.bundle().org.server_page(&server.slug),
            };
            self.carried.ended(Ending::UpstreamError);
            return Err(refusal);
        }
        if let What::Stream { .. } = self.call.what
            && !(status == StatusCode::OK && is_stream(&head.headers))
        {
            self.report(if has_failed(status) {
                Outcome::Badly
            } else {
                Outcome::Well
            });
            return Err(self.no_stream(status));
        }
        if status.is_redirection() || status.is_informational() {
            self.report(Outcome::Well);
            return Err(self.fail(Trouble::Garbage));
        }
        if status.is_success() && is_stream(&head.headers) {
            return Ok(self.stream(head, body).await);
        }
        self.whole(head, body).await
    }

    /// There is no stream: 405, which is all that clients understand, unless the session or the server is gone.
    fn no_stream(self, status: StatusCode) -> Refusal {
        match status {
            StatusCode::NOT_FOUND if self.call.presented.is_some() => Refusal::SessionGone,
            // Another replica's stream still stands: there is one to be had later.
            status if has_failed(status) || status == StatusCode::CONFLICT => {
                self.fail(Trouble::Status(status.as_u16()))
            }
            _ => Refusal::NoStream,
        }
    }

    /// What the exchange says of the server's health. Tools that fail and requests that it refuses say nothing bad.
    fn report(&mut self, outcome: Outcome) {
        if let Some(turn) = self.turn.take() {
            turn.report(outcome);
        }
    }

    fn fail(self, trouble: Trouble) -> Refusal {
        let server = self.call.caller.server().name.clone();
        self.carried.ended(Ending::UpstreamError);
        Refusal::Upstream { server, trouble }
    }

    /// A JSON answer, or none: one message, read whole before any of it goes on.
    async fn whole(mut self, head: Parts, body: Answer) -> Result<Response<Body>, Refusal> {
        let status = head.status;
        if self.call.as_request().is_none() && status.is_success() {
            // Nobody waits for words here: that it was taken is all there is to say.
            self.report(Outcome::Well);
            let session = session(&self.passage.app, &self.call, &head.headers, None);
            return Ok(respond(
                &self.upstream,
                status,
                &head.headers,
                session,
                front::full(""),
            ));
        }
        let idle = Duration::from_millis(self.call.caller.server().timeouts.idle_ms);
        let until = Deadline::now() + left(&self.call);
        let bytes = match collect(body, until, idle, self.carried.seat.as_ref()).await {
            Ok(bytes) => bytes,
            Err(trouble) => {
                self.report(match trouble {
                    Trouble::Slow | Trouble::Broken => Outcome::Badly,
                    _ => Outcome::Well,
                });
                return Err(self.fail(trouble));
            }
        };
        let began = Instant::now();
        let lists_tools = self
            .call
            .as_request()
            .is_some_and(|request| request.rule == Rule::ToolList);
        let is_json = has_type(&head.headers, "application/json");
        let passed = if is_json {
            aside::pass(&self.passage, &bytes).await
        } else {
            Err(Trouble::Garbage)
        };
        let passed = passed.and_then(|passed| {
            if passed.is_dropped {
                return Err(Trouble::Garbage);
            }
            Ok(passed)
        });
        self.report(if passed.is_err() && has_failed(status) {
            Outcome::Badly
        } else {
            Outcome::Well
        });
        let passed = match passed {
            Ok(passed) => passed,
            Err(trouble) if status.is_success() => return Err(self.fail(trouble)),
            Err(_) => return Err(self.fail(Trouble::Status(status.as_u16()))),
        };
        let Passed {
            changed,
            answered,
            agreed,
            ..
        } = passed;
        let is_changed = changed.is_some();
        let bytes = changed.map_or(bytes, Bytes::from);
        self.carried.relayed(bytes.len(), began);
        let session = session(&self.passage.app, &self.call, &head.headers, agreed);
        let mut response = respond(
            &self.upstream,
            status,
            &head.headers,
            session,
            pieces(bytes, self.carried.seat.take()),
        );
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // A tool list is this grant's, also where nothing had to be cut out of it.
        if is_changed || lists_tools {
            let kept = private(headers.get(CACHE_CONTROL));
            headers.insert(CACHE_CONTROL, kept);
        }
        let ending = answered.filter(|_| status.is_success());
        self.carried.ended(ending.unwrap_or(Ending::UpstreamError));
        Ok(response)
    }

    /// Streams go on event by event. That of an `initialize` waits for its answer, which says what the session speaks.
    async fn stream(self, head: Parts, body: Answer) -> Response<Body> {
        let Self {
            upstream,
            call,
            passage,
            carried,
            stand,
            turn,
        } = self;
        let app = Arc::clone(&passage.app);
        let begins = head.headers.contains_key(SESSION_ID)
            && call
                .as_request()
                .is_some_and(|request| request.method == "initialize");
        let (stream, client) = Stream::new(
            Arc::clone(&upstream),
            Arc::clone(&call),
            passage,
            carried,
            stand,
            turn,
        );
        let stands = !stream.is_call();
        let agreed = stream.start(body, begins).await;
        let session = session(&app, &call, &head.headers, agreed);
        let mut response = respond(&upstream, head.status, &head.headers, session, client);
        mark_stream(response.headers_mut());
        if stands {
            response.extensions_mut().insert(Stands);
        }
        response
    }
}

/// For nobody to keep, nor to transform where its server said so.
fn private(said: Option<&HeaderValue>) -> HeaderValue {
    let is_whole = said
        .and_then(|said| said.to_str().ok())
        .is_some_and(|said| {
            let mut words = said.split(',');
            words.any(|word| word.trim().eq_ignore_ascii_case("no-transform"))
        });
    HeaderValue::from_static(if is_whole {
        "no-store, no-transform"
    } else {
        "no-store"
    })
}

/// An event stream, which no hop is to hold back, to keep, or to pack into something else.
pub fn mark_stream(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(headers::ACCEL_BUFFERING, HeaderValue::from_static("no"));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-transform"),
    );
}

fn respond(
    upstream: &Upstream,
    status: StatusCode,
    theirs: &HeaderMap,
    session: Option<HeaderValue>,
    body: Body,
) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in &headers::toward_client(theirs) {
        let is_clean = value
            .to_str()
            .is_ok_and(|text| upstream.secrets.cover(text).is_none());
        if is_clean {
            headers.insert(name, value.clone());
        }
    }
    if let Some(session) = session {
        headers.insert(SESSION_ID, session);
    }
    response
}

/// The server's own id of the session that this answer belongs to: that which it begins, else that which was presented.
fn session_told(call: &Call, theirs: &HeaderMap) -> Option<String> {
    let begun = theirs.get(SESSION_ID).and_then(|id| id.to_str().ok());
    let presented = call.presented.as_ref();
    begun
        .or_else(|| presented.map(|presented| presented.session.upstream.as_str()))
        .filter(|_| !call.era.is_modern())
        .map(str::to_owned)
}

/// The session id for the client, where the upstream gave one: the client's own, if it is still that session's.
fn session(
    app: &Gateway,
    call: &Call,
    theirs: &HeaderMap,
    agreed: Option<Revision>,
) -> Option<HeaderValue> {
    if call.era.is_modern() {
        return None;
    }
    let upstream = theirs.get(SESSION_ID)?.to_str().ok()?;
    let presented = call.presented.as_ref();
    if let Some(same) = presented.filter(|presented| presented.session.upstream == upstream) {
        return Some(same.id.clone());
    }
    let session = Session {
        bearer: call.caller.bearer(),
        expires_ms: 0,
        revision: agreed.unwrap_or(call.era.revision()),
        client_name: call.client.name.clone(),
        client_version: call.client.version.clone(),
        upstream: upstream.to_owned(),
        opens_urls: call.client.opens_urls,
    };
    let sealed = app.seals.session(session, app.now_ms(), app.nonce());
    if sealed.is_none() {
        tracing::warn!(server.id = %call.caller.server().id, "the server's session id is too long to be passed on");
    }
    HeaderValue::from_str(&sealed?).ok()
}

/// The server, or what stands before it, cannot do its work. (That it knows no such thing is an answer.)
fn has_failed(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

async fn collect(
    mut body: Answer,
    until: Deadline,
    idle: Duration,
    seat: Option<&Seat>,
) -> Result<Bytes, Trouble> {
    if body.at_least() > MOST_EVENT as u64 {
        return Err(Trouble::TooLarge);
    }
    let mut whole = Blocks::default();
    loop {
        let by = until.min(Deadline::now() + idle);
        let piece = tokio::time::timeout_at(by, body.piece())
            .await
            .map_err(|_| Trouble::Slow)?;
        let Some(piece) = piece? else {
            return Ok(whole.into_vec().into());
        };
        let weight = whole.len() + piece.len();
        if weight > MOST_EVENT {
            return Err(Trouble::TooLarge);
        }
        if seat.is_some_and(|seat| !seat.weigh(Load::Answer, weight)) {
            return Err(Trouble::NoRoom);
        }
        whole.extend(&piece);
    }
}
