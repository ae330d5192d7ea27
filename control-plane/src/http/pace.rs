//! How quickly one address may ask what is open to everybody: a burst, then a steady pace. Counted in this process alone, and for
//! a bounded number of addresses: it keeps one of them from taking everything, and is no limit that anybody relies on.

use super::layers::Source;
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::session::attempts::network;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const BURST: u64 = 240;
/// A request is earned back in so many milliseconds: four a second.
const EACH_MS: u64 = 250;
/// Addresses that are kept in mind. When there are more, those go that have earned most back.
const MOST: usize = 20_000;

/// When each address will have earned everything back, in milliseconds since 1970.
#[derive(Debug, Default)]
pub struct Pace(Mutex<HashMap<IpAddr, u64>>);

impl Pace {
    /// One more request now, or how many seconds to wait.
    pub fn take(&self, source: IpAddr, now: u64) -> Result<(), u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let source = network(source);
        let whole = all.get(&source).copied().unwrap_or(0).max(now);
        let owed = whole - now;
        if owed + EACH_MS > BURST * EACH_MS {
            let wait = owed + EACH_MS - BURST * EACH_MS;
            return Err(wait.div_ceil(1_000).max(1));
        }
        if all.len() >= MOST && !all.contains_key(&source) {
            all.retain(|_, whole| *whole > now);
            if all.len() >= MOST {
                let mut marks: Vec<u64> = all.values().copied().collect();
                let middle = marks.len() / 2;
                let (_, mark, _) = marks.select_nth_unstable(middle);
                let mark = *mark;
                all.retain(|_, whole| *whole > mark);
            }
        }
        all.insert(source, whole + EACH_MS);
        Ok(())
    }
}

/// Proof that the address has not asked too often. On a local instance its owner's own machine asks as it likes.
#[derive(Debug, Clone, Copy)]
pub struct Paced;

impl FromRequestParts<App> for Paced {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Ok(Source(source)) = Source::from_request_parts(parts, app).await;
        if app.site().is_local && source.is_loopback() {
            return Ok(Self);
        }
        let now = app.now().time().unix_timestamp_nanos() / 1_000_000;
        let now = u64::try_from(now).unwrap_or_default();
        match app.pace().take(source, now) {
            Ok(()) => Ok(Self),
            Err(wait) => {
                let problem = Problem::new(Kind::TooManyRequests, "too many requests; wait");
                Err(problem.with_retry_after(wait))
            }
        }
    }
}

#[cfg(test)]
mod tests;
