//! Pages: what all of them share. Which URL is which page stands in `http::pages`; what a page shows, in its noun's `page`.
//!
//! A page is a second door to the same acts as the REST API: it parses a form into the same command, and says the same.

pub mod asset;
pub mod door;
pub mod form;
pub mod next;
pub mod reveal;
pub mod show;
pub mod visit;

pub use form::{Form, Trouble, end_of_day};
pub use next::Next;
pub use visit::{Guest, Visit};

use crate::access::Action;
use crate::app::App;
use crate::http::list::{ListQuery, Page};
use crate::mail::Way;
use crate::org::Org;
use crate::problem::Problem;
use crate::session::Account;
use askama::Template;
use asset::Bundle;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use ids::Slug;
use serde::Deserialize;
use std::str::FromStr;

/// What stands around a page's own matter.
#[derive(Debug, Default)]
pub struct Frame {
    pub title: String,
    pub bundle: Bundle,
    pub person: Option<Person>,
    pub org: Option<Org>,
    /// Which entry of the navigation this is under.
    pub section: &'static str,
    /// What the last act has done, where the reader was sent here by one.
    pub done: Option<&'static str>,
    /// How many calls wait for a person, where the reader may decide.
    pub waiting: i64,
    /// Where the reader proves who they are and comes back from, where what is sensitive would ask them to.
    pub unproven: Option<String>,
}

#[derive(Debug)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub is_confirmed: bool,
    /// Mails are read on screen here.
    pub is_mail_kept: bool,
    pub csrf: String,
}

impl Frame {
    /// Outside of any organisation.
    pub fn outside(app: &App, title: impl Into<String>, account: Option<&Account>) -> Self {
        Self {
            title: title.into(),
            bundle: Bundle::read(),
            person: account.map(|account| Person::of(app, account)),
            org: None,
            section: "",
            done: None,
            waiting: 0,
            unproven: None,
        }
    }

    /// Says what the act has done that sent the reader here.
    #[must_use]
    pub fn told(self, done: &str) -> Self {
        Self {
            done: show::done(done),
            ..self
        }
    }

    /// The CSRF token for a form; without a session there is none to steal.
    pub fn csrf(&self) -> &str {
        self.person.as_ref().map_or("", |person| &person.csrf)
    }

    pub fn may_administer(&self) -> bool {
        self.may(Action::Administer)
    }

    pub fn may_draft(&self) -> bool {
        self.may(Action::WritePolicies)
    }

    pub fn may_mint(&self) -> bool {
        self.may(Action::WriteGrants)
    }

    pub fn may_kill(&self) -> bool {
        self.may(Action::Kill)
    }

    pub fn may_read_events(&self) -> bool {
        self.may(Action::ReadEvents)
    }

    pub fn may_read_approvals(&self) -> bool {
        self.may(Action::ReadApprovals)
    }

    /// What a reader may not do is not offered to them.
    pub fn may(&self, action: Action) -> bool {
        self.org.as_ref().is_some_and(|org| org.role.may(action))
    }

    /// The slug of the organisation, for links.
    pub fn slug(&self) -> &str {
        self.org.as_ref().map_or("", |org| org.slug.as_str())
    }
}

impl Person {
    pub fn of(app: &App, account: &Account) -> Self {
        Self {
            name: account.name.clone(),
            email: account.email.clone(),
            is_confirmed: account.is_confirmed,
            is_mail_kept: matches!(app.mail(), Way::Kept),
            csrf: account.session.csrf(app),
        }
    }
}

/// Where in a list the reader is; the same word as in the API, without its strictness: links are shared and grow.
#[derive(Debug, Default, Deserialize)]
pub struct Turn {
    cursor: Option<String>,
}

impl Turn {
    pub fn page<Id: FromStr>(self) -> Result<Page<Id>, Problem> {
        let list = ListQuery {
            limit: None,
            cursor: self.cursor,
        };
        list.page()
    }
}

/// What the last act has done, where it sent the reader to a page outside of an organisation.
#[derive(Debug, Default, Deserialize)]
pub struct Told {
    #[serde(default)]
    pub done: String,
}

/// The URL of a list's next page, with what is looked for in it.
pub fn older(cursor: &str, sought: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(sought.iter().filter(|(_, value)| !value.is_empty()));
    format!("?{}", query.append_pair("cursor", cursor).finish())
}

/// Everything there is room for, where a form offers a choice.
pub fn choice<Id: FromStr>() -> Result<Page<Id>, Problem> {
    let list = ListQuery {
        limit: Some(200),
        cursor: None,
    };
    list.page()
}

/// The page as an answer. A template that cannot be written is our fault, and said to be.
pub fn answer(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

pub fn ok(page: &impl Template) -> Response {
    answer(StatusCode::OK, page)
}

/// After a form was done: the reader's "back" and "reload" do not send it again.
pub fn then(to: &str) -> Response {
    Redirect::to(to).into_response()
}

/// The slug that was typed, or, where none was, one out of the name.
pub fn slug_of(typed: &str, name: &str) -> Result<Slug, Problem> {
    let text = match typed.trim() {
        "" => suggested(name),
        typed => typed.to_owned(),
    };
    text.parse::<Slug>()
        .map_err(|error| Problem::invalid("/slug", error.to_string()))
}

/// An address out of a name: what can stand in one, the rest as hyphens.
pub fn suggested(name: &str) -> String {
    let words: Vec<String> = name
        .to_lowercase()
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let mut slug = words.join("-");
    slug.truncate(40);
    slug.trim_end_matches('-').to_owned()
}
