//! What can be done with events: read them.

use super::{EventFilter, Told, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{Listed, Page};
use crate::problem::Problem;
use ids::EventId;

pub async fn list(
    app: &App,
    caller: &Caller,
    filter: &EventFilter,
    page: Page<EventId>,
) -> Result<Listed<Told>, Problem> {
    let mut tx = app.db().read(caller.allow(Action::ReadEvents)?).await?;
    let events = store::list(&mut tx, filter, &page).await?;
    Ok(page.listed(events, |event| event.id.to_string()))
}
