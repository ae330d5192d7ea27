//! Which events are asked for.

use crate::http::list::ListQuery;
use crate::http::read::in_utc;
use crate::problem::{Kind, Problem};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::IntoParams;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListEvents {
    /// The kind of change, as `policy.published`, or the first part of it, as `policy`.
    pub action: Option<String>,
    /// The id of the user or API key that did it.
    pub actor: Option<String>,
    /// The id of what was changed.
    pub target: Option<String>,
    /// RFC 3339: events from then on.
    pub since: Option<String>,
    /// RFC 3339: events before then.
    pub until: Option<String>,
    /// How many, 1 to 200; 50 by default.
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Events that agree with everything that is said here.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub action: Option<String>,
    pub actor: Option<String>,
    pub target: Option<String>,
    pub since: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
}

impl ListEvents {
    pub fn filter(&self) -> Result<EventFilter, Problem> {
        Ok(EventFilter {
            action: self.action.clone(),
            actor: self.actor.clone(),
            target: self.target.clone(),
            since: time(self.since.as_deref(), "since")?,
            until: time(self.until.as_deref(), "until")?,
        })
    }

    pub fn list(&self) -> ListQuery {
        ListQuery {
            limit: self.limit,
            cursor: self.cursor.clone(),
        }
    }
}

fn time(given: Option<&str>, name: &str) -> Result<Option<OffsetDateTime>, Problem> {
    let Some(text) = given else { return Ok(None) };
    let read = OffsetDateTime::parse(text, &Rfc3339).ok().and_then(in_utc);
    read.map(Some).ok_or_else(|| {
        let got: String = text.chars().take(64).collect();
        let detail = format!("`{name}` is a time as `2026-11-22T09:30:00Z`, got `{got}`");
        Problem::new(Kind::BadRequest, detail)
    })
}
