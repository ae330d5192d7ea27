//! A batch (2025-03-26 only): every element is judged for itself, goes upstream by itself, and is answered in order.
//!
//! The answers are one array, until a server answers an element with a stream: from there on the batch is a stream too,
//! so that what a server says or asks before its answer is heard while it matters.

use super::message::one;
use super::refused;
use crate::call::Letter;
use crate::caller::Caller;
use crate::front::{self, Body};
use crate::gateway::Gateway;
use crate::refusal::{Refusal, Toward, Trouble};
use crate::relay::{QUIET, is_stream, mark_stream, pieces, read_answer};
use crate::seats::{Load, Seat};
use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use mcp::sse::{Event, KEEP_ALIVE};
use mcp::{Message, Refused};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument;

/// What the answers of one array may weigh together.
const MOST_BYTES: usize = 16 << 20;

type Element<'d> = Result<Message<'d>, Refused>;

pub async fn answer(
    letter: Letter<'_>,
    elements: Vec<Element<'_>>,
    bytes: &Bytes,
) -> Result<Response<Body>, Refusal> {
    let (era, _) = letter.frame_plain()?;
    if era.is_modern() || !era.revision().has_batches() {
        return Err(malformed(
            None,
            "this revision of the protocol has no batches",
        ));
    }
    let mut answers: Vec<String> = Vec::new();
    let mut weight = 0;
    for (at, element) in elements.into_iter().enumerate() {
        let Some((id, response)) = answered(letter, element, bytes).await else {
            continue;
        };
        if is_stream(response.headers()) {
            let rest = Rest::of(letter, bytes, at + 1);
            return Ok(rest.stream(answers, response.into_body()));
        }
        let mut text = text(letter.caller, id, response, MOST_BYTES - weight).await;
        // It has left its own place.
        let _ = letter.seat.weigh(Load::Answer, 0);
        if !letter.seat.weigh(Load::Gathered, weight + text.len()) {
            text = failed(letter.caller, id, Trouble::NoRoom);
        }
        weight = MOST_BYTES.min(weight + text.len());
        answers.push(text);
    }
    let mut response = Response::new(front::full(""));
    if answers.is_empty() {
        *response.status_mut() = StatusCode::ACCEPTED;
        return Ok(response);
    }
    let whole = Bytes::from(array(answers, weight));
    *response.body_mut() = pieces(whole, Some(letter.seat.clone()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn array(texts: Vec<String>, weight: usize) -> String {
    let mut array = String::with_capacity(weight + texts.len() + 1);
    for (at, text) in texts.into_iter().enumerate() {
        array.push(if at == 0 { '[' } else { ',' });
        array.push_str(&text);
    }
    array.push(']');
    array
}

/// What one element is answered, with its id; what asks for nothing is answered by nothing.
async fn answered<'d>(
    letter: Letter<'_>,
    element: Element<'d>,
    bytes: &Bytes,
) -> Option<(Option<&'d str>, Response<Body>)> {
    let message = match element {
        Err(refused) => {
            let refusal = Refusal::Malformed(refused);
            return Some((None, refusal.answer(Toward::default())));
        }
        Ok(Message::Request(request)) if request.method == "initialize" => {
            let refusal = malformed(Some(request.id), "`initialize` stands alone");
            return Some((Some(request.id), refusal.answer(Toward::default())));
        }
        Ok(message) => message,
    };
    let id = match message {
        Message::Request(request) => Some(request.id),
        _ => None,
    };
    // The elements before may have taken long: each is judged by what is in force when its turn comes.
    let response = match letter.caller.renewed(letter.app) {
        Ok(caller) => {
            let caller = &caller;
            // Boxed: an element's way is as large as a whole request's.
            Box::pin(one(Letter { caller, ..letter }, message, bytes)).await
        }
        Err(refusal) => {
            let is_modern = false;
            refused(letter.app, &refusal, Toward { id, is_modern })
        }
    };
    (id.is_some() || !response.status().is_success()).then_some((id, response))
}

async fn text(caller: &Caller, id: Option<&str>, response: Response<Body>, most: usize) -> String {
    let (head, body) = response.into_parts();
    let said = read_answer(&head.headers, body, id.unwrap_or("null")).await;
    said.filter(|text| text.len() <= most)
        .unwrap_or_else(|| failed(caller, id, Trouble::TooLarge))
}

fn failed(caller: &Caller, id: Option<&str>, trouble: Trouble) -> String {
    let server = caller.server().name.clone();
    let is_modern = false;
    Refusal::Upstream { server, trouble }.message(Toward { id, is_modern })
}

fn malformed(id: Option<&str>, message: &str) -> Refusal {
    Refusal::Malformed(Refused {
        id: id.map(str::to_owned),
        code: -32600,
        message: message.to_owned(),
    })
}

/// The elements from `next` on, each when the one before is done. A client that hangs up cancels none of them.
struct Rest {
    app: Arc<Gateway>,
    caller: Caller,
    head: Parts,
    arrived: Instant,
    seat: Seat,
    bytes: Bytes,
    next: usize,
}

impl Rest {
    fn of(letter: Letter<'_>, bytes: &Bytes, next: usize) -> Self {
        Self {
            app: Arc::clone(letter.app),
            caller: letter.caller.clone(),
            head: letter.head.clone(),
            arrived: letter.arrived,
            seat: letter.seat.clone(),
            bytes: bytes.clone(),
            next,
        }
    }

    fn stream(self, answers: Vec<String>, first: Body) -> Response<Body> {
        // One event on its way: nothing piles up before a client that reads slowly.
        let (client, events) = mpsc::channel(1);
        let frames = ReceiverStream::new(events).map(|bytes: Bytes| Ok(Frame::data(bytes)));
        tokio::spawn(self.run(client, answers, first).in_current_span());
        let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
        mark_stream(response.headers_mut());
        response
    }

    async fn run(self, client: mpsc::Sender<Bytes>, answers: Vec<String>, first: Body) {
        for text in answers {
            say(&client, text).await;
        }
        let _ = self.seat.weigh(Load::Gathered, 0);
        pipe(&client, first).await;
        let Ok(document) = mcp::parse(&self.bytes) else {
            return;
        };
        let Ok(mcp::Body::Batch(elements)) = mcp::Body::of(&document) else {
            return;
        };
        let letter = Letter {
            app: &self.app,
            caller: &self.caller,
            head: &self.head,
            arrived: self.arrived,
            seat: &self.seat,
        };
        for element in elements.into_iter().skip(self.next) {
            let Some((id, response)) =
                kept_alive(&client, answered(letter, element, &self.bytes)).await
            else {
                continue;
            };
            if is_stream(response.headers()) {
                pipe(&client, response.into_body()).await;
            } else {
                let text = kept_alive(&client, text(&self.caller, id, response, MOST_BYTES)).await;
                say(&client, text).await;
            }
        }
    }
}

pub(super) async fn say(client: &mpsc::Sender<Bytes>, text: String) {
    let event = Event::message(text.into_bytes()).to_bytes();
    // Whoever has gone hears nothing.
    let _ = client.send(event.into()).await;
}

/// The events of an element's own stream, which has framed them already.
pub(super) async fn pipe(client: &mpsc::Sender<Bytes>, mut body: Body) {
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        if client.send(bytes).await.is_err() {
            return;
        }
    }
}

pub(super) async fn kept_alive<T>(
    client: &mpsc::Sender<Bytes>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = work.as_mut() => return done,
            () = tokio::time::sleep(QUIET) => {
                // A full channel is not quiet.
                let _ = client.try_send(Bytes::from_static(KEEP_ALIVE));
            }
        }
    }
}
