//! Reads the inventory: a page of it, or stretch by stretch.

use super::reach::Reach;
use super::store::{self, ToolRow};
use super::{Entry, Filter, Place};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Refused};
use crate::db::{DbError, OrgRead};
use crate::http::list::{Listed, Page};
use crate::policy::aside;
use crate::server::store as servers;
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// Tools read at a time where a filter asks what only a policy can say.
const STRETCH: i64 = 1_000;
/// So many stretches are read for one page; what is found then is a page, and the next begins there.
const MOST_STRETCHES: usize = 20;

pub async fn list(
    app: &App,
    caller: &Caller,
    filter: &Filter,
    page: Page<Place>,
) -> Result<Listed<Entry>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let limit = usize::try_from(page.fetch() - 1).unwrap_or(0);
    Ok(read(&mut tx, filter, page.before, limit, app.now().time()).await?)
}

/// The next part of an export, and where the one after it begins.
pub async fn export(
    app: &App,
    caller: &Caller,
    filter: &Filter,
    after: Option<Place>,
) -> Result<Listed<Entry>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Export)?).await?;
    let most = usize::try_from(STRETCH).unwrap_or(0);
    Ok(read(&mut tx, filter, after, most, app.now().time()).await?)
}

async fn read(
    tx: &mut OrgRead,
    filter: &Filter,
    mut after: Option<Place>,
    limit: usize,
    now: OffsetDateTime,
) -> Result<Listed<Entry>, DbError> {
    let org = tx.org();
    let server = match &filter.server {
        Some(named) => match servers::id(tx.sql(), org, named).await? {
            Some(server) => Some(server),
            None => return Ok(nothing()),
        },
        None => None,
    };
    let one_page = i64::try_from(limit).unwrap_or(STRETCH) + 1;
    let most = if filter.covered.is_some() {
        STRETCH.max(one_page)
    } else {
        one_page
    };
    let (mut items, mut reach) = (Vec::new(), Reach::default());
    for _ in 0..MOST_STRETCHES {
        let rows = store::tools(tx, filter, server, after.as_ref(), most).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < most);
        learn(tx, filter, &rows, &mut reach, now).await?;
        for row in rows {
            if items.len() == limit {
                return Ok(Listed {
                    items,
                    next_cursor: after.map(|place| place.to_string()),
                });
            }
            after = Some(Place {
                server: row.server,
                tool: row.tool.clone(),
            });
            let entry = reach.entry(row);
            if filter.covered.is_none_or(|wanted| wanted == entry.covered) {
                items.push(entry);
            }
        }
        if is_last {
            return Ok(Listed {
                items,
                next_cursor: None,
            });
        }
    }
    Ok(Listed {
        items,
        next_cursor: after.map(|place| place.to_string()),
    })
}

fn nothing() -> Listed<Entry> {
    Listed {
        items: Vec::new(),
        next_cursor: None,
    }
}

/// Who reaches the servers of these tools, and by which documents.
async fn learn(
    tx: &mut OrgRead,
    filter: &Filter,
    rows: &[ToolRow],
    reach: &mut Reach,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    let new: BTreeSet<_> = rows
        .iter()
        .map(|row| row.server)
        .filter(|server| !reach.knows(*server))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let servers: Vec<_> = new.iter().map(|server| server.uuid()).collect();
    for server in new {
        reach.learn(server);
    }
    let mut wanted = BTreeSet::new();
    for way in store::ways(tx, filter, &servers, now).await? {
        wanted.extend(reach.add(way));
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let documents = store::documents(tx, &wanted).await?;
    let compiled = aside(move || {
        let compiled = documents.into_iter().filter_map(|(version, document)| {
            // What was published compiles; what does not judges nobody.
            Some((version, policy::compile(&document).ok()?))
        });
        compiled.collect::<Vec<_>>()
    })
    .await;
    for (version, policy) in compiled {
        reach.compiled(version, policy);
    }
    Ok(())
}
