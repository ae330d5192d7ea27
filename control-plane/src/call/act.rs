//! What can be done with calls: list them, look at one, follow them, hand them out.

pub use store::Names;

use super::{Call, CallDetail, CallFilter, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Refused};
use crate::http::list::{Listed, Page};
use ids::CallId;

pub async fn list(
    app: &App,
    caller: &Caller,
    filter: &CallFilter,
    page: Page<CallId>,
) -> Result<Listed<Call>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let calls = store::list(&mut tx, filter, page.before, page.fetch(), app.now().time()).await?;
    Ok(page.listed(calls, |call| call.id.to_string()))
}

pub async fn show(app: &App, caller: &Caller, id: CallId) -> Result<Option<CallDetail>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    Ok(store::one(&mut tx, id, app.now().time()).await?)
}

/// What people call the servers and grants of these calls, where they still are.
pub async fn names(app: &App, caller: &Caller, calls: &[Call]) -> Result<Names, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    Ok(store::names(&mut tx, calls).await?)
}

/// One stretch of what is handed out, newest first, each asked for with the right anew.
pub async fn export(
    app: &App,
    caller: &Caller,
    filter: &CallFilter,
    before: Option<CallId>,
    most: i64,
) -> Result<Vec<Call>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Export)?).await?;
    Ok(store::list(&mut tx, filter, before, most, app.now().time()).await?)
}

/// How far everything is settled, for someone who begins to follow now.
pub async fn settled(app: &App, caller: &Caller) -> Result<i64, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    Ok(store::settled(tx.sql()).await?)
}

/// What was recorded since `from`, and where the next look begins.
pub async fn follow(
    app: &App,
    caller: &Caller,
    filter: &CallFilter,
    from: i64,
    most: i64,
) -> Result<(Vec<Call>, i64), Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let to = store::settled(tx.sql()).await?;
    let calls = store::since(&mut tx, filter, (from, to), most, app.now().time()).await?;
    Ok((calls, to))
}
