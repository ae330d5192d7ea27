//! The mails that a local instance shows on screen, since it has no server to send them with.

use super::{Kept, act};
use crate::app::App;
use crate::page::{Frame, Guest, ok, show};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

#[derive(Debug, Template)]
#[template(path = "mail/list.html")]
struct List {
    frame: Frame,
    mails: Vec<Kept>,
    site: String,
}

impl List {
    /// A link of ours fills its line. What people wrote never does: a name has no line end.
    fn is_link(&self, line: &str) -> bool {
        line.starts_with(&self.site)
    }
}

/// Anywhere else it is as if there were no such page.
pub async fn list(State(app): State<App>, guest: Guest) -> Result<Response, Problem> {
    let mails = act::kept(&app).await?.ok_or_else(Problem::not_found)?;
    Ok(ok(&List {
        frame: Frame::outside(&app, "Mail", guest.0.as_ref()),
        mails,
        site: app.site().public_url.to_string(),
    }))
}
