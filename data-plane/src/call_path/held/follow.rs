//! A held call's own task: it asks, waits while people decide, and goes on or says why not. The request that came for it
//! only waits for the answer, so that a client that leaves breaks off nothing in the middle: it ends the waiting, which is
//! put on record, and an approval that is spent already has a call to show for it.

use super::place::Place;
use super::{Next, Waiting, ask, no, pass_on, pending, refused, taken_back, wait};
use crate::call::Letter;
use crate::call_path::batch::{kept_alive, pipe, say};
use crate::call_path::intent;
use crate::caller::Caller;
use crate::front::{self, Body};
use crate::gate::Held;
use crate::gateway::Gateway;
use crate::refusal::{Refusal, Toward, Trouble};
use crate::relay::{is_stream, mark_stream, read_answer};
use crate::seats::Seat;
use bundle::approval::Waited;
use bytes::Bytes;
use futures_util::StreamExt;
use http::Response;
use http::header::ACCEPT;
use http::request::Parts;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use mcp::Message;
use mcp::sse::Event;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

type Answer = Result<Response<Body>, Refusal>;

pub async fn held(
    letter: Letter<'_>,
    request: &mcp::Request<'_>,
    seat: Seat,
    bytes: &Bytes,
    held: Held,
) -> Answer {
    let span = request.span.start as usize..request.span.end as usize;
    let left = CancellationToken::new();
    let listening = Listening {
        app: Arc::clone(letter.app),
        caller: letter.caller.clone(),
        head: letter.head.clone(),
        arrived: letter.arrived,
        seat,
        bytes: bytes.slice(span),
        left: left.clone(),
    };
    let (answer, answered) = oneshot::channel();
    tokio::spawn(listening.run(held, answer).in_current_span());
    // Dropped before there is an answer: the client has left.
    let here = left.drop_guard();
    let answered = answered.await;
    here.disarm();
    // Only a panic or the end of the process takes a task away.
    answered.unwrap_or_else(|_| Err(broken(letter)))
}

/// The request, for a task of its own.
struct Listening {
    app: Arc<Gateway>,
    caller: Caller,
    head: Parts,
    arrived: Instant,
    seat: Seat,
    bytes: Bytes,
    /// The client has left, or took the call back.
    left: CancellationToken,
}

/// What has become of a call that nobody asks about any more.
enum End {
    Answer(Answer),
    /// Nothing was asked of the server; what to say where somebody listens all the same.
    TakenBack(Refusal),
    /// The client left while the server was at it, and cancelled it by that.
    Gone,
}

impl Listening {
    async fn run(self, held: Held, answer: oneshot::Sender<Answer>) {
        // It was read before.
        let Ok(document) = mcp::parse(&self.bytes) else {
            return;
        };
        let Ok(mcp::Body::One(Message::Request(request))) = mcp::Body::of(&document) else {
            return;
        };
        let letter = Letter {
            app: &self.app,
            caller: &self.caller,
            head: &self.head,
            arrived: self.arrived,
            seat: &self.seat,
        };
        let place = self.app.held.take(&held.call, &self.left);
        let place = place.as_ref();
        let next = ask(letter, &request, held).await;
        let waiting = match self.went(letter, next, place).await {
            Ok(end) => {
                let _ = answer.send(end.plainly(letter));
                return;
            }
            Err(waiting) if waiting.waits() => *waiting,
            Err(waiting) => {
                let _ = answer.send(Err(pending(letter, *waiting).await));
                return;
            }
        };
        if !can_listen(letter) {
            let end = self.decided(letter, &request, waiting, (place, None)).await;
            let _ = answer.send(end.plainly(letter));
            return;
        }
        let (client, response) = self.stream();
        // A client that has left drops the stream with it.
        let _ = answer.send(Ok(response));
        let token = request.progress_token();
        let token = token.map(|token| token.span.of(document.text).to_owned());
        let to = (&client, token);
        self.follow(letter, &request, waiting, to, place).await;
    }

    /// Words of progress, and the answer at their end.
    async fn follow(
        &self,
        letter: Letter<'_>,
        request: &mcp::Request<'_>,
        waiting: Waiting,
        (client, token): (&mpsc::Sender<Bytes>, Option<String>),
        place: Option<&Place>,
    ) {
        let is_modern = waiting.held.call.era.is_modern();
        let has_session = waiting.held.call.presented.is_some();
        let toward = Toward {
            id: Some(request.id),
            is_modern,
        };
        let progress = token.map(|token| Progress {
            client: client.clone(),
            token,
        });
        let end = self.decided(letter, request, waiting, (place, progress.as_ref()));
        match kept_alive(client, end).await {
            End::Answer(Ok(response)) if is_stream(response.headers()) => {
                let piped = pipe(client, response.into_body());
                self.unless_gone(is_modern, piped).await;
            }
            End::Answer(Ok(response)) => {
                let (head, body) = response.into_parts();
                let read = read_answer(&head.headers, body, request.id);
                let read = kept_alive(client, self.unless_gone(is_modern, read)).await;
                let text = read.flatten();
                say(
                    client,
                    text.unwrap_or_else(|| broken(letter).message(toward)),
                )
                .await;
            }
            End::Answer(Err(refusal)) => say(client, refusal.message(toward)).await,
            // What was taken back is answered by nothing, but where another may have been meant.
            End::TakenBack(refusal) if !has_session => {
                say(client, refusal.message(toward)).await;
            }
            End::TakenBack(_) | End::Gone => {}
        }
    }

    /// A client of the modern era cancels by hanging up, and a legacy one does not.
    async fn unless_gone<T>(&self, is_modern: bool, work: impl Future<Output = T>) -> Option<T> {
        if is_modern {
            return self.left.run_until_cancelled(work).await;
        }
        Some(work.await)
    }

    /// Waits until it is decided, the time is over or nobody waits for it, and does what follows from that.
    async fn decided(
        &self,
        mut letter: Letter<'_>,
        request: &mcp::Request<'_>,
        mut waiting: Waiting,
        (place, progress): (Option<&Place>, Option<&Progress>),
    ) -> End {
        let until = tokio::time::Instant::now() + waiting.held.wait;
        loop {
            let began = Instant::now();
            let wait = wait(&self.app, &waiting, until, (place, progress));
            let waited = self.left.run_until_cancelled(wait).await;
            // People take their time, which is not the gateway's.
            letter.arrived += began.elapsed();
            waiting.held.call.arrived += began.elapsed();
            let more = match waited.filter(|_| !self.left.is_cancelled()) {
                None | Some(Waited::TakenBack) => {
                    return End::TakenBack(taken_back(letter, &waiting).await);
                }
                Some(Waited::Waiting) => return End::Answer(Err(pending(letter, waiting).await)),
                Some(Waited::Approved | Waited::Spent) => {
                    let next = ask(letter, request, waiting.held).await;
                    match self.went(letter, next, place).await {
                        Ok(end) => return end,
                        Err(anew) => waiting = *anew,
                    }
                    continue;
                }
                Some(Waited::Refused { note }) => refused(&note),
                Some(Waited::Expired) => "Nobody decided in time.".to_owned(),
                Some(Waited::Withdrawn) => "The request was taken back.".to_owned(),
            };
            let Waiting { held, opening, .. } = waiting;
            return End::Answer(Err(no(letter, &held, &more, Some(&opening)).await));
        }
    }

    /// What the control plane's answer leads to; the call itself where it has to wait.
    async fn went(
        &self,
        letter: Letter<'_>,
        next: Next,
        place: Option<&Place>,
    ) -> Result<End, Box<Waiting>> {
        let (admitted, intent) = match next {
            Next::Go(admitted, intent) => (admitted, intent),
            Next::Waits(waiting) => return Err(waiting),
            Next::No(refusal) => return Ok(End::Answer(Err(refusal))),
        };
        if let Some(place) = place {
            place.leave();
        }
        if self.left.is_cancelled() {
            // Spent a moment too early. It is not made for nobody, and the record says so.
            intent::cancelled(&self.app, letter.arrived, *intent).await;
            return Ok(End::Gone);
        }
        let is_modern = admitted.permit.call().era.is_modern();
        // Boxed: as long a way as the whole, which nobody goes while they wait.
        let passed = Box::pin(pass_on(letter, *admitted, *intent, self.seat.clone()));
        let passed = self.unless_gone(is_modern, passed).await;
        Ok(passed.map_or(End::Gone, End::Answer))
    }

    /// An event stream to the client. It has left once it drops that.
    fn stream(&self) -> (mpsc::Sender<Bytes>, Response<Body>) {
        // One event on its way: nothing piles up before a client that reads slowly.
        let (client, events) = mpsc::channel(1);
        let here = self.left.clone().drop_guard();
        let frames = ReceiverStream::new(events).map(move |bytes: Bytes| {
            let _ = &here;
            Ok(Frame::data(bytes))
        });
        let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
        mark_stream(response.headers_mut());
        (client, response)
    }
}

impl End {
    /// For a client that takes no streams, which is owed an answer in any case.
    fn plainly(self, letter: Letter<'_>) -> Answer {
        match self {
            Self::Answer(answer) => answer,
            Self::TakenBack(refusal) => Err(refusal),
            Self::Gone => Err(broken(letter)),
        }
    }
}

/// Whether the client takes event streams.
fn can_listen(letter: Letter<'_>) -> bool {
    let accepts = letter.head.headers.get_all(ACCEPT).iter();
    let mut kinds = accepts
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    kinds.any(|kind| front::media_type(kind).eq_ignore_ascii_case("text/event-stream"))
}

fn broken(letter: Letter<'_>) -> Refusal {
    Refusal::Upstream {
        server: letter.caller.server().name.clone(),
        trouble: Trouble::Broken,
    }
}

/// Progress, for a client that gave a token; it counts the seconds that are left up to nothing, below whatever the server
/// counts from.
pub(super) struct Progress {
    client: mpsc::Sender<Bytes>,
    token: String,
}

impl Progress {
    pub(super) fn say(&self, left: Duration, url: &str) {
        let left = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
        let message = format!("Waiting for a person to approve this call: {url}");
        let text = mcp::answer::progress(&self.token, left.saturating_neg(), &message);
        let event = Event::message(text.into_bytes()).to_bytes();
        // Whoever has gone, or reads slowly, hears nothing of it.
        let _ = self.client.try_send(event.into());
    }
}
