//! Which part of the inventory is asked for. PURE.

use crate::http::list::{ListQuery, Page};
use crate::problem::{Kind, Problem};
use crate::server::tool::Severity;
use crate::server::tool::find::{Sought, word};
use ids::{GrantId, ServerId};
use policy::Category;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use utoipa::IntoParams;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListInventory {
    /// How many, 1 to 200; 50 by default. A page may hold fewer and not be the last.
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Slug or id.
    pub server: Option<String>,
    /// `read`, `write`, `execute`, `destructive`, `financial` or `unknown`.
    pub category: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: Option<String>,
    /// The id of a grant: only what it reaches, and how.
    pub grant: Option<String>,
    /// `yes`: an entry or `hide` of a policy means the tool; `no`: none does.
    pub covered: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExportInventory {
    /// `jsonl`, which it is when left out, or `csv`.
    pub format: Option<String>,
    /// Slug or id.
    pub server: Option<String>,
    /// `read`, `write`, `execute`, `destructive`, `financial` or `unknown`.
    pub category: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: Option<String>,
    /// The id of a grant: only what it reaches, and how.
    pub grant: Option<String>,
    /// `yes`: an entry or `hide` of a policy means the tool; `no`: none does.
    pub covered: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// As it was named.
    pub server: Option<String>,
    pub category: Option<Category>,
    pub severity: Option<Severity>,
    pub grant: Option<GrantId>,
    pub covered: Option<bool>,
}

/// Where a page ended: tools are in the order of their servers' ids and their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub server: ServerId,
    pub tool: String,
}

impl ListInventory {
    pub fn filter(&self) -> Result<Filter, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let grant = given(&self.grant)
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| Problem::new(Kind::BadRequest, "`grant` is the id of a grant"))?;
        let yes_or_no = |word: &str| match word {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        Ok(Filter {
            server: given(&self.server),
            category: word("category", given(&self.category), Category::from_word)?,
            severity: word("severity", given(&self.severity), Severity::parse)?,
            grant,
            covered: word("covered", given(&self.covered), yes_or_no)?,
        })
    }

    pub fn page(&self) -> Result<Page<Place>, Problem> {
        ListQuery {
            limit: self.limit,
            cursor: self.cursor.clone(),
        }
        .page()
    }
}

impl ExportInventory {
    pub fn filter(&self) -> Result<Filter, Problem> {
        let Self {
            server,
            category,
            severity,
            grant,
            covered,
            ..
        } = self.clone();
        ListInventory {
            server,
            category,
            severity,
            grant,
            covered,
            ..ListInventory::default()
        }
        .filter()
    }
}

impl Filter {
    pub fn categories(&self) -> Option<Vec<String>> {
        let sought = Sought {
            category: self.category,
            severity: self.severity,
            ..Sought::default()
        };
        sought.categories()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}.{}", self.server, self.tool)
    }
}

impl FromStr for Place {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::new(Kind::BadRequest, "not a place in the inventory");
        let (server, tool) = text.split_once('.').ok_or_else(wrong)?;
        if tool.contains('\0') {
            return Err(wrong());
        }
        Ok(Self {
            server: server.parse().map_err(|_| wrong())?,
            tool: tool.to_owned(),
        })
    }
}
