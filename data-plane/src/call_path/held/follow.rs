//! A held call whose client listens while people decide: an event stream with words of progress, and the answer at its
//! end. A client that leaves ends the waiting.

use super::{Meanwhile, Waiting, on_hold, to_the_end};
use crate::call::Letter;
use crate::call_path::batch::{kept_alive, pipe, say};
use crate::call_path::intent;
use crate::caller::Caller;
use crate::front::{self, Body};
use crate::gateway::Gateway;
use crate::refusal::{Refusal, Toward};
use crate::relay::{is_stream, mark_stream, read_answer};
use crate::seats::Seat;
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
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument;

/// Whether the client takes event streams.
pub fn can_listen(letter: Letter<'_>) -> bool {
    let accepts = letter.head.headers.get_all(ACCEPT).iter();
    let mut kinds = accepts
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    kinds.any(|kind| front::media_type(kind).eq_ignore_ascii_case("text/event-stream"))
}

pub fn follow(
    letter: Letter<'_>,
    request: &mcp::Request<'_>,
    seat: Seat,
    bytes: &Bytes,
    waiting: Waiting,
    until: tokio::time::Instant,
) -> Response<Body> {
    let span = request.span.start as usize..request.span.end as usize;
    let listening = Listening {
        app: Arc::clone(letter.app),
        caller: letter.caller.clone(),
        head: letter.head.clone(),
        arrived: letter.arrived,
        seat,
        bytes: bytes.slice(span),
    };
    // One event on its way: nothing piles up before a client that reads slowly.
    let (client, events) = mpsc::channel(1);
    let frames = ReceiverStream::new(events).map(|bytes: Bytes| Ok(Frame::data(bytes)));
    tokio::spawn(listening.run(client, waiting, until).in_current_span());
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    mark_stream(response.headers_mut());
    response
}

/// The request, for a task of its own.
struct Listening {
    app: Arc<Gateway>,
    caller: Caller,
    head: Parts,
    arrived: Instant,
    seat: Seat,
    bytes: Bytes,
}

impl Listening {
    async fn run(self, client: mpsc::Sender<Bytes>, waiting: Waiting, until: tokio::time::Instant) {
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
        let is_modern = waiting.held.call.era.is_modern();
        let mut progress = Progress {
            client: client.clone(),
            token: request
                .progress_token()
                .map(|token| token.span.of(document.text).to_owned()),
        };
        let left = on_hold(&self.app, &waiting.held, Some(waiting.approval));
        let work = to_the_end(
            letter,
            &request,
            self.seat.clone(),
            waiting,
            until,
            &mut progress,
        );
        let response = tokio::select! {
            response = kept_alive(&client, work) => response,
            () = client.closed() => {
                intent::refused(&self.app, self.arrived, left).await;
                return;
            }
        };
        let toward = Toward {
            id: Some(request.id),
            is_modern,
        };
        match response {
            Ok(response) if is_stream(response.headers()) => {
                pipe(&client, response.into_body()).await;
            }
            Ok(response) => {
                let (head, body) = response.into_parts();
                let text = read_answer(&head.headers, body, request.id).await;
                say(&client, text.unwrap_or_else(|| broken(letter, toward))).await;
            }
            Err(refusal) => say(&client, refusal.message(toward)).await,
        }
    }
}

fn broken(letter: Letter<'_>, toward: Toward<'_>) -> String {
    let server = letter.caller.server().name.clone();
    let trouble = crate::refusal::Trouble::Broken;
    Refusal::Upstream { server, trouble }.message(toward)
}

/// Progress, for a client that gave a token; it counts the seconds that are left up to nothing, below whatever the server
/// counts from.
struct Progress {
    client: mpsc::Sender<Bytes>,
    token: Option<String>,
}

impl Meanwhile for Progress {
    async fn say(&mut self, left: Duration, url: &str) {
        let Some(token) = &self.token else { return };
        let left = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
        let message = format!("Waiting for a person to approve this call: {url}");
        let text = mcp::answer::progress(token, left.saturating_neg(), &message);
        let event = Event::message(text.into_bytes()).to_bytes();
        // Whoever has gone, or reads slowly, hears nothing of it.
        let _ = self.client.try_send(event.into());
    }
}
