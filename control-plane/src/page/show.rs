//! How pages write times, and what they say of an act that was done.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time for machines and for hovering; scripts turn it into the reader's own.
pub fn exact(at: &OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// A time for readers without scripts: in UTC, to the minute.
pub fn minute(at: &OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02} UTC", time.hour(), time.minute())
}

/// What the last act has done, by the word in the URL that it sent the reader to: our words alone are ever shown.
pub fn done(query: &str) -> Option<&'static str> {
    let word = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done")?;
    Some(match word.1.as_ref() {
        "created" => "Created.",
        "saved" => "Saved.",
        "deleted" => "Deleted.",
        "published" => "Published. Replicas pick it up within a second.",
        "rolled-back" => "Rolled back: the old document is the newest version now.",
        "revoked" => "Revoked.",
        "discovered" => "The tool list was read again.",
        _ => return None,
    })
}
