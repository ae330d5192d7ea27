//! An event stream on its way: each event read whole, decided on, and sent before the next is asked for, so that a slow
//! client slows its upstream and nothing piles up here.

use super::aside;
use super::cover;
use super::exchange::sender;
use super::passage::Passage;
use super::read::{MOST_EVENT, MOST_STREAM};
use super::{Carried, Stand};
use crate::breaker::Outcome;
use crate::call::{Call, What};
use crate::front::Body;
use crate::gate;
use crate::meter::OpenStream;
use crate::refusal::{Refusal, Toward, Trouble};
use crate::seats::Load;
use crate::upstream::answer::Answer;
use crate::upstream::headers::SESSION_ID;
use crate::upstream::pool::Upstream;
use crate::upstream::turn::Turn;
use bundle::record::Ending;
use bytes::Bytes;
use futures_util::StreamExt;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use mcp::sse::{Event, KEEP_ALIVE, Overrun, Splitter};
use mcp::{Revision, Rule};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant as Deadline, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

/// A quiet stream says so this often.
pub const QUIET: Duration = Duration::from_secs(20);
/// How often an open stream asks whether its grant is still good.
const CHECK: Duration = Duration::from_secs(5);
/// What an upstream may say before it answers an `initialize`.
const MOST_HELD: usize = 1 << 20;
/// How long an upstream is waited for when it is told that its question does not pass.
const TELL: Duration = Duration::from_secs(5);
/// So many such words are under way at once: nothing else waits for them.
const MOST_TOLD: usize = 8;

/// Thousands stand open and say nothing for hours: what is done only when something is said is boxed for as long as it
/// takes, and what a task is given it holds once.
#[derive(Debug)]
pub struct Stream {
    upstream: Arc<Upstream>,
    call: Arc<Call>,
    passage: Arc<Passage>,
    carried: Carried,
    stand: Option<Stand>,
    /// Until it is known whether the server does more than to open streams.
    turn: Option<Turn>,
    client: mpsc::Sender<Bytes>,
    /// Events before the answer of an `initialize`: the client's headers are not made yet.
    waiting: Option<(oneshot::Sender<Option<Revision>>, Vec<Bytes>)>,
    /// A client that can ask for the rest of a broken stream: it was given event ids.
    is_resumable: bool,
    answered: Option<Ending>,
    client_is_gone: bool,
    sent_at: Deadline,
    /// Words to the server that its questions do not pass.
    telling: Vec<AbortOnDropHandle<()>>,
    _open: OpenStream,
}

/// Why reading ended.
enum End {
    /// The upstream is done.
    Closed,
    Trouble(Trouble),
    /// Another stream took the place, or the grant ended: nothing more is said.
    Cut,
    /// The client hung up, which in this stream's era ends the call.
    Left,
}

impl Stream {
    /// The stream and what the client reads of it.
    pub fn new(
        upstream: Arc<Upstream>,
        call: Arc<Call>,
        passage: Arc<Passage>,
        carried: Carried,
        stand: Option<Stand>,
        turn: Option<Turn>,
    ) -> (Self, Body) {
        // One event on its way to the client, one being read: that is all that is held.
        let (client, events) = mpsc::channel(1);
        let frames = ReceiverStream::new(events).map(|bytes: Bytes| Ok(Frame::data(bytes)));
        let open = passage.app.meter.stream();
        let mut stream = Self {
            _open: open,
            upstream,
            call,
            passage,
            carried,
            stand,
            turn,
            client,
            waiting: None,
            is_resumable: false,
            answered: None,
            client_is_gone: false,
            sent_at: Deadline::now(),
            telling: Vec::new(),
        };
        if !stream.is_call() {
            // It may be silent for as long as it likes.
            stream.report(Outcome::Well);
        }
        (stream, StreamBody::new(frames).boxed_unsync())
    }

    /// Begins to read. Where the stream `begins` a session, waits for the revision that it agrees on.
    pub async fn start(mut self, body: Answer, begins: bool) -> Option<Revision> {
        let waits = begins.then(|| {
            let (agreed, waits) = oneshot::channel();
            self.waiting = Some((agreed, Vec::new()));
            waits
        });
        tokio::spawn(Box::new(self).run(Box::new(body)).in_current_span());
        waits?.await.ok().flatten()
    }

    /// It answers a call, rather than to stand open.
    pub fn is_call(&self) -> bool {
        let request = self.call.as_request();
        request.is_some_and(|request| request.rule != Rule::Listen)
    }

    fn report(&mut self, outcome: Outcome) {
        if let Some(turn) = self.turn.take() {
            turn.report(outcome);
        }
    }

    async fn run(mut self: Box<Self>, mut body: Box<Answer>) {
        let end = self.read(&mut body).await;
        drop(body);
        match end {
            // Not one event came of it.
            End::Closed | End::Trouble(Trouble::Slow | Trouble::Broken) => {
                self.report(Outcome::Badly);
            }
            // It spoke, if too much.
            End::Trouble(_) => self.report(Outcome::Well),
            End::Cut | End::Left => {}
        }
        Box::pin(self.end(end)).await;
    }

    async fn end(mut self: Box<Self>, end: End) {
        let ending = match end {
            // A server that still speaks to us says nothing to whoever comes back for the rest.
            End::Left if self.is_resumable && self.is_call() => {
                self.answered.unwrap_or(Ending::Unknown)
            }
            End::Left => {
                // Dropped unended, the record says that the call was cancelled.
                return;
            }
            End::Cut => self.answered.unwrap_or(Ending::Cancelled),
            End::Closed | End::Trouble(_) if self.answered.is_some() => {
                self.answered.unwrap_or(Ending::Ok)
            }
            // The rest can be asked for, and will be recorded nowhere: what became of it is not known here.
            End::Closed | End::Trouble(Trouble::Broken) if self.is_resumable => Ending::Unknown,
            End::Closed => self.say(Trouble::Broken).await,
            End::Trouble(trouble) => self.say(trouble).await,
        };
        if let Some((_, held)) = self.waiting.take() {
            for bytes in held {
                self.put(bytes).await;
            }
        }
        self.carried.ended(ending);
    }

    async fn read(&mut self, body: &mut Answer) -> End {
        let timeouts = self.call.caller.server().timeouts;
        // A standing stream and a subscription may be silent, and last, as long as they like.
        let is_call = self.is_call();
        let hangup_ends = self.call.era.is_modern() || !is_call;
        let far = Deadline::now() + Duration::from_hours(24 * 365);
        let idle = Duration::from_millis(timeouts.idle_ms);
        let whole =
            Duration::from_millis(timeouts.whole_ms).saturating_sub(self.call.arrived.elapsed());
        let until = if is_call {
            Deadline::now() + whole
        } else {
            far
        };
        let mut idle_until = if is_call { Deadline::now() + idle } else { far };
        let mut check = tokio::time::interval(CHECK);
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut splitter = Splitter::new(MOST_EVENT, MOST_STREAM);
        let mut events = Vec::new();
        loop {
            let piece = tokio::select! {
                () = replaced(self.stand.as_ref()) => return End::Cut,
                // What stands open would never end by itself: its client comes back to another replica.
                () = self.passage.app.stop.stopped(), if !is_call => return End::Cut,
                () = self.client.closed(), if !self.client_is_gone => {
                    if hangup_ends || self.is_resumable {
                        return End::Left;
                    }
                    self.client_is_gone = true;
                    continue;
                }
                _ = check.tick() => {
                    if !self.may_go_on(is_call) {
                        return End::Cut;
                    }
                    continue;
                }
                () = sleep_until(self.sent_at + QUIET), if !self.client_is_gone => {
                    // A full channel is not quiet.
                    let _ = self.client.try_send(Bytes::from_static(KEEP_ALIVE));
                    self.sent_at = Deadline::now();
                    continue;
                }
                () = sleep_until(until.min(idle_until)) => return End::Trouble(Trouble::Slow),
                piece = body.piece() => piece,
            };
            let chunk = match piece {
                Ok(None) => return End::Closed,
                Ok(Some(piece)) => piece,
                Err(trouble) => return End::Trouble(trouble),
            };
            if is_call {
                idle_until = Deadline::now() + idle;
            }
            let overrun = splitter.push(&chunk, &mut events).err();
            let unsent = events.iter().map(weight).sum::<usize>() + self.held_back();
            if !self.weigh(splitter.held() + unsent) {
                return End::Trouble(Trouble::NoRoom);
            }
            if !events.is_empty() {
                // It listens and speaks; what it says is between it and this call.
                self.report(Outcome::Well);
            }
            for event in events.drain(..) {
                match Box::pin(self.event(event)).await {
                    Ok(true) => {}
                    Ok(false) if hangup_ends || self.is_resumable => return End::Left,
                    Ok(false) => self.client_is_gone = true,
                    Err(end) => return end,
                }
            }
            // Less than before: there is room for it.
            let _ = self.weigh(splitter.held() + self.held_back());
            if let Some(Overrun::Event(_) | Overrun::Stream(_)) = overrun {
                return End::Trouble(Trouble::TooLarge);
            }
        }
    }

    /// Whether the newest bundle lets it stand. A call was judged when it began; what stands open is judged by what is in
    /// force, and its client opens the next.
    fn may_go_on(&self, is_call: bool) -> bool {
        let renewed = self.call.caller.renewed(&self.passage.app);
        renewed.is_ok_and(|now| is_call || gate::may_stand(&self.call.caller, &now))
    }

    /// Of events before the answer of an `initialize`.
    fn held_back(&self) -> usize {
        let held = self.waiting.iter().flat_map(|(_, held)| held);
        held.map(Bytes::len).sum()
    }

    fn weigh(&self, bytes: usize) -> bool {
        let seat = self.carried.seat.as_ref();
        seat.is_none_or(|seat| seat.weigh(Load::Answer, bytes))
    }

    /// One event, decided on and sent. `false`: the client is gone.
    async fn event(&mut self, mut event: Event) -> Result<bool, End> {
        let began = Instant::now();
        event.id = event.id.and_then(|id| self.passage.event_id(id));
        self.is_resumable |= event.id.is_some() && !self.call.era.is_modern();
        // An event without data, or with nothing in it, carries an id or a pause and no message.
        if let Some(data) = event.data.take_if(|data| !data.is_empty()) {
            let data = Bytes::from(data);
            let passed = aside::pass(&self.passage, &data)
                .await
                .map_err(End::Trouble)?;
            event.data = Some(data.into());
            if let Some(question) = passed.refused {
                self.tell(&question);
            }
            self.answered = self.answered.or(passed.answered);
            if let Some(changed) = passed.changed {
                event.data = Some(changed.into_bytes());
            }
            if passed.answered.is_some()
                && let Some((agreed, held)) = self.waiting.take()
            {
                // A client that has gone meanwhile needs no headers.
                let _ = agreed.send(passed.agreed);
                for bytes in held {
                    self.put(bytes).await;
                }
            }
            if passed.is_dropped {
                event.data = None;
            }
        }
        if event == Event::default()
            || (event.data.is_none() && event.id.is_none() && event.retry.is_none())
        {
            return Ok(true);
        }
        cover::fields(&mut event, &self.passage.secrets);
        let bytes = Bytes::from(event.to_bytes());
        self.carried.relayed(bytes.len(), began);
        match &mut self.waiting {
            Some((_, held)) => {
                let weight: usize = held.iter().map(Bytes::len).sum();
                if weight + bytes.len() > MOST_HELD {
                    return Err(End::Trouble(Trouble::TooLarge));
                }
                held.push(bytes);
            }
            None => return Ok(self.put(bytes).await),
        }
        Ok(true)
    }

    /// Sends; `false` where there is nobody to send to. A client that reads nothing is waited for as long as its
    /// upstream would be, and no longer than its grant is good.
    async fn put(&mut self, bytes: Bytes) -> bool {
        if self.client_is_gone {
            return true;
        }
        let patience = Duration::from_millis(self.call.caller.server().timeouts.idle_ms);
        let began = Deadline::now();
        loop {
            let place = tokio::select! {
                // Whoever opens a new stream is not kept waiting by the old one's reader, who may be gone for good.
                () = replaced(self.stand.as_ref()) => return false,
                place = timeout(CHECK, self.client.reserve()) => place,
            };
            match place {
                Ok(Ok(place)) => {
                    place.send(bytes);
                    self.sent_at = Deadline::now();
                    return true;
                }
                Err(_)
                    if began.elapsed() < patience
                        && self.call.caller.is_still_good(&self.passage.app) => {}
                Ok(Err(_)) | Err(_) => return false,
            }
        }
    }

    /// The last event of a call that will have no answer: the error, with the request's id.
    async fn say(&mut self, trouble: Trouble) -> Ending {
        if let What::Request(request) = &self.call.what {
            let toward = Toward {
                id: Some(&request.id),
                is_modern: self.call.era.is_modern(),
            };
            let server = self.call.caller.server().name.clone();
            let message = Refusal::Upstream { server, trouble }.message(toward);
            let bytes = Bytes::from(Event::message(message.into_bytes()).to_bytes());
            if let Some((agreed, held)) = self.waiting.take() {
                let _ = agreed.send(None);
                for bytes in held {
                    self.put(bytes).await;
                }
            }
            self.put(bytes).await;
        }
        Ending::UpstreamError
    }

    /// Tells the upstream that its question will not be asked, so that it does not wait for an answer.
    fn tell(&mut self, question: &str) {
        self.telling.retain(|told| !told.is_finished());
        // A server that asks on without hearing waits out its own time.
        if self.telling.len() >= MOST_TOLD {
            return;
        }
        let mut headers = self.call.headers.clone();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(presented) = &self.call.presented
            && let Ok(id) = HeaderValue::from_str(&presented.session.upstream)
        {
            headers.insert(SESSION_ID, id);
        }
        let answer = mcp::answer::error(
            Some(question),
            -32601,
            "the organisation does not allow this",
            None,
        );
        let sender = sender(&self.passage.app, &self.call, false);
        let upstream = Arc::clone(&self.upstream);
        let telling = tokio::spawn(async move {
            let telling = upstream.say(sender, Method::POST, headers, Bytes::from(answer));
            let _ = timeout(TELL, telling).await;
        });
        self.telling.push(AbortOnDropHandle::new(telling));
    }
}

fn weight(event: &Event) -> usize {
    event.data.as_ref().map_or(0, Vec::len)
}

pub async fn replaced(stand: Option<&Stand>) {
    match stand {
        Some(stand) => stand.replaced().await,
        None => std::future::pending().await,
    }
}
