use super::*;

fn body() -> Value {
    json!({ "type": "approval.requested", "data": {
        "tool": "x` <!channel> *now* <https://evil.example|click>\n\u{202e}", "grant_name": "a & b", "approval": "apr_1",
        "server_slug": "desk", "severity": "critical", "rule": "/tools/x", "expires_at": "2026-11-22T12:30:00Z",
        "url": "https://gate.example.com/acme/approvals/apr_1",
    } })
}

fn actions(message: &Value) -> Vec<String> {
    let blocks = message["blocks"].as_array().unwrap();
    let elements = blocks.last().unwrap()["elements"]
        .as_array()
        .unwrap()
        .iter();
    let ids = elements.map(|it| it["action_id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[test]
fn what_an_agent_wrote_is_no_markup() {
    let said = message(&body(), true);
    let text = said["text"].as_str().unwrap();
    assert!(!text.contains(['<', '>', '\n', '\u{202e}']), "{text}");
    assert!(text.contains("[U+202E]"), "{text}");
    assert_eq!(text.matches('`').count(), 4, "our own: {text}");
    assert!(text.contains("`a &amp; b`"));
    assert_eq!(said["blocks"][0]["text"]["text"], said["text"]);
}

#[test]
fn only_what_waits_has_buttons_and_only_where_clicks_come_back() {
    assert_eq!(
        actions(&message(&body(), true)),
        ["approve", "refuse", "look"]
    );
    assert_eq!(actions(&message(&body(), false)), ["look"]);
    for event in [
        "approval.approved",
        "approval.refused",
        "approval.expired",
        "approval.withdrawn",
        "approval.spent",
        "webhook.test",
    ] {
        let mut told = body();
        told["type"] = json!(event);
        assert_eq!(actions(&message(&told, true)), ["look"], "{event}");
    }
    assert_eq!(actions(&settled(&body(), "Ann refused it.")), ["look"]);
}

/// The bounds of Slack's reference of blocks.
#[test]
fn a_message_keeps_within_slacks_bounds_however_long_the_names_are() {
    let mut told = body();
    for key in ["tool", "grant_name", "server_slug", "rule"] {
        told["data"][key] = json!("&".repeat(5_000));
    }
    let said = message(&told, true);
    assert!(said["blocks"][0]["text"]["text"].as_str().unwrap().len() <= 3_000);
    assert!(
        said["blocks"][1]["elements"][0]["text"]
            .as_str()
            .unwrap()
            .len()
            <= 3_000
    );
    let button = &said["blocks"][2]["elements"][0];
    assert!(button["value"].as_str().unwrap().len() <= 2_000);
    assert!(button["confirm"]["title"]["text"].as_str().unwrap().len() <= 100);
    assert!(button["confirm"]["text"]["text"].as_str().unwrap().len() <= 300);
}
