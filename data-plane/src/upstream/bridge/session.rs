//! One session with a server of 2024-11-05: its event stream, read for as long as the session lasts, and what is posted.

use super::routes::{self, Asked, Awaited, Said, Way, What, way};
use super::{Bridge, json, status};
use crate::relay::{Aside, MOST_EVENT, is_stream};
use crate::seats::{Scale, Weighed};
use crate::upstream::answer::Answer;
use crate::upstream::pool::Upstream;
use crate::upstream::send::SendError;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode, Uri};
use http_body_util::StreamBody;
use hyper::body::Frame;
use ids::GrantId;
use mcp::sse::{Event, Splitter};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

/// A session that nobody has used for so long ends, unless an answer is awaited or a stream stands.
const IDLE: Duration = Duration::from_hours(1);
/// Before its endpoint a server says no more than this.
const MOST_BEFORE: usize = 64 * 1024;
/// Answers awaited at once.
const MOST_CALLS: usize = 256;
/// What waits for the client's standing stream; the oldest goes first, and what is longer alone does not wait.
const MOST_WAITING: usize = 1 << 20;

#[derive(Debug)]
pub struct Session {
    pub name: String,
    grant: OnceLock<GrantId>,
    endpoint: Uri,
    ended: CancellationToken,
    last_use: Mutex<Instant>,
    calls: Mutex<Vec<Awaited>>,
    waiting: Mutex<Waiting>,
    wakes: Notify,
    stands: AtomicBool,
    scale: Scale,
    aside: Aside,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: VecDeque<(String, Weighed)>,
    bytes: usize,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Opens the stream and learns where to post; otherwise, what the server answered instead.
    pub async fn open(
        bridge: &Bridge,
        upstream: &Upstream,
        headers: &HeaderMap,
        name: &[u8],
    ) -> Result<Result<Arc<Self>, StatusCode>, SendError> {
        let mut headers = headers.clone();
        headers.remove(CONTENT_TYPE);
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let response = upstream
            .send_standing(Method::GET, headers, Bytes::new())
            .await?;
        let (head, mut body) = response.into_parts();
        if !head.status.is_success() {
            return Ok(Err(head.status));
        }
        if !is_stream(&head.headers) {
            return Err(SendError::NoEndpoint);
        }
        let mut splitter = Splitter::new(MOST_EVENT, usize::MAX);
        let mut events = Vec::new();
        let mut before = 0;
        let scale = bridge.scale();
        let mut weighed = scale.empty();
        let said = loop {
            let piece = body.piece().await.map_err(|_| SendError::Cut)?;
            let chunk = piece.ok_or(SendError::NoEndpoint)?;
            before += chunk.len();
            let overrun = splitter.push(&chunk, &mut events).is_err();
            if !weighed.weigh(splitter.held() + weight_of(&events)) {
                return Err(SendError::Cut);
            }
            let at = |event: &Event| event.name.as_deref() == Some(b"endpoint");
            if let Some(index) = events.iter().position(at) {
                let said = events.remove(index).data.unwrap_or_default();
                events.drain(..index);
                break said;
            }
            events.clear();
            if overrun || before > MOST_BEFORE {
                return Err(SendError::NoEndpoint);
            }
        };
        let session = Arc::new(Self {
            name: seal::to_hex(name),
            grant: OnceLock::new(),
            endpoint: egress::endpoint(&upstream.uri, &said).ok_or(SendError::NoEndpoint)?,
            ended: CancellationToken::new(),
            last_use: Mutex::new(Instant::now()),
            calls: Mutex::default(),
            waiting: Mutex::default(),
            wakes: Notify::new(),
            stands: AtomicBool::new(false),
            scale,
            aside: bridge.aside.clone(),
        });
        // From here on the session weighs what it holds.
        drop(weighed);
        tokio::spawn(Arc::clone(&session).read(body, splitter, events));
        Ok(Ok(session))
    }

    pub fn end(&self) {
        self.ended.cancel();
    }

    pub fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    pub fn ends_with_this(&self) -> DropGuard {
        self.ended.clone().drop_guard()
    }

    pub fn belongs_to(&self, grant: GrantId) {
        // Said once, when it is kept.
        let _ = self.grant.set(grant);
    }

    pub fn is_of(&self, grant: GrantId) -> bool {
        self.grant() == Some(grant)
    }

    pub fn grant(&self) -> Option<GrantId> {
        self.grant.get().copied()
    }

    pub fn used(&self) {
        *lock(&self.last_use) = Instant::now();
    }

    pub fn last_use(&self) -> Instant {
        *lock(&self.last_use)
    }

    /// Posts a request and answers with what belongs to it: its answer alone, or the events that lead to it. A session that
    /// is `only_for_this` ends with it, and nobody is there who could be asked something.
    pub async fn ask(
        self: &Arc<Self>,
        upstream: &Arc<Upstream>,
        headers: HeaderMap,
        asked: Asked,
        body: Bytes,
        only_for_this: Option<DropGuard>,
    ) -> Result<Response<Answer>, SendError> {
        let (heard, said) = mpsc::channel(1);
        let awaited = Awaited { asked, heard };
        {
            let mut calls = lock(&self.calls);
            calls.retain(|call| !call.heard.is_closed());
            if calls.len() >= MOST_CALLS {
                return Ok(status(StatusCode::SERVICE_UNAVAILABLE));
            }
            calls.push(awaited);
        }
        if self.has_ended() {
            return Ok(status(StatusCode::NOT_FOUND));
        }
        let mut posted = AbortOnDropHandle::new(tokio::spawn({
            let (session, upstream) = (Arc::clone(self), Arc::clone(upstream));
            let headers = headers.clone();
            async move { session.post(&upstream, headers, body).await }
        }));
        let answerless = only_for_this.is_some().then(|| Answerless {
            session: Arc::clone(self),
            upstream: Arc::clone(upstream),
            headers,
        });
        let mut said = Box::pin(heard_of(said, only_for_this, answerless));
        // A server may answer on the stream before it says that it has taken the request.
        let (first, posting) = tokio::select! {
            biased;
            first = said.next() => (first, Some(posted)),
            taken = &mut posted => match taken {
                Ok(Ok(taken)) if taken.is_success() => (said.next().await, None),
                Ok(Ok(refused)) => return Ok(status(refused)),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(SendError::Cut),
            },
        };
        let first = first.ok_or(SendError::Cut)?;
        if matches!(first.what, What::Answer { .. }) {
            return Ok(json(first.text));
        }
        Ok(streaming(stream::iter([first]).chain(said), posting))
    }

    /// Posts what has no answer.
    pub async fn tell(
        &self,
        upstream: &Upstream,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Answer>, SendError> {
        let taken = self.post(upstream, headers, body).await?;
        Ok(status(if taken.is_success() {
            StatusCode::ACCEPTED
        } else {
            taken
        }))
    }

    async fn post(
        &self,
        upstream: &Upstream,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<StatusCode, SendError> {
        let uri = self.endpoint.clone();
        let taken = upstream.send_to(uri, Method::POST, headers, body).await?;
        if taken.status() == StatusCode::NOT_FOUND {
            // The server has forgotten the session.
            self.end();
        }
        Ok(taken.status())
    }

    /// The client's standing stream: what has waited, and what comes that belongs to no call.
    pub fn stand(self: &Arc<Self>) -> Response<Answer> {
        self.stands.store(true, Ordering::Release);
        let standing = Standing(Arc::clone(self));
        let said = stream::unfold(standing, |standing| async move {
            let (text, weighed) = standing.0.next_waiting().await?;
            let said = Said {
                text,
                what: What::Other,
                _weighed: weighed,
            };
            Some((said, standing))
        });
        streaming(said, None)
    }

    async fn next_waiting(&self) -> Option<(String, Weighed)> {
        loop {
            let woken = self.wakes.notified();
            {
                let mut waiting = lock(&self.waiting);
                if let Some((text, weighed)) = waiting.texts.pop_front() {
                    waiting.bytes -= text.len();
                    return Some((text, weighed));
                }
            }
            tokio::select! {
                () = woken => {}
                () = self.ended.cancelled() => return None,
            }
        }
    }

    async fn read(self: Arc<Self>, mut body: Answer, mut splitter: Splitter, first: Vec<Event>) {
        let mut events = first;
        let mut held = self.scale.empty();
        'stream: loop {
            if !held.weigh(splitter.held() + weight_of(&events)) {
                tracing::info!("a session ended: no room for what its server says");
                break;
            }
            for event in events.drain(..) {
                let weighed = held.part(weight(&event));
                if !self.route(event, weighed).await {
                    break 'stream;
                }
            }
            let piece = tokio::select! {
                () = self.ended.cancelled() => break,
                () = self.unused() => break,
                piece = body.piece() => piece,
            };
            let Ok(Some(chunk)) = piece else { break };
            if splitter.push(&chunk, &mut events).is_err() {
                break;
            }
        }
        self.end();
        // Whoever still waits for an answer hears that there will be none.
        lock(&self.calls).clear();
    }

    async fn unused(&self) {
        loop {
            let until = self.last_use() + IDLE;
            tokio::time::sleep_until(until).await;
            let is_needed = self.stands.load(Ordering::Acquire) || !lock(&self.calls).is_empty();
            if is_needed {
                self.used();
            } else if self.last_use() + IDLE <= Instant::now() {
                return;
            }
        }
    }

    /// Hands an event on; `false` where the server can no longer be believed.
    async fn route(&self, event: Event, weighed: Weighed) -> bool {
        let is_message = event.name.as_deref().is_none_or(|name| name == b"message");
        let Some(data) = event.data.filter(|data| is_message && !data.is_empty()) else {
            return true;
        };
        let Ok(text) = String::from_utf8(data) else {
            return false;
        };
        let reading = move || {
            let read = routes::read(&text);
            (text, read)
        };
        let Some((text, Some((what, names)))) = self.aside.read(weighed.bytes(), reading).await
        else {
            return false;
        };
        let heard = {
            let mut calls = lock(&self.calls);
            match way(&names, &calls) {
                Way::Nowhere => return true,
                Way::To(index) if matches!(what, What::Answer { .. }) => {
                    Some(calls.remove(index).heard)
                }
                Way::To(index) => calls.get(index).map(|call| call.heard.clone()),
                Way::Any if self.stands.load(Ordering::Acquire) => None,
                Way::Any => calls.first().map(|call| call.heard.clone()),
            }
        };
        let Some(heard) = heard else {
            self.wait(text, weighed);
            return true;
        };
        let said = Said {
            text,
            what,
            _weighed: weighed,
        };
        tokio::select! {
            () = self.ended.cancelled() => false,
            // A call that nobody waits for any more needs no words.
            _ = heard.send(said) => true,
        }
    }

    fn wait(&self, text: String, weighed: Weighed) {
        if text.len() > MOST_WAITING {
            return;
        }
        let mut waiting = lock(&self.waiting);
        waiting.bytes += text.len();
        waiting.texts.push_back((text, weighed));
        while waiting.bytes > MOST_WAITING {
            let Some((gone, _)) = waiting.texts.pop_front() else {
                break;
            };
            waiting.bytes -= gone.len();
        }
        drop(waiting);
        self.wakes.notify_one();
    }
}

fn weight(event: &Event) -> usize {
    event.data.as_ref().map_or(0, Vec::len)
}

fn weight_of(events: &[Event]) -> usize {
    events.iter().map(weight).sum()
}

/// Dropped, nobody stands there any more.
struct Standing(Arc<Session>);

impl Drop for Standing {
    fn drop(&mut self) {
        self.0.stands.store(false, Ordering::Release);
        self.0.used();
    }
}

/// A session that nobody is behind: questions are refused, so that the server does not wait.
struct Answerless {
    session: Arc<Session>,
    upstream: Arc<Upstream>,
    headers: HeaderMap,
}

impl Answerless {
    async fn refuse(&self, id: &str, method: &str) {
        let answer = if method == "ping" {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
        } else {
            mcp::answer::error(Some(id), -32601, "nobody is here to be asked", None)
        };
        let headers = self.headers.clone();
        // A server that does not take it waits out its own time.
        let _ = self
            .session
            .post(&self.upstream, headers, Bytes::from(answer))
            .await;
    }
}

fn heard_of(
    said: mpsc::Receiver<Said>,
    only_for_this: Option<DropGuard>,
    answerless: Option<Answerless>,
) -> impl Stream<Item = Said> + Send {
    let parts = (said, only_for_this, answerless);
    stream::unfold(parts, |(mut said, only_for_this, answerless)| async {
        loop {
            let next = said.recv().await?;
            match (&next.what, &answerless) {
                (What::Question(id, method), Some(answerless)) => {
                    answerless.refuse(id, method).await;
                }
                _ => return Some((next, (said, only_for_this, answerless))),
            }
        }
    })
}

fn streaming(
    said: impl Stream<Item = Said> + Send + 'static,
    posting: Option<AbortOnDropHandle<Result<StatusCode, SendError>>>,
) -> Response<Answer> {
    let said: Pin<Box<dyn Stream<Item = Said> + Send>> = Box::pin(said);
    let frames = stream::unfold((said, posting), |(mut said, posting)| async {
        let next = said.next().await?;
        let bytes = Bytes::from(Event::message(next.text.into_bytes()).to_bytes());
        Some((Ok::<_, Infallible>(Frame::data(bytes)), (said, posting)))
    });
    let mut response = Response::new(Answer::made(StreamBody::new(frames)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}
