//! Which of a server's tools are looked for. PURE.

use super::{Position, Severity};
use crate::http::list::{ListQuery, Page};
use crate::problem::{Kind, Problem};
use policy::Category;
use serde::Deserialize;
use utoipa::IntoParams;

const LONGEST_WORDS: usize = 200;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListTools {
    /// How many, 1 to 200; 50 by default.
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Part of the name or of the definition, in any case.
    pub q: Option<String>,
    /// `read`, `write`, `execute`, `destructive`, `financial` or `unknown`.
    pub category: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: Option<String>,
    /// `true`: those that wait for a review; `false`: the others.
    pub changed: Option<bool>,
    /// `hidden_characters`, `addresses_model`, `names_other_tools`, …
    pub signal: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// In small letters.
    pub words: Option<String>,
    pub category: Option<Category>,
    pub severity: Option<Severity>,
    pub changed: Option<bool>,
    pub signal: Option<catalog::Signal>,
}

/// What there is of a server's tools.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub by_category: Vec<(Category, usize)>,
    pub changed: usize,
    /// Of the tools that wait for a review, as they are now: whoever accepts all of them says which they looked at.
    pub waiting: String,
}

impl ListTools {
    pub fn sought(&self) -> Result<Sought, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let words = given(&self.q).map(|words| words.trim().to_lowercase());
        if words
            .as_ref()
            .is_some_and(|words| words.chars().count() > LONGEST_WORDS || words.contains('\0'))
        {
            let said = format!("`q` is at most {LONGEST_WORDS} characters");
            return Err(Problem::new(Kind::BadRequest, said));
        }
        Ok(Sought {
            words: words.filter(|words| !words.is_empty()),
            category: word("category", given(&self.category), Category::from_word)?,
            severity: word("severity", given(&self.severity), Severity::parse)?,
            changed: self.changed,
            signal: word("signal", given(&self.signal), catalog::Signal::parse)?,
        })
    }

    pub fn page(&self) -> Result<Page<Position>, Problem> {
        ListQuery {
            limit: self.limit,
            cursor: self.cursor.clone(),
        }
        .page()
    }
}

impl Sought {
    /// The categories that fit, as words; none: all of them.
    pub fn categories(&self) -> Option<Vec<String>> {
        if self.category.is_none() && self.severity.is_none() {
            return None;
        }
        let fits = |category: &Category| {
            self.category.is_none_or(|wanted| wanted == *category)
                && self
                    .severity
                    .is_none_or(|wanted| wanted == Severity::of(*category))
        };
        Some(
            Category::ALL
                .iter()
                .copied()
                .filter(fits)
                .map(|category| category.word().to_owned())
                .collect(),
        )
    }
}

pub(crate) fn word<T>(
    name: &str,
    given: Option<String>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(given) = given else { return Ok(None) };
    match parse(&given) {
        Some(known) => Ok(Some(known)),
        None => Err(Problem::new(
            Kind::BadRequest,
            format!(
                "`{name}` is no word that is known here: `{}`",
                given.chars().take(40).collect::<String>()
            ),
        )),
    }
}

/// One digest of all names and digests.
pub fn digest(waiting: &[(String, Vec<u8>)]) -> String {
    let mut text = Vec::new();
    for (name, digest) in waiting {
        // A name holds no control character, so that nothing runs together.
        text.extend_from_slice(name.as_bytes());
        text.push(0);
        text.extend_from_slice(digest);
    }
    seal::to_hex(&seal::sha256(&text))
}
