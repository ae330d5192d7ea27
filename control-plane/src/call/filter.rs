//! Which calls are asked for: the filters of the query string.

use crate::http::list::ListQuery;
use crate::http::read::in_utc;
use crate::problem::{Kind, Problem};
use bundle::record::Verdict;
use ids::{GrantId, ServerId};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::IntoParams;

/// A query string with the filters, and what else a door takes. `deny_unknown_fields` does not go with `flatten`, and a
/// filter with a typing error must not answer with everything.
macro_rules! asked {
    ($(#[$about:meta])* $name:ident { $($(#[doc = $doc:literal])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The server's slug or id.
            pub server: Option<String>,
            /// The grant's id.
            pub grant: Option<String>,
            /// The tool's name, exactly.
            pub tool: Option<String>,
            #[param(schema_with = crate::http::described::verdict)]
            pub verdict: Option<String>,
            /// RFC 3339: calls from then on.
            pub since: Option<String>,
            /// RFC 3339: calls before then.
            pub until: Option<String>,
            $($(#[doc = $doc])* pub $field: Option<$type>,)*
        }

        impl $name {
            pub fn filter(&self) -> Result<CallFilter, Problem> {
                let Self { server, grant, tool, verdict, since, until, .. } = self;
                CallFilter::read([server, grant, tool, verdict, since, until].map(Option::as_deref))
            }
        }
    };
}

asked! { ListCalls {
    /// How many, 1 to 200; 50 by default.
    limit: u16,
    /// `next_cursor` of the page before.
    cursor: String,
} }
asked! { FollowCalls {} }
asked! { ExportCalls {
    /// `jsonl` (the default), `csv`, `chain` or `checkpoints`.
    format: String,
} }

impl ExportCalls {
    pub fn is_filtered(&self) -> bool {
        let Self {
            server,
            grant,
            tool,
            verdict,
            since,
            until,
            format: _,
        } = self;
        let filters = [server, grant, tool, verdict, since, until];
        filters.iter().any(|filter| filter.is_some())
    }
}

impl ListCalls {
    pub fn list(&self) -> ListQuery {
        ListQuery {
            limit: self.limit,
            cursor: self.cursor.clone(),
        }
    }
}

/// Which calls: those that agree with everything that is said here.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    pub server: Option<Named>,
    pub grant: Option<GrantId>,
    pub tool: Option<String>,
    pub verdict: Option<Verdict>,
    pub since: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
}

#[derive(Debug, Clone)]
pub enum Named {
    Id(ServerId),
    Slug(String),
}

impl CallFilter {
    fn read(
        [server, grant, tool, verdict, since, until]: [Option<&str>; 6],
    ) -> Result<Self, Problem> {
        let server = server.map(|named| {
            named
                .parse()
                .map_or_else(|_| Named::Slug(named.to_owned()), Named::Id)
        });
        let grant = read(grant, "grant", "the id of a grant", |text| {
            text.parse().ok()
        })?;
        let verdict = read(
            verdict,
            "verdict",
            "one of allow, deny, limit, hold, unknown_tool, invalid",
            Verdict::of,
        )?;
        Ok(Self {
            server,
            grant,
            tool: tool.map(str::to_owned),
            verdict,
            since: time(since, "since")?,
            until: time(until, "until")?,
        })
    }
}

pub(super) fn time(given: Option<&str>, name: &str) -> Result<Option<OffsetDateTime>, Problem> {
    let time = |text: &str| in_utc(OffsetDateTime::parse(text, &Rfc3339).ok()?);
    read(given, name, "a time as `2026-11-22T09:30:00Z`", time)
}

fn read<T>(
    given: Option<&str>,
    name: &str,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(text) = given else { return Ok(None) };
    let value = read(text);
    value.map(Some).ok_or_else(|| {
        let got: String = text.chars().take(64).collect();
        Problem::new(
            Kind::BadRequest,
            format!("`{name}` is {expected}, got `{got}`"),
        )
    })
}
