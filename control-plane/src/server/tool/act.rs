//! What can be done with tools: look, and say what one thinks of them.

use super::change::{self, Kind, Made, ToolChange};
use super::find::{self, Sought, Tally};
use super::{AcceptAll, Accepted, Position, Review, Tool, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::Caller;
use crate::event::Event;
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::server::act::ServerError;
use crate::server::store as servers;
use ids::{ServerId, ToolChangeId};
use serde_json::{Map, Value, json};

const LONGEST_NOTE: usize = 1_000;

pub async fn find(
    app: &App,
    caller: &Caller,
    server: &str,
    sought: &Sought,
    page: Page<Position>,
) -> Result<Listed<Tool>, ServerError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    let server = servers::id(tx.sql(), org, server)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let tools = store::find(tx.sql(), org, server, sought, &page).await?;
    Ok(page.listed(tools, |tool| tool.position.0.to_string()))
}

/// How many there are of each category, and of those that wait for a review.
pub async fn tally(app: &App, caller: &Caller, server: ServerId) -> Result<Tally, ServerError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    Ok(store::tally(tx.sql(), org, server).await?)
}

/// What became of the tools, newest first.
pub async fn changes(
    app: &App,
    caller: &Caller,
    server: &str,
    page: Page<ToolChangeId>,
) -> Result<Listed<ToolChange>, ServerError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    let server = servers::id(tx.sql(), org, server)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let changes = change::list(&mut tx, server, &page).await?;
    Ok(page.listed(changes, |change| change.id.to_string()))
}

/// Takes every definition that waits as it is now; nothing where others wait by now than were looked at.
pub async fn accept_all(
    app: &App,
    caller: &Caller,
    server: &str,
    all: AcceptAll,
) -> Result<Accepted, ServerError> {
    let allowed = caller.allow(Action::WriteServers)?;
    let mut tx = app.db().write(allowed, app.now()).await?;
    let server = servers::lock(&mut tx, server)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let org = tx.org();
    let waiting = store::waiting(tx.sql(), org, server).await?;
    if all
        .waiting
        .is_some_and(|seen| seen != find::digest(&waiting))
    {
        return Err(ServerError::Stale);
    }
    let tools: Vec<String> = waiting.into_iter().map(|(name, _)| name).collect();
    if tools.is_empty() {
        return Ok(Accepted { tools });
    }
    store::accept_all(&mut tx, server).await?;
    change::insert(
        &mut tx,
        server,
        tools.iter().map(|tool| accepted(tool)).collect(),
    )
    .await?;
    let event = Event::ToolsAccepted {
        server,
        tools: tools.clone(),
    };
    tx.commit(event).await?;
    Ok(Accepted { tools })
}

fn accepted(tool: &str) -> Made {
    Made {
        tool: tool.to_owned(),
        kind: Kind::Accepted,
        changes: Vec::new(),
    }
}

pub async fn review(
    app: &App,
    caller: &Caller,
    server: &str,
    name: &str,
    review: Review,
) -> Result<Tool, ServerError> {
    let allowed = caller.allow(Action::WriteServers)?;
    let mut faults = Faults::default();
    if review.accept == Some(false) {
        faults.add(
            "/accept",
            "expected true: what is not accepted stays as it is",
        );
    }
    if review
        .note
        .iter()
        .flatten()
        .any(|note| note.chars().count() > LONGEST_NOTE || note.contains('\0'))
    {
        faults.add(
            "/note",
            format!("expected at most {LONGEST_NOTE} characters"),
        );
    }
    faults.into_result().map_err(ServerError::Invalid)?;
    let mut tx = app.db().write(allowed, app.now()).await?;
    let org = tx.org();
    let server = servers::id(tx.sql(), org, server)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let before = store::one(tx.sql(), org, server, name)
        .await?
        .ok_or(ServerError::NoSuchTool)?;
    if review
        .digest
        .as_ref()
        .is_some_and(|digest| *digest != before.digest)
    {
        return Err(ServerError::Stale);
    }
    store::review(&mut tx, server, &before, &review).await?;
    let after = store::one(tx.sql(), org, server, name)
        .await?
        .ok_or(ServerError::NoSuchTool)?;
    let (was, is) = difference(&before, &after);
    if before.is_changed && !after.is_changed {
        change::insert(&mut tx, server, vec![accepted(&after.name)]).await?;
    }
    if was != is {
        tx.commit(Event::ToolReviewed {
            server,
            tool: after.name.clone(),
            before: was,
            after: is,
        })
        .await?;
    }
    Ok(after)
}

/// What of a tool has changed by a review, before and after it.
fn difference(before: &Tool, after: &Tool) -> (Value, Value) {
    let (mut was, mut is) = (Map::new(), Map::new());
    let parts = |tool: &Tool| {
        [
            ("category", json!(tool.category)),
            ("note", json!(tool.note)),
            (
                "accepted",
                if tool.is_changed {
                    Value::Null
                } else {
                    json!(tool.digest)
                },
            ),
        ]
    };
    for ((name, old), (_, new)) in parts(before).into_iter().zip(parts(after)) {
        if old != new {
            was.insert(name.to_owned(), old);
            is.insert(name.to_owned(), new);
        }
    }
    (was.into(), is.into())
}
