//! Who looks at a page: anybody, or a member of the organisation in its path.

use super::door::came_from;
use super::{Frame, Person};
use crate::access::Action;
use crate::app::App;
use crate::approval;
use crate::caller::Caller;
use crate::org::{self, Org};
use crate::problem::{Kind, Problem};
use crate::session::Account;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// Somebody, signed in or not.
#[derive(Debug)]
pub struct Guest(pub Option<Account>);

impl FromRequestParts<App> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Account::from_request_parts(parts, app).await {
            Ok(account) => Ok(Self(Some(account))),
            Err(problem) if problem.kind == Kind::Unauthorized => Ok(Self(None)),
            Err(problem) => Err(problem),
        }
    }
}

/// A member, in their organisation.
#[derive(Debug)]
pub struct Visit {
    pub caller: Caller,
    pub account: Account,
    org: Org,
    done: Option<&'static str>,
    waiting: i64,
    unproven: Option<String>,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let account = Account::from_request_parts(parts, app).await?;
        let caller = Caller::of(app, parts, &account).await?;
        let org = org::act::show(app, &caller).await?;
        let done = super::show::done_in(parts.uri.query().unwrap_or_default());
        let waiting = if caller.role().may(Action::DecideApprovals) {
            approval::act::waiting(app, &caller).await?
        } else {
            0
        };
        let unproven = (!account.is_proven(app.now().time()))
            .then(|| came_from(&parts.method, &parts.uri, &parts.headers).on("/login/again"));
        Ok(Self {
            caller,
            account,
            org,
            done,
            waiting,
            unproven,
        })
    }
}

impl Visit {
    /// The frame of one of the organisation's pages.
    pub fn frame(&self, app: &App, section: &'static str, title: impl Into<String>) -> Frame {
        Frame {
            person: Some(Person::of(app, &self.account)),
            org: Some(self.org.clone()),
            section,
            done: self.done,
            waiting: self.waiting,
            unproven: self.unproven.clone(),
            ..Frame::outside(app, title, None)
        }
    }

    pub fn org(&self) -> &Org {
        &self.org
    }

    /// The path of one of the organisation's pages.
    pub fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.org.slug)
    }
}
