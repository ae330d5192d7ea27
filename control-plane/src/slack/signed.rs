//! What Slack sends: whether it did, and what it says. PURE.
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use aws_lc_rs::hmac;
use seal::Secret;
use serde::Deserialize;

/// An older request is somebody's who has kept one.
const OLDEST_S: u64 = 300;

/// The tag of a request that the app signed with this secret: `v0=` and the HMAC-SHA-256 of `v0:TIME:BODY`. None: it did not,
/// or long ago.
pub fn tag(
    secret: &Secret,
    (stamp, signature): (&str, &str),
    body: &[u8],
    now_s: i64,
) -> Option<Vec<u8>> {
    let sent_s = stamp.parse::<i64>().ok()?;
    let tag = seal::from_hex(signature.strip_prefix("v0=")?)?;
    let mut signed = format!("v0:{stamp}:").into_bytes();
    signed.extend_from_slice(body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    hmac::verify(&key, &signed, &tag).ok()?;
    (now_s.abs_diff(sent_s) <= OLDEST_S).then_some(tag)
}

/// Who it is to Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Someone {
    pub team: String,
    pub user: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// A button of a message.
    Click {
        who: Option<Someone>,
        action: String,
        value: String,
        answer_to: Option<String>,
    },
    /// The command, with what was written after it.
    Command { who: Option<Someone>, text: String },
    /// Anything else, as a click on a link.
    Other,
}

#[derive(Debug, Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    user: Option<User>,
    team: Option<Team>,
    #[serde(default)]
    actions: Vec<Pressed>,
    response_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    username: Option<String>,
    name: Option<String>,
    team_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Team {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Pressed {
    action_id: String,
    #[serde(default)]
    value: String,
}

/// None: it is not written as Slack writes.
pub fn read(body: &[u8]) -> Option<Sent> {
    let field = |name: &str| {
        let mut fields = url::form_urlencoded::parse(body);
        fields
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    if let Some(payload) = field("payload") {
        return click(&payload);
    }
    field("command")?;
    let (team, user) = (field("team_id")?, field("user_id")?);
    Some(Sent::Command {
        who: someone(team, user, field("user_name")),
        text: field("text").unwrap_or_default(),
    })
}

fn click(payload: &str) -> Option<Sent> {
    let payload: Payload = serde_json::from_str(payload).ok()?;
    let mut pressed = payload.actions.into_iter();
    let pressed = pressed.find(|it| matches!(it.action_id.as_str(), "approve" | "refuse"));
    let (Some(pressed), "block_actions") = (pressed, payload.kind.as_str()) else {
        return Some(Sent::Other);
    };
    let team = payload.team.map(|team| team.id);
    let who = payload.user.and_then(|user| match (team, user.team_id) {
        // Somebody of another workspace, in a channel that two share: which of them their id is of is not said.
        (Some(here), Some(theirs)) if here != theirs => None,
        (Some(team), _) | (None, Some(team)) => someone(team, user.id, user.username.or(user.name)),
        (None, None) => None,
    });
    Some(Sent::Click {
        who,
        action: pressed.action_id,
        value: pressed.value,
        answer_to: payload.response_url,
    })
}

fn someone(team: String, user: String, name: Option<String>) -> Option<Someone> {
    let is_id = |text: &String| {
        (1..=64).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    if !is_id(&team) || !is_id(&user) {
        return None;
    }
    let name = name.unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|it| !it.is_control())
        .take(80)
        .collect();
    Some(Someone {
        name: if name.trim().is_empty() {
            user.clone()
        } else {
            name
        },
        team,
        user,
    })
}

#[cfg(test)]
mod tests;
