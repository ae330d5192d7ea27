//! THE request, from its first byte to its answer. Read top to bottom; each room has a file.
//!
//! front → caller → call → gate → budget → record → relay. Nothing goes upstream but through here, and nothing is sent
//! that was not judged.

mod batch;
mod intent;

use crate::budget::{Ask, Charged, Mode, Revoked};
use crate::call::{Call, Letter};
use crate::caller;
use crate::front::{self, Body, Entrance};
use crate::gate::{self, Judgement, Permit};
use crate::gateway::Gateway;
use crate::lists::{self, Tool};
use crate::refusal::{Refusal, Toward};
use crate::relay::{self, Carried};
use bundle::record::{Limiter, Verdict};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use mcp::Message;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;

/// Answers one request of a client.
pub async fn answer(app: &Arc<Gateway>, request: Request<Incoming>) -> Response<Body> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let mut response = match enter(app, &head, body, arrived).await {
        Ok(response) => response,
        Err(refusal) => {
            tracing::debug!(refusal = refusal.label(), "refused at the front");
            refusal.answer(Toward::default())
        }
    };
    app.entrance.share(&head.headers, response.headers_mut());
    response
}

/// Everything that needs no message: front, caller, and what has no body.
async fn enter(
    app: &Arc<Gateway>,
    head: &Parts,
    body: Incoming,
    arrived: Instant,
) -> Result<Response<Body>, Refusal> {
    let route = front::admit(&app.entrance, head)?;
    if let Some(preflight) = Entrance::preflight(head) {
        return Ok(preflight);
    }
    let caller = caller::recognise(app, &head.headers, &route, head.uri.path())?;
    let letter = Letter {
        app,
        caller: &caller,
        head,
        arrived,
    };
    match head.method {
        Method::POST => {
            if !front::is_json(head) {
                return Err(Refusal::NotJson);
            }
            let bytes = front::read(body).await?;
            post(letter, &bytes).await
        }
        Method::GET | Method::DELETE => {
            let (era, presented) = letter.frame_plain()?;
            if era.is_modern() {
                return Err(Refusal::WrongVerb { allowed: "POST" });
            }
            let call = if head.method == Method::GET {
                Call::stream(&letter, era, presented)
            } else {
                Call::end(&letter, era, presented)
            };
            unmetered(app, call).await
        }
        _ => Err(Refusal::WrongVerb {
            allowed: "POST, GET, DELETE",
        }),
    }
}

/// One body: a message, or a batch where the revision has them.
async fn post(letter: Letter<'_>, bytes: &Bytes) -> Result<Response<Body>, Refusal> {
    let document = mcp::parse(bytes).map_err(Refusal::Malformed)?;
    match mcp::Body::of(&document).map_err(Refusal::Malformed)? {
        mcp::Body::One(message) => Ok(one(letter, message, bytes).await),
        mcp::Body::Batch(elements) => batch::answer(letter, elements, bytes).await,
    }
}

/// One message, answered: a refusal of it carries its id.
async fn one(letter: Letter<'_>, message: Message<'_>, bytes: &Bytes) -> Response<Body> {
    match message {
        Message::Request(request) => {
            let is_modern = letter.frame_plain().is_ok_and(|(era, _)| era.is_modern());
            let toward = Toward {
                id: Some(request.id),
                is_modern,
            };
            let span = tracing::info_span!(
                "call",
                "mcp.method.name" = request.method,
                "gen_ai.tool.name" = tracing::field::Empty,
                "org.id" = %letter.caller.org.bundle().org.id,
                "portcullis.verdict" = tracing::field::Empty,
            );
            match self::request(letter, &request, bytes)
                .instrument(span)
                .await
            {
                Ok(response) => response,
                Err(refusal) => refusal.answer(toward),
            }
        }
        Message::Notification(notification) => {
            let sent = slice(bytes, notification.text);
            let refused = |refusal: Refusal| refusal.answer(Toward::default());
            if mcp::is_request(notification.method) {
                let refused = mcp::Refused {
                    id: None,
                    code: -32600,
                    message: "the request has no `id`".to_owned(),
                };
                return Refusal::Malformed(refused).answer(Toward::default());
            }
            match letter.frame_plain() {
                Err(refusal) => refused(refusal),
                Ok((era, presented))
                    if !era.is_modern() && mcp::notification_is_known(notification.method) =>
                {
                    let call = Call::notification(&letter, era, presented, sent);
                    unmetered(letter.app, call).await.unwrap_or_else(refused)
                }
                // The modern era has none from clients, and one that nobody knows is nobody's.
                Ok(_) => accepted(),
            }
        }
        Message::Response(response) => {
            let sent = slice(bytes, response.text);
            let answered = match letter.frame_plain() {
                Err(refusal) => Err(refusal),
                Ok((era, _)) if era.is_modern() => Err(Refusal::Unasked),
                Ok((era, presented)) => {
                    let call = Call::answer(&letter, era, presented, sent);
                    if letter.app.asked.take(&call.session_key(), response.id) {
                        unmetered(letter.app, call).await
                    } else {
                        Err(Refusal::Unasked)
                    }
                }
            };
            answered.unwrap_or_else(|refusal| refusal.answer(Toward::default()))
        }
    }
}

/// A request of the client's: read, judged, charged, recorded, relayed.
async fn request(
    letter: Letter<'_>,
    request: &mcp::Request<'_>,
    bytes: &Bytes,
) -> Result<Response<Body>, Refusal> {
    let app = letter.app;
    let (era, presented) = letter.frame(request)?;
    let call = Call::request(&letter, request, era, presented, bytes)?;
    if app.holder.is_too_old(&call.caller.org, call.at_ms) {
        return Err(Refusal::Stale);
    }
    let arguments = request.param("arguments");
    let caller = letter.caller;
    let tool = call.as_request().and_then(|request| request.tool.clone());
    if let Some(name) = &tool {
        tracing::Span::current().record("gen_ai.tool.name", name.as_str());
        if gate::is_out_of_sight(caller, name, &Tool::of(caller, &app.seen, name)) {
            lists::read_again(app, caller).await;
        }
    }
    let mut intent = intent::of(app, &call);
    let known = tool
        .as_deref()
        .map(|name| Tool::of(caller, &app.seen, name));
    let is_recorded = call
        .as_request()
        .is_some_and(|request| gate::is_recorded(request.rule));
    let admitted = match gate::judge(call, arguments, known.as_ref()) {
        Judgement::Empty(key) => {
            return Ok(front_json(mcp::answer::empty_list(
                request.id,
                key,
                era.is_modern(),
            )));
        }
        Judgement::Refused(refused) => {
            intent.verdict = refused.verdict;
            intent.rule = Some(refused.rule.as_str().into());
            intent.shadow = refused.shadows.into_iter().collect();
            intent::refused(app, letter.arrived, intent).await;
            return Err(refused.refusal);
        }
        Judgement::Admitted(admitted) => *admitted,
    };
    intent.shadow = admitted.shadows.into_iter().collect();
    let call = admitted.permit.call();

    let charges: Vec<_> = admitted.due.iter().map(|due| due.charge.clone()).collect();
    let ask = Ask {
        org: caller.org.bundle().org.id,
        call: call.id,
        grant: caller.grant().id,
        server: caller.server().id,
        charges: &charges,
    };
    let (mode, hold) = match app.budget.charge(&ask).await {
        Charged::Passed { mode, hold } => (mode, hold),
        Charged::Refused {
            index,
            retry_after_ms,
            mode,
        } => {
            // A limit that is closed for want of counters may open any moment.
            let wait = if mode == Mode::Closed {
                Some(1000)
            } else {
                retry_after_ms
            };
            let Some(due) = admitted.due.get(index) else {
                return Err(Refusal::Stale);
            };
            intent.verdict = Verdict::Limit;
            intent.rule = Some(due.rule.as_str().into());
            intent.limiter = limiter(mode);
            let refusal = gate::limited(call, due, wait);
            intent::refused(app, letter.arrived, intent).await;
            return Err(refusal);
        }
        Charged::Revoked { what } => {
            return Err(match what {
                Revoked::Grant => caller.revoked(),
                Revoked::Org | Revoked::Server => Refusal::SwitchedOff,
            });
        }
    };
    intent.limiter = limiter(mode);
    intent::verdict(Verdict::Allow);
    let written = if is_recorded {
        intent::stamp(&mut intent, letter.arrived);
        match app.recorder.intent(intent, admitted.level).await {
            Ok(written) => Some(written),
            Err(closed) => {
                hold.refund().await;
                return Err(Refusal::Unrecorded {
                    retry_after_seconds: closed.retry_after_seconds(),
                });
            }
        }
    } else {
        None
    };
    relay::relay(
        app,
        admitted.permit,
        Carried {
            written,
            hold: Some(hold),
        },
    )
    .await
}

/// What is no request of its own: judged by the gate, charged and recorded with the request it belongs to.
async fn unmetered(app: &Arc<Gateway>, call: Call) -> Result<Response<Body>, Refusal> {
    let permit: Permit = match gate::judge(call, None, None) {
        Judgement::Admitted(admitted) => admitted.permit,
        Judgement::Refused(refused) => return Err(refused.refusal),
        Judgement::Empty(_) => return Err(Refusal::UnknownMethod),
    };
    relay::relay(app, permit, Carried::default()).await
}

fn accepted() -> Response<Body> {
    let mut response = Response::new(front::full(""));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn front_json(text: String) -> Response<Body> {
    let mut response = Response::new(front::full(text));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The bytes of one message: all of them, where it is alone.
fn slice(bytes: &Bytes, text: &str) -> Bytes {
    if bytes.len() == text.len() {
        bytes.clone()
    } else {
        Bytes::copy_from_slice(text.as_bytes())
    }
}

const fn limiter(mode: Mode) -> Limiter {
    match mode {
        Mode::None => Limiter::None,
        Mode::Shared => Limiter::Shared,
        Mode::Memory => Limiter::Memory,
        Mode::Share => Limiter::Share,
        Mode::Open => Limiter::Open,
        Mode::Closed => Limiter::Closed,
    }
}
