//! What a change was, in words for people. PURE. Whatever a person or a server said is quoted as it is, for a page to
//! write as text.

use super::Told;
use serde_json::Value;

/// The sentence without its subject: "published version 3 of a policy".
pub fn of(told: &Told) -> String {
    let said = |key: &str| word(&told.detail[key]);
    let quoted = |key: &str| format!("“{}”", said(key));
    match told.action.as_str() {
        "org.created" => format!("founded the organisation {}", quoted("name")),
        "org.changed" => "changed the organisation".to_owned(),
        "kill.changed" if told.detail["on"] == true => {
            format!("stopped all calls of {}", quoted("name"))
        }
        "kill.changed" => format!("let the calls of {} go on", quoted("name")),
        "member.invited" => format!("invited {} as {}", said("email"), said("role")),
        "invitation.withdrawn" => format!("withdrew the invitation of {}", said("email")),
        "member.joined" => format!("joined as {}", said("role")),
        "member.changed" => format!(
            "made {} {}, who was {}",
            said("email"),
            said("after"),
            said("before")
        ),
        "member.renamed" => format!(
            "calls themselves {} now, and was {}",
            quoted("after"),
            quoted("before")
        ),
        "member.removed" if told.detail["left"] == true => "left the organisation".to_owned(),
        "member.removed" => format!("removed {}, who was {}", said("email"), said("role")),
        "key.made" => format!(
            "made the API key {} with the role {}",
            quoted("name"),
            said("role")
        ),
        "key.deleted" => format!("deleted the API key {}", quoted("name")),
        "server.added" => format!("added the server {} at {}", quoted("slug"), said("url")),
        "server.changed" => format!("changed {} of a server", parts(told)),
        "server.removed" => format!("removed the server {}", quoted("slug")),
        "server.discovered" => discovered(told),
        "tools.accepted" => format!(
            "accepted {} tools of a server as they are",
            told.detail["tools"].as_array().map_or(0, Vec::len)
        ),
        "tools.reclassified" => format!(
            "classified {} tools of a server otherwise than before",
            told.detail["tools"].as_array().map_or(0, Vec::len)
        ),
        "tool.reviewed" => format!("reviewed the tool {}", quoted("tool")),
        "policy.created" => format!("began the policy {}", quoted("name")),
        "policy.changed" => format!("changed {} of a policy", parts(told)),
        "policy.drafted" => format!("saved a draft of {} bytes", said("bytes")),
        "policy.published" => format!("published version {}{}", said("version"), note(told)),
        "policy.rolled_back" => format!(
            "rolled back to version {}, as version {}{}",
            said("to"),
            said("version"),
            note(told)
        ),
        "policy.removed" => format!("removed the policy {}", quoted("slug")),
        "grant.minted" => format!("minted the grant {}", quoted("name")),
        "grant.changed" => format!("changed {} of a grant", parts(told)),
        "grant.rotated" if told.detail["overlap_s"] == 0 => {
            "rotated the token of a grant; the old one ended at once".to_owned()
        }
        "grant.rotated" => format!(
            "rotated the token of a grant; the old one was good for {} seconds more",
            said("overlap_s")
        ),
        "approval.asked" => format!("asked for an approval of {}", quoted("tool")),
        "approval.approved" if told.detail["is_enough"] == false => format!(
            "agreed to {}; more people must agree{}",
            quoted("tool"),
            note(told)
        ),
        "approval.approved" => format!("approved {}{}", quoted("tool"), note(told)),
        "approval.refused" => format!("refused {}{}", quoted("tool"), note(told)),
        "approval.withdrawn" => {
            format!("took back the request for {}{}", quoted("tool"), note(told))
        }
        "approval.expired" => format!(
            "ended the request for {}: its time was over",
            quoted("tool")
        ),
        "approval.spent" => format!(
            "spent the approval of {}, {} of {}",
            quoted("tool"),
            said("used"),
            said("uses")
        ),
        "approval.escalated" => format!("told others that {} still waits", quoted("tool")),
        "routing.changed" => format!("changed who is told that calls wait: {}", parts(told)),
        "capture.changed" => format!("changed how arguments of calls are kept: {}", parts(told)),
        action if action.starts_with("webhook.") => of_webhook(told),
        action if action.starts_with("slack.") => of_slack(told),
        "grant.revoked" => format!("revoked the grant {}", quoted("name")),
        other => other.to_owned(),
    }
}

fn of_slack(told: &Told) -> String {
    let said = |key: &str| word(&told.detail[key]);
    let user = || format!("{} of the workspace {}", said("user"), said("team"));
    match told.action.as_str() {
        "slack.set_up" => "set up the app for Slack".to_owned(),
        "slack.removed" => "took the app for Slack away".to_owned(),
        "slack.code_made" => "made a code to be somebody in Slack".to_owned(),
        "slack.linked" => format!("is “{}” in Slack from now on, {}", said("name"), user()),
        "slack.unlinked" => format!("ended whom a member is in Slack: {}", user()),
        other => other.to_owned(),
    }
}

fn of_webhook(told: &Told) -> String {
    let said = |key: &str| word(&told.detail[key]);
    let quoted = |key: &str| format!("“{}”", said(key));
    match told.action.as_str() {
        "webhook.made" => format!("made the webhook {} to {}", quoted("name"), said("host")),
        "webhook.changed" => format!("changed {} of a webhook", parts(told)),
        "webhook.rotated" => format!("rotated the secret of the webhook {}", quoted("name")),
        "webhook.removed" => format!("deleted the webhook {}", quoted("name")),
        "webhook.switched_off" => format!(
            "switched off the webhook {}, which took nothing for a day: {}",
            quoted("name"),
            said("because")
        ),
        "webhook.tested" => "sent a test to a webhook".to_owned(),
        "webhook.replayed" => "sent something to a webhook again".to_owned(),
        other => other.to_owned(),
    }
}

/// What was changed, before and after: a row for each part.
pub fn changes(told: &Told) -> Vec<(String, String, String)> {
    let (before, after) = (&told.detail["before"], &told.detail["after"]);
    match (before.as_object(), after.as_object()) {
        (Some(before), Some(after)) => {
            let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            let row = |key: &String| {
                let side = |of: &serde_json::Map<String, Value>| {
                    of.get(key).map_or_else(String::new, shown)
                };
                (key.clone(), side(before), side(after))
            };
            keys.into_iter().map(row).collect()
        }
        _ if before.is_null() && after.is_null() => Vec::new(),
        _ => vec![("value".to_owned(), shown(before), shown(after))],
    }
}

/// What else is known of it, but for what [`changes`] shows.
pub fn facts(told: &Told) -> Vec<(String, String)> {
    let Some(detail) = told.detail.as_object() else {
        return Vec::new();
    };
    let rest = detail
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "before" | "after"));
    rest.map(|(key, value)| (key.clone(), shown(value)))
        .collect()
}

fn discovered(told: &Told) -> String {
    let count = |key: &str| told.detail[key].as_array().map_or(0, Vec::len);
    let (added, removed, changed) = (count("added"), count("removed"), count("changed"));
    if told.detail["status"] != "ready" {
        return format!(
            "could not read the tools of a server: {}",
            word(&told.detail["status"])
        );
    }
    format!("read the tools of a server: {added} new, {changed} changed, {removed} gone")
}

fn parts(told: &Told) -> String {
    let changes = changes(told);
    let names: Vec<&str> = changes.iter().map(|(name, _, _)| name.as_str()).collect();
    if names.is_empty() {
        return "something".to_owned();
    }
    names.join(", ")
}

fn note(told: &Told) -> String {
    match told.detail["note"].as_str() {
        Some(note) if !note.is_empty() => format!(": “{note}”"),
        _ => String::new(),
    }
}

/// A text without its quotes, anything else as JSON.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "?".to_owned(),
        other => other.to_string(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
