//! One body: a message, or a batch of them, each answered with its own id.

use super::held::take_back_elsewhere;
use super::{batch, pass, plain, refused, span};
use crate::call::{Call, Letter, said_version};
use crate::front::{self, Body};
use crate::gateway::Gateway;
use crate::refusal::{Refusal, Toward};
use crate::seats::{Busy, Load};
use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use mcp::{Message, Notification};
use tracing::Instrument;

pub async fn post(letter: Letter<'_>, bytes: &Bytes) -> Result<Response<Body>, Refusal> {
    let document = mcp::parse(bytes).map_err(Refusal::Malformed)?;
    let body = mcp::Body::of(&document).map_err(Refusal::Malformed)?;
    // Until the answer begins, the tree is held beside the bytes.
    let weight = bytes.len().saturating_add(document.kept);
    if !letter.seat.weigh(Load::Question, weight) {
        let busy = Refusal::Busy(Busy::Org);
        return Ok(told_to_wait(letter.app, letter.head, Some(&body), &busy));
    }
    match body {
        mcp::Body::One(message) => Ok(one(letter, message, bytes).await),
        mcp::Body::Batch(elements) => batch::answer(letter, elements, bytes).await,
    }
}

pub async fn one(letter: Letter<'_>, message: Message<'_>, bytes: &Bytes) -> Response<Body> {
    let (answered, toward) = match message {
        Message::Request(request) => {
            let is_modern = letter.frame_plain().is_ok_and(|(era, _)| era.is_modern());
            let passed = pass(letter, &request, bytes)
                .instrument(span::of_call(letter, &request))
                .await;
            (
                passed,
                Toward {
                    id: Some(request.id),
                    is_modern,
                },
            )
        }
        Message::Notification(notification) => {
            (notify(letter, notification, bytes).await, Toward::default())
        }
        Message::Response(response) => (reply(letter, response, bytes).await, Toward::default()),
    };
    answered.unwrap_or_else(|refusal| refused(letter.app, &refusal, toward))
}

async fn notify(
    letter: Letter<'_>,
    notification: Notification<'_>,
    bytes: &Bytes,
) -> Result<Response<Body>, Refusal> {
    if mcp::is_request(notification.method) {
        let message = "the request has no `id`".to_owned();
        return Err(Refusal::Malformed(mcp::Refused {
            id: None,
            code: -32600,
            message,
        }));
    }
    let (era, presented) = letter.frame_plain()?;
    if era.is_modern() || !mcp::notification_is_known(notification.method) {
        // The modern era has none from clients, and one that nobody knows is nobody's: taken, and dropped.
        return Ok(accepted());
    }
    let call = Call::notification(&letter, &notification, era, presented, bytes)?;
    // The server was never asked what waits for people here.
    if takes_back(letter, &call, &notification, bytes) {
        return Ok(accepted());
    }
    plain(letter, call).await
}

fn accepted() -> Response<Body> {
    let mut accepted = Response::new(front::full(""));
    *accepted.status_mut() = StatusCode::ACCEPTED;
    accepted
}

/// Whether it took back a held call that waited in this replica.
fn takes_back(
    letter: Letter<'_>,
    call: &Call,
    notification: &Notification<'_>,
    bytes: &Bytes,
) -> bool {
    if notification.method != "notifications/cancelled" {
        return false;
    }
    let id = notification.params.and_then(|it| it.get("requestId"));
    let id = id.and_then(|id| bytes.get(id.span.start as usize..id.span.end as usize));
    let id = id.and_then(|id| std::str::from_utf8(id).ok());
    let Some(id) = id else {
        return false;
    };
    let is_here = letter.app.held.take_back(call.session_key(), id);
    if !is_here {
        take_back_elsewhere(letter.app, call, id);
    }
    is_here
}

/// The client's answer to a question of the server's: only to one that was asked on this session. It goes on with the id
/// that the server gave.
async fn reply(
    letter: Letter<'_>,
    response: mcp::Response<'_>,
    bytes: &Bytes,
) -> Result<Response<Body>, Refusal> {
    let (era, presented) = letter.frame_plain()?;
    if era.is_modern() {
        return Err(Refusal::Unasked);
    }
    let call = Call::answer(&letter, &response, era, presented, bytes)?;
    plain(letter, call).await
}

/// The answer to whoever has no seat: by its id, where it is one request that can be read.
pub fn turned_away(app: &Gateway, head: &Parts, bytes: &[u8], refusal: &Refusal) -> Response<Body> {
    let document = mcp::parse(bytes).ok();
    let body = document.as_ref().map(mcp::Body::of).and_then(Result::ok);
    told_to_wait(app, head, body.as_ref(), refusal)
}

fn told_to_wait(
    app: &Gateway,
    head: &Parts,
    body: Option<&mcp::Body<'_>>,
    refusal: &Refusal,
) -> Response<Body> {
    let Some(mcp::Body::One(Message::Request(request))) = body else {
        return refused(app, refusal, Toward::default());
    };
    let era = mcp::era_of_header(said_version(&head.headers), mcp::Revision::UNSAID);
    let toward = Toward {
        id: Some(request.id),
        is_modern: era.is_ok_and(mcp::Era::is_modern),
    };
    refused(app, refusal, toward)
}
