//! Who is told: looking, and saying it anew.

use super::{LONGEST_MIN, MOST, Quiet, Route, Routing, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::DbError;
use crate::event::{Event, difference};
use crate::http::read::Faults;
use crate::problem::Fault;
use crate::server::tool::Severity;
use ids::{ServerId, WebhookId};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const LONGEST_RULE: usize = 500;

#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn show(app: &App, caller: &Caller) -> Result<Routing, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Administer)?).await?;
    let org = tx.org();
    Ok(store::read(tx.sql(), org).await?)
}

/// All of it, instead of what there was.
pub async fn replace(
    app: &App,
    caller: &Caller,
    routing: Routing,
) -> Result<Routing, RoutingError> {
    let allowed = caller.allow(Action::Administer)?;
    let mut tx = app.db().write(allowed, app.now()).await?;
    // Nobody takes a webhook away while it is being named.
    tx.alone().await?;
    let org = tx.org();
    let before = store::read(tx.sql(), org).await?;
    let mut faults = Faults::default();
    if let Some(quiet) = &routing.quiet {
        hours(&mut faults, quiet);
        if !store::is_zone(&mut tx, &quiet.zone).await? {
            faults.add("/quiet/zone", "expected a time zone like `Europe/Berlin`");
        }
    }
    if routing.routes.len() > MOST {
        faults.add("/routes", format!("expected at most {MOST}"));
    }
    let there = store::there(&mut tx).await?;
    for (at, route) in routing.routes.iter().take(MOST).enumerate() {
        look(&mut faults, &format!("/routes/{at}"), route, &there);
    }
    faults.into_result().map_err(RoutingError::Invalid)?;
    store::replace(&mut tx, &routing).await?;
    let after = store::read(tx.sql(), org).await?;
    let (said_before, said_after) = difference(said(&before), said(&after));
    let event = Event::RoutingChanged {
        org,
        before: said_before,
        after: said_after,
    };
    tx.commit(event).await?;
    Ok(after)
}

fn said(routing: &Routing) -> Map<String, Value> {
    let value = serde_json::to_value(routing).ok();
    value
        .and_then(|value| value.as_object().cloned())
        .unwrap_or_default()
}

fn hours(faults: &mut Faults, quiet: &Quiet) {
    for (pointer, text) in [("/quiet/from", &quiet.from), ("/quiet/until", &quiet.until)] {
        if !is_hour(text) {
            faults.add(pointer, "expected a time of day like `22:00`");
        }
    }
    if quiet.from == quiet.until {
        faults.add("/quiet/until", "expected another time than `from`");
    }
}

fn is_hour(text: &str) -> bool {
    let two = |part: &str, below: u8| {
        part.len() == 2
            && part.bytes().all(|it| it.is_ascii_digit())
            && part.parse::<u8>().is_ok_and(|number| number < below)
    };
    let parts = text.split_once(':');
    parts.is_some_and(|(hour, minute)| two(hour, 24) && two(minute, 60))
}

fn look(
    faults: &mut Faults,
    at: &str,
    route: &Route,
    (servers, webhooks): &(BTreeSet<ServerId>, BTreeSet<WebhookId>),
) {
    if route
        .server
        .is_some_and(|server| !servers.contains(&server))
    {
        faults.add(format!("{at}/server"), "there is no such server");
    }
    let severity = route.severity.as_deref();
    if severity.is_some_and(|word| Severity::parse(word).is_none()) {
        let expected = "expected `low`, `medium`, `high` or `critical`";
        faults.add(format!("{at}/severity"), expected);
    }
    let is_pointer = |rule: &str| {
        rule.starts_with('/')
            && !rule.ends_with('/')
            && rule.len() <= LONGEST_RULE
            && !rule.chars().any(char::is_control)
    };
    if route.rule.as_deref().is_some_and(|rule| !is_pointer(rule)) {
        let expected =
            "expected a rule's pointer, or the beginning of one, like `/tools/create_refund`";
        faults.add(format!("{at}/rule"), expected);
    }
    let mut known = |place: String, ids: &[WebhookId]| {
        if let Some(nth) = ids.iter().position(|id| !webhooks.contains(id)) {
            faults.add(format!("{place}/{nth}"), "there is no such webhook");
        }
    };
    known(
        format!("{at}/webhooks"),
        route.webhooks.as_deref().unwrap_or_default(),
    );
    if let Some(escalate) = &route.escalate {
        known(format!("{at}/escalate/webhooks"), &escalate.webhooks);
    }
    let tells_none = route.webhooks.as_ref().is_some_and(Vec::is_empty);
    if !route.mail && tells_none {
        faults.add(at, "expected `mail`, or a webhook: somebody must be told");
    }
    if let Some(escalate) = &route.escalate {
        if !(1..=LONGEST_MIN).contains(&escalate.after_minutes) {
            let expected = format!("expected 1 to {LONGEST_MIN}");
            faults.add(format!("{at}/escalate/after_minutes"), expected);
        }
        if !escalate.mail && escalate.webhooks.is_empty() {
            let expected = "expected `mail`, or a webhook: somebody must be told";
            faults.add(format!("{at}/escalate"), expected);
        }
    }
}
