//! Messages of blocks, as Slack's documentation has them. PURE. What agents and people wrote means nothing in them.

use serde_json::{Value, json};

/// Of one thing that somebody wrote.
const LONGEST: usize = 200;

/// What a message says of an event: `body` is what another webhook would be sent. With buttons where clicks come back.
pub fn message(body: &Value, has_buttons: bool) -> Value {
    let data = &body["data"];
    let said = |key: &str| escaped(data[key].as_str().unwrap_or_default());
    let (call, by) = (call(data), said("by"));
    let event = body["type"].as_str().unwrap_or_default();
    let head = match event {
        "approval.requested" => return request(body, None, has_buttons),
        "approval.escalated" => return request(body, Some("It waits for long."), has_buttons),
        "approval.approved" => format!("{by} approved {call}."),
        "approval.refused" => format!("{by} refused {call}."),
        "approval.expired" => format!("The time was over for {call}."),
        "approval.withdrawn" => format!("{by} took back the request for {call}."),
        "approval.spent" => format!("It went on, as was approved: {call}."),
        _ => format!("This is a test, by {by}."),
    };
    card(&head, None, &[look(data)])
}

/// The message of a request, with what there is to say of it now.
pub fn request(body: &Value, now: Option<&str>, has_buttons: bool) -> Value {
    let data = &body["data"];
    let said = |key: &str| escaped(data[key].as_str().unwrap_or_default());
    let head = format!("It waits for a decision: {}.", call(data));
    let mut context = format!(
        "Server `{}`, severity {}, rule `{}`, until {}.",
        said("server_slug"),
        said("severity"),
        said("rule"),
        said("expires_at")
    );
    if let Some(now) = now {
        context = format!("{now} {context}");
    }
    let mut buttons = Vec::new();
    if has_buttons {
        let mut approve = button("approve", "Approve", data);
        approve["style"] = json!("primary");
        approve["confirm"] = json!({
            "title": plain("Have you looked at the arguments?"),
            "text": plain("This lets exactly the call through that the page shows, once."),
            "confirm": plain("Approve"),
            "deny": plain("Not yet"),
        });
        let mut refuse = button("refuse", "Refuse", data);
        refuse["style"] = json!("danger");
        buttons.extend([approve, refuse]);
    }
    buttons.push(look(data));
    card(&head, Some(&context), &buttons)
}

/// The message of a request that nobody decides any more.
pub fn settled(body: &Value, became: &str) -> Value {
    let data = &body["data"];
    let head = format!("{became} It was about {}.", call(data));
    card(&head, None, &[look(data)])
}

fn call(data: &Value) -> String {
    let said = |key: &str| escaped(data[key].as_str().unwrap_or_default());
    format!(
        "a call of `{}` by the grant `{}`",
        said("tool"),
        said("grant_name")
    )
}

fn card(head: &str, context: Option<&str>, buttons: &[Value]) -> Value {
    let words = |text: &str| json!({ "type": "mrkdwn", "text": text, "verbatim": true });
    let mut blocks = vec![json!({ "type": "section", "text": words(head) })];
    if let Some(context) = context {
        blocks.push(json!({ "type": "context", "elements": [words(context)] }));
    }
    blocks.push(json!({ "type": "actions", "elements": buttons }));
    json!({ "text": head, "blocks": blocks, "unfurl_links": false })
}

fn button(action: &str, text: &str, data: &Value) -> Value {
    json!({ "type": "button", "action_id": action, "text": plain(text), "value": data["approval"] })
}

/// A link: what it leads to decides nothing by being looked at.
fn look(data: &Value) -> Value {
    json!({ "type": "button", "action_id": "look", "text": plain("Look at it"), "url": data["url"] })
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

/// As text and nothing else, between backticks too, where that is documented; what does not show is named.
pub fn escaped(text: &str) -> String {
    let short: String = text.chars().take(LONGEST).collect();
    let pieces = crate::page::reveal::pieces(&short).into_iter();
    let shown: String = pieces
        .map(|piece| {
            if piece.is_sign {
                format!("[{}]", piece.text)
            } else {
                piece.text
            }
        })
        .collect();
    let bare = shown.replace('\n', " ").replace('&', "&amp;");
    let bare = bare.replace('<', "&lt;").replace('>', "&gt;");
    bare.replace('`', "\u{2019}")
}

#[cfg(test)]
mod tests;
