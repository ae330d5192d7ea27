//! What a grant's own words may be. Which servers and policies there are is `attach`'s question.

use super::Labels;
use crate::http::read::Faults;
use time::OffsetDateTime;

const MOST_LABELS: usize = 20;
const LONGEST: usize = 100;

/// A key can stand in a policy's path (`grant.labels.K`) as it is.
pub fn labels(faults: &mut Faults, labels: &Labels) {
    if labels.len() > MOST_LABELS {
        faults.add(
            "/labels",
            format!(
                "expected at most {MOST_LABELS} labels, got {}",
                labels.len()
            ),
        );
        return;
    }
    for (key, value) in labels {
        let pointer = format!("/labels/{}", json::pointer_escape(key));
        let is_word = key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if key.is_empty() || key.len() > LONGEST || !is_word {
            faults.add(
                &pointer,
                format!("expected a key of 1 to {LONGEST} letters, digits, `_` and `-`"),
            );
        }
        if value.chars().count() > LONGEST || value.chars().any(char::is_control) {
            faults.add(
                pointer,
                format!("expected at most {LONGEST} characters, none a control character"),
            );
        }
    }
}

pub fn expiry(faults: &mut Faults, expires_at: Option<OffsetDateTime>, now: OffsetDateTime) {
    if expires_at.is_some_and(|end| end <= now) {
        faults.add("/expires_at", "expected a time that is still to come");
    }
}
