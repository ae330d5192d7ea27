//! How long, and what became of it, as people say it. PURE.

use crate::approval::{Approval, State};
use time::{Duration, OffsetDateTime};

/// "12 minutes", rounded down: nobody is promised more than there is.
pub fn lasts(lasts: Duration) -> String {
    let seconds = lasts.whole_seconds().max(0);
    let (number, unit) = match seconds {
        0..60 => return "less than a minute".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// How long it still waits, or can still be used; none where its time does not run.
pub fn left(approval: &Approval, now: OffsetDateTime) -> Option<String> {
    let runs = matches!(approval.state, State::Waiting | State::Approved);
    runs.then(|| lasts(approval.expires_at - now))
}

#[cfg(test)]
mod tests;
