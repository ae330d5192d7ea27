//! How pages write times, and what they say of an act that was done.

use crate::access::Role;
pub use catalog::{Piece, pieces};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A time for machines and for hovering; scripts turn it into the reader's own.
pub fn exact(at: &OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// A time for readers without scripts: in UTC, to the minute.
pub fn minute(at: &OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02} UTC", time.hour(), time.minute())
}

/// A time as a form's field `datetime-local` takes it, which knows neither seconds nor zones: in UTC.
pub fn field(time: &str) -> String {
    let at = OffsetDateTime::parse(&in_full(time), &Rfc3339);
    let Ok(at) = at.map(|at| at.to_offset(UtcOffset::UTC)) else {
        return String::new();
    };
    format!("{}T{:02}:{:02}", at.date(), at.hour(), at.minute())
}

/// What such a field sends, as the API takes it. Anything else stays as it is.
pub fn in_full(time: &str) -> String {
    let time = time.trim();
    match time.len() {
        16 => format!("{time}:00Z"),
        19 => format!("{time}Z"),
        _ => time.to_owned(),
    }
}

/// As much of a text as there is room for.
pub fn cut(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let mut kept: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        kept.push('…');
    }
    kept
}

/// What a word of the classifier means, in a few words for people.
pub fn signal(word: &str) -> &'static str {
    use catalog::Signal;
    match Signal::parse(word) {
        Some(Signal::FreeFormCode) => "runs text it is given",
        Some(Signal::AddressInput) => "goes to any address",
        Some(Signal::FilePathInput) => "takes file paths",
        Some(Signal::CredentialArgument) => "asks for a credential",
        Some(Signal::Bulk) => "acts on many at once",
        Some(Signal::Recipients) => "reaches people",
        Some(Signal::AmountAndCurrency) => "takes an amount of money",
        Some(Signal::NoDescription) => "has no description",
        Some(Signal::AddressesModel) => "speaks to the model",
        Some(Signal::HiddenCharacters) => "hides characters",
        Some(Signal::NamesOtherTools) => "names other tools",
        None => "unknown",
    }
}

/// Whether it is one to be alarmed by.
pub fn is_alarming(word: &str) -> bool {
    catalog::Signal::parse(word).is_some_and(catalog::Signal::is_alarming)
}

/// A role as people say it.
pub fn role(role: &Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::PolicyManager => "policy manager",
        Role::Approver => "approver",
        Role::Auditor => "auditor",
        Role::Viewer => "viewer",
    }
}

/// What a role may do, in a line.
pub fn may(role: &Role) -> &'static str {
    match role {
        Role::Owner => "everything, deleting the organisation included",
        Role::Admin => "everything but deleting the organisation and making owners",
        Role::PolicyManager => "looks at everything but events, and writes policies",
        Role::Approver => "looks at everything but events, and decides what waits for a person",
        Role::Auditor => "looks at everything, events and exports included",
        Role::Viewer => "looks at everything but events",
    }
}

/// What the last act has done, by the word in the URL that it sent the reader to.
pub fn done_in(query: &str) -> Option<&'static str> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (_, word) = pairs.find(|(name, _)| name == "done")?;
    done(&word)
}

/// Our words alone are ever shown.
pub fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "created" => "Created.",
        "saved" => "Saved.",
        "deleted" => "Deleted.",
        "published" => "Published. Replicas pick it up within a second.",
        "rolled-back" => "Rolled back: the old document is the newest version now.",
        "accepted" => "Accepted as it is now.",
        "approved" => "Approved. The same call goes on when it is made again, or where it waits.",
        "agreed" => "Agreed. More people must agree before the call goes on.",
        "refused" => "Refused. The agent is told, with your note.",
        "withdrawn" => "Withdrawn.",
        "all-accepted" => "Accepted, all of them, as they are now.",
        "revoked" => "Revoked.",
        "stopped" => "Stopped. Its calls are refused within a second.",
        "let-go" => "Calls go on.",
        "joined" => "You are in.",
        "account-deleted" => "Your account is deleted.",
        "left" => "You have left.",
        "invited" => "Invited. The link goes out by mail, and works once, for seven days.",
        "confirmed" => "The address is confirmed.",
        "sent" => "The link is on its way.",
        "reset" => {
            "The password is changed, and every session was ended. Sign in with the new one."
        }
        "ended" => "Ended.",
        "queued" => "On its way. Reload to see what came back.",
        "codes-off" => "Signing in asks for no code any more.",
        "discovered" => "The tool list was read again.",
        _ => return None,
    })
}
