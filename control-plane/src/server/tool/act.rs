//! What can be done with tools: look, and say what one thinks of them.

use super::{Position, Review, Tool, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::Caller;
use crate::event::Event;
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::server::act::ServerError;
use crate::server::store as servers;
use serde_json::{Map, Value, json};

const LONGEST_NOTE: usize = 1_000;

pub async fn list(
    app: &App,
    caller: &Caller,
    server: &str,
    page: Page<Position>,
) -> Result<Listed<Tool>, ServerError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    let server = servers::id(tx.sql(), org, server)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let tools = store::list(tx.sql(), org, server, Some(&page)).await?;
    Ok(page.listed(tools, |tool| tool.position.0.to_string()))
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
