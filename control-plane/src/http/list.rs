//! Lists: newest first, by pages, with the last id of a page as the cursor to the next.

use crate::problem::{Kind, Problem};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};

const USUAL: u16 = 50;
const MOST: u16 = 200;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// How many, 1 to 200; 50 by default.
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// Null on the last page.
    pub next_cursor: Option<String>,
}

/// Which page: up to `limit` items that are older than `before`. Ids are in the order of their making.
#[derive(Debug, Clone, Copy)]
pub struct Page<Id> {
    pub before: Option<Id>,
    limit: u16,
}

impl ListQuery {
    pub fn limit(&self) -> Result<u16, Problem> {
        let limit = self.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::new(
                Kind::BadRequest,
                format!("`limit` is 1 to {MOST}, got `{limit}`"),
            ));
        }
        Ok(limit)
    }

    pub fn page<Id: FromStr>(&self) -> Result<Page<Id>, Problem> {
        let limit = self.limit()?;
        let before = self.cursor.as_deref().map(str::parse).transpose();
        let before = before
            .map_err(|_| Problem::new(Kind::BadRequest, "`cursor` is not one that a page gave"))?;
        Ok(Page { before, limit })
    }
}

impl<Id> Page<Id> {
    /// The first page of as many as there may be, for who reads all of them.
    pub fn first() -> Self {
        Self {
            before: None,
            limit: MOST,
        }
    }

    /// The page after the one that ended with `last`.
    pub fn before(last: Id) -> Self {
        Self {
            before: Some(last),
            limit: MOST,
        }
    }

    /// One more than the page holds: whether it comes tells if there is a next page.
    pub fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    pub fn listed<T>(&self, mut items: Vec<T>, cursor: impl Fn(&T) -> String) -> Listed<T> {
        let has_more = items.len() > usize::from(self.limit);
        items.truncate(usize::from(self.limit));
        let next_cursor = if has_more {
            items.last().map(cursor)
        } else {
            None
        };
        Listed { items, next_cursor }
    }
}
