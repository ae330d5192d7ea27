//! What can be done about replicas: hear from them, and look at them.

use super::{Gateway, Replica, store};
use crate::access::Action;
use crate::app::App;
use crate::call::gap;
use crate::call::usage::fill;
use crate::caller::{Caller, Refused};
use crate::db::{DbError, Reason};
use crate::http::list::{Listed, Page};
use bundle::feed::{Heard, Report};

/// Notes what a replica says, and tells it of the others.
pub async fn hear(app: &App, replica: &Replica, report: &Report) -> Result<Heard, DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::ServeGateways).await?;
    store::heard_from(&mut tx, &replica.0, report, now).await?;
    if let Some(spooled) = &report.spool {
        gap::told(&mut tx, &replica.0, spooled, now).await?;
    }
    fill::heard(&mut tx, &report.fills, now).await?;
    let heard = store::fleet(&mut tx, &replica.0, now).await?;
    tx.commit().await?;
    Ok(heard)
}

/// By name, each page after the last name of the one before.
pub async fn list(
    app: &App,
    caller: &Caller,
    page: Page<String>,
) -> Result<Listed<Gateway>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let gateways = store::list(&mut tx, &page, app.now().time()).await?;
    Ok(page.listed(gateways, |gateway| gateway.name.clone()))
}
