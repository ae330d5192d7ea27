//! THE request, from its first byte to its answer. Read top to bottom; each room has a file.
//!
//! front → caller → seats → call → gate → budget → record → relay. Nothing goes upstream but through here, and nothing is sent
//! that was not judged.

mod batch;
mod capture;
mod held;
mod intent;
mod message;
mod span;

pub use held::HeldCalls;

use crate::budget::{Ask, Charged, Held, Mode, Revoked};
use crate::call::{Call, Letter};
use crate::caller::{self, Caller};
use crate::front::{self, Body, Entrance};
use crate::gate::{self, Admitted, Judgement};
use crate::gateway::Gateway;
use crate::lists::{self, Tool};
use crate::record::Written;
use crate::refusal::{Refusal, Toward};
use crate::relay::{self, Carried};
use crate::seats::{Kind, Seat};
use bundle::feed::Fill;
use bundle::record::{Intent, Limiter, Shadow, Verdict, Would};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use mcp::Rule;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;

/// Answers one request of a client.
pub async fn answer(app: &Arc<Gateway>, request: Request<Incoming>) -> Response<Body> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let span = span::of_request(&head);
    let entered = enter(app, &head, body, arrived)
        .instrument(span.clone())
        .await;
    let mut response = entered
        .unwrap_or_else(|refusal| span.in_scope(|| refused(app, &refusal, Toward::default())));
    span.record("http.response.status_code", response.status().as_u16());
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
    let route = front::admit(&app.entrance, &app.intake, head)?;
    if let Some(preflight) = Entrance::preflight(head) {
        return Ok(preflight);
    }
    let caller = caller::recognise(app, &head.headers, &route, head.uri.path())?;
    let kind = match head.method {
        Method::POST if !front::is_json(head) => return Err(Refusal::NotJson),
        Method::POST | Method::DELETE => Kind::Call,
        Method::GET => Kind::Stream,
        _ => {
            return Err(Refusal::WrongVerb {
                allowed: "POST, GET, DELETE",
            });
        }
    };
    let seat = match seat(app, &caller, kind) {
        Ok(seat) => seat,
        Err(busy) if head.method == Method::POST => {
            let bytes = app.intake.glance(body, &busy).await?;
            return Ok(message::turned_away(app, head, &bytes, &busy));
        }
        Err(busy) => return Err(busy),
    };
    let letter = Letter {
        app,
        caller: &caller,
        head,
        arrived,
        seat: &seat,
    };
    match head.method {
        Method::GET => plain(letter, Call::stream(&letter)?).await,
        Method::DELETE => plain(letter, Call::end(&letter)?).await,
        _ => {
            let bytes = app.intake.read(body, &seat).await?;
            // A body may take its time, and what was published in that time judges it.
            let caller = &caller.renewed(app)?;
            message::post(Letter { caller, ..letter }, &bytes).await
        }
    }
}

fn seat(app: &Gateway, caller: &Caller, kind: Kind) -> Result<Seat, Refusal> {
    let org = caller.org.bundle().org.id;
    app.seats
        .take(kind, org, caller.grant().id)
        .map_err(Refusal::Busy)
}

/// A request of the client's, through every room in order.
async fn pass(
    letter: Letter<'_>,
    request: &mcp::Request<'_>,
    bytes: &Bytes,
) -> Result<Response<Body>, Refusal> {
    let app = letter.app;
    let (era, presented) = letter.frame(request)?;
    let mut call = Call::request(&letter, request, era, presented, bytes)?;
    let seat = match mcp::rule(request.method, era) {
        Some(Rule::Listen) => {
            call.detach();
            seat(app, letter.caller, Kind::Stream)?
        }
        _ => letter.seat.clone(),
    };
    is_fresh(app, &call)?;
    let renewed = looked_again(letter, &call).await?;
    if let Some(caller) = &renewed {
        call.caller = caller.clone();
    }
    let caller = renewed.as_ref().unwrap_or(letter.caller);
    let letter = Letter { caller, ..letter };
    let tool = known(letter, request, era)?;
    let mut intent = intent::of(app, &call);
    capture::of(app, &call, request.param("arguments"));
    let admitted = match gate::judge(call, request.param("arguments"), tool.as_ref()) {
        Judgement::Admitted(admitted) => *admitted,
        Judgement::Empty(key) => {
            return Ok(front::json(mcp::answer::empty_list(
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
        Judgement::Held(held) => {
            return held::held(letter, request, seat, bytes, *held).await;
        }
    };
    go_on(letter, admitted, intent, seat).await
}

/// What the gate has let through: charged, recorded and relayed.
async fn go_on(
    letter: Letter<'_>,
    admitted: Admitted,
    mut intent: Intent,
    seat: Seat,
) -> Result<Response<Body>, Refusal> {
    let app = letter.app;
    intent.shadow = admitted.shadows.iter().cloned().collect();
    let hold = charge(letter, &admitted, &mut intent).await?;
    let (written, hold) = record(letter, &admitted, intent, hold).await?;
    app.meter.added(letter.arrived.elapsed());
    relay::relay(
        app,
        admitted.permit,
        Carried {
            written,
            hold: Some(hold),
            seat: Some(seat),
        },
    )
    .await
}

/// What is no request of its own: judged by the gate, charged and recorded with the request it belongs to.
async fn plain(letter: Letter<'_>, call: Call) -> Result<Response<Body>, Refusal> {
    let app = letter.app;
    is_fresh(app, &call)?;
    match gate::judge(call, None, None) {
        Judgement::Admitted(admitted) => {
            let carried = Carried {
                seat: Some(letter.seat.clone()),
                ..Carried::default()
            };
            relay::relay(app, admitted.permit, carried).await
        }
        Judgement::Refused(refused) => Err(refused.refusal),
        Judgement::Empty(_) | Judgement::Held(_) => Err(Refusal::UnknownMethod),
    }
}

/// An organisation may ask not to be judged by a bundle that nobody has confirmed for long.
fn is_fresh(app: &Gateway, call: &Call) -> Result<(), Refusal> {
    if app.holder.is_too_old(&call.caller.org, call.at_ms) {
        return Err(Refusal::Stale);
    }
    Ok(())
}

/// Where the tool that the call names is unknown, or hidden, the server's list is read again first: for both, so that time
/// does not tell them apart. So it is where definitions are pinned and the last reading is a minute old. Answers who the
/// caller is by then.
async fn looked_again(letter: Letter<'_>, call: &Call) -> Result<Option<Caller>, Refusal> {
    let (app, caller) = (letter.app, letter.caller);
    let Some(name) = call.as_request().and_then(|request| request.tool.as_ref()) else {
        return Ok(None);
    };
    tracing::Span::current().record("gen_ai.tool.name", span::shown(name));
    let tool = Tool::of(caller, &app.seen, name);
    if !gate::is_out_of_sight(caller, name, &tool) && !lists::must_be_read(&app.seen, caller) {
        return Ok(None);
    }
    lists::read_again(app, caller).await;
    caller.renewed(app).map(Some)
}

/// What is known of the tool that the call names, if it names one.
fn known<'a>(
    letter: Letter<'a>,
    request: &mcp::Request<'a>,
    era: mcp::Era,
) -> Result<Option<Tool<'a>>, Refusal> {
    let (app, caller) = (letter.app, letter.caller);
    let named = (request.method == "tools/call").then(|| request.tool_call().ok());
    let Some(asked) = named.flatten() else {
        return Ok(None);
    };
    let tool = Tool::of(caller, &app.seen, asked.name);
    // What a hidden tool's schema asks for would tell that there is one.
    if era.is_modern() && !gate::is_out_of_sight(caller, asked.name, &tool) {
        letter
            .check_params(tool.param_headers(), asked.arguments)
            .map_err(Refusal::Framed)?;
    }
    Ok(Some(tool))
}

/// Charges every limit of the call, or none.
async fn charge(
    letter: Letter<'_>,
    admitted: &Admitted,
    intent: &mut Intent,
) -> Result<Held, Refusal> {
    let (app, caller, call) = (letter.app, letter.caller, admitted.permit.call());
    let owed: Vec<_> = admitted.due.iter().map(|due| due.charge.clone()).collect();
    let in_shadow: Vec<_> = admitted
        .shadow_due
        .iter()
        .map(|due| due.charge.clone())
        .collect();
    let ask = Ask {
        org: caller.org.bundle().org.id,
        version: caller.org.version(),
        call: call.id,
        grant: caller.grant().id,
        server: caller.server().id,
        charges: &owed,
        shadow: &in_shadow,
    };
    let began = Instant::now();
    let charged = app.budget.charge(&ask).await;
    if let Charged::Passed { full, .. } | Charged::Refused { full, .. } = &charged {
        for &(index, used) in full {
            tell(letter, admitted, intent, index, used);
        }
    }
    let (index, wait, mode) = match charged {
        Charged::Passed {
            mode, hold, would, ..
        } => {
            app.meter.limiter(mode.as_str(), began.elapsed());
            intent.limiter = limiter(mode);
            intent.charges = hold.kept();
            let would = would
                .iter()
                .filter_map(|index| admitted.shadow_due.get(*index));
            intent.shadow = admitted
                .shadows
                .iter()
                .cloned()
                .chain(would.map(|due| Shadow {
                    would: Would::Limit,
                    rule: due.rule.as_str().into(),
                }))
                .collect();
            return Ok(hold);
        }
        Charged::Revoked {
            what: Revoked::Grant,
        } => return Err(caller.revoked()),
        Charged::Revoked {
            what: Revoked::Org | Revoked::Server,
        } => return Err(Refusal::SwitchedOff),
        Charged::Refused {
            index,
            retry_after_ms,
            mode,
            ..
        } => (index, retry_after_ms, mode),
    };
    app.meter.limiter(mode.as_str(), began.elapsed());
    // INVARIANT: the index is one of the charges that were asked for. Were it not, no would still be no.
    let due = admitted
        .due
        .get(index)
        .or(admitted.due.first())
        .ok_or(Refusal::Stale)?;
    intent.verdict = Verdict::Limit;
    intent.rule = Some(due.rule.as_str().into());
    intent.limiter = limiter(mode);
    intent::refused(app, letter.arrived, intent.clone()).await;
    Err(gate::limited(call, due, wait))
}

/// For people to see: a budget that is nearly used up.
fn tell(letter: Letter<'_>, admitted: &Admitted, intent: &Intent, index: usize, used: u64) {
    let (Some(due), Some(policy)) = (admitted.due.get(index), &intent.policy) else {
        return;
    };
    letter.app.fills.saw(Fill {
        org: letter.caller.org.bundle().org.id,
        grant: letter.caller.grant().id,
        policy: policy.id,
        rule: due.rule.clone(),
        used,
        max: due.charge.max,
        window_ms: due.charge.window_ms,
        at: letter.app.now_ms(),
    });
}

/// Writes the intent: no record, no call.
async fn record(
    letter: Letter<'_>,
    admitted: &Admitted,
    intent: Intent,
    hold: Held,
) -> Result<(Option<Written>, Held), Refusal> {
    let app = letter.app;
    let request = admitted.permit.call().as_request();
    if !request.is_some_and(|request| gate::is_recorded(request.rule)) {
        intent::judged(app, &intent);
        return Ok((None, hold));
    }
    match app
        .recorder
        .intent(intent::stamped(app, letter.arrived, intent), admitted.level)
        .await
    {
        Ok(written) => Ok((Some(written), hold)),
        Err(closed) => {
            hold.refund().await;
            Err(Refusal::Unrecorded(closed))
        }
    }
}

fn refused(app: &Gateway, refusal: &Refusal, toward: Toward<'_>) -> Response<Body> {
    app.meter.refused(refusal.label());
    tracing::debug!(refusal = refusal.label(), "refused");
    refusal.answer(toward)
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
