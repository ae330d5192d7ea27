//! What was taken back, as Redis tells it: read on from the entry that was read last. Whose bundle knows it already is
//! not asked here.

use super::Budget;
use super::function::Verb;
use super::line::Unreachable;
use super::lines::Lines;
use address::PATIENT;
use bundle::revocation::{ENTRY, NEWS, Revocation};
use redis::Value;

/// Entries in one answer.
const PAGE: usize = 500;

/// The name of the entry that was read last: they only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    time: u64,
    count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub taken: Vec<Revocation>,
    pub place: Place,
    /// There was no more when this was asked.
    pub is_all: bool,
}

impl Budget {
    /// What has been told since, where there are shared counters, and they answer.
    pub async fn news(&self, after: Place) -> Option<News> {
        let Self::Shared(shared) = self else {
            return None;
        };
        match ask(&shared.lines, after).await {
            Ok(news) => Some(news),
            Err(error) => {
                tracing::debug!(%error, "nobody says what was taken back");
                None
            }
        }
    }
}

async fn ask(lines: &Lines, after: Place) -> Result<News, Unreachable> {
    let args = [after.to_string(), PAGE.to_string()];
    let keys = [NEWS.to_owned()];
    let told = lines.ask(Verb::News, &keys, &args, PATIENT).await?;
    read(told, after).ok_or(Unreachable::Failed)
}

/// `None`: not an answer to this question.
fn read(value: Value, after: Place) -> Option<News> {
    let Value::Array(items) = value else {
        return None;
    };
    let mut items = items.into_iter();
    let newest = match items.next()? {
        Value::BulkString(name) if name.is_empty() => Place::default(),
        name => place(&name)?,
    };
    // Emptied, or another in its place that had heard less: what it says has to be read from the beginning.
    if newest < after {
        return Some(News {
            taken: Vec::new(),
            place: Place::default(),
            is_all: false,
        });
    }
    let mut news = News {
        taken: Vec::new(),
        place: after,
        is_all: items.len() < PAGE,
    };
    for item in items {
        let Value::Array(parts) = item else {
            return None;
        };
        let [name, Value::Array(fields)] = parts.as_slice() else {
            return None;
        };
        news.place = place(name)?;
        if let Some(one) = revocation(fields) {
            news.taken.push(one);
        } else {
            tracing::error!("what was taken back cannot be read, nor from whom");
        }
    }
    Some(news)
}

fn revocation(fields: &[Value]) -> Option<Revocation> {
    let (pairs, _) = fields.as_chunks::<2>();
    let value = |wanted: &str| {
        let mut named = pairs.iter().filter(|[name, _]| text(name) == Some(wanted));
        named.next().and_then(|[_, value]| text(value))
    };
    let [org, what, version] = ENTRY;
    // Without a word for it everything is meant.
    Revocation::read([
        value(org)?,
        value(what).unwrap_or_default(),
        value(version)?,
    ])
}

fn place(name: &Value) -> Option<Place> {
    let (time, count) = text(name)?.split_once('-')?;
    Some(Place {
        time: time.parse().ok()?,
        count: count.parse().ok()?,
    })
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.time, self.count)
    }
}

#[cfg(test)]
mod tests;
