use super::*;
use serde_json::json;

/// The example of Slack's own documentation.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const STAMP: &str = "1531420618";
const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

#[test]
fn the_signature_is_the_one_that_slack_prints() {
    let secret = Secret::new(SECRET.to_owned());
    let is = |stamp: &str, body: &[u8], signature: &str, now: i64| {
        tag(&secret, (stamp, signature), body, now).is_some()
    };
    let then = 1_531_420_618;
    assert!(is(STAMP, BODY, SIGNATURE, then));
    assert!(is(STAMP, BODY, SIGNATURE, then + 300));
    assert!(is(STAMP, BODY, SIGNATURE, then - 300));
    assert!(!is(STAMP, BODY, SIGNATURE, then + 301));
    assert!(!is(STAMP, BODY, SIGNATURE, then - 301));
    assert!(!is("1531420619", BODY, SIGNATURE, then));
    assert!(!is("soon", BODY, SIGNATURE, then));
    assert!(!is(STAMP, &BODY[1..], SIGNATURE, then));
    assert!(!is(STAMP, BODY, &SIGNATURE[3..], then));
    assert!(!is(STAMP, BODY, &SIGNATURE[..SIGNATURE.len() - 2], then));
    assert!(!is(STAMP, BODY, "v0=", then));
}

#[test]
fn a_tag_is_the_same_however_its_digits_are_written() {
    let secret = Secret::new(SECRET.to_owned());
    let upper = format!("v0={}", SIGNATURE[3..].to_uppercase());
    let one = tag(&secret, (STAMP, SIGNATURE), BODY, 1_531_420_618);
    let other = tag(&secret, (STAMP, &upper), BODY, 1_531_420_618);
    assert!(other.is_none() || other == one, "or it could be sent twice");
}

#[test]
fn a_command_says_who_and_what() {
    let Some(Sent::Command { who, text }) = read(BODY) else {
        panic!("a command");
    };
    let who = who.unwrap();
    assert_eq!(
        (who.team.as_str(), who.user.as_str()),
        ("T1DC2JH3J", "U2CERLKJA")
    );
    assert_eq!((who.name.as_str(), text.as_str()), ("roadrunner", ""));
}

fn sent(payload: &serde_json::Value) -> Option<Sent> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    let body = form.append_pair("payload", &payload.to_string()).finish();
    read(body.as_bytes())
}

#[test]
fn a_click_is_somebodys_of_the_workspace_that_it_is_in_or_nobodys() {
    let mut payload = json!({
        "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1", "username": "ann", "team_id": "T1" },
        "actions": [{ "action_id": "approve", "value": "apr_1" }], "response_url": "https://hooks.slack.com/actions/x",
    });
    let who = |sent: Option<Sent>| match sent {
        Some(Sent::Click { who, .. }) => who,
        other => panic!("{other:?}"),
    };
    assert_eq!(who(sent(&payload)).unwrap().name, "ann");
    payload["user"]["team_id"] = json!("T2");
    assert_eq!(who(sent(&payload)), None, "of another workspace");
    payload["user"] = json!({ "id": "U1'; --", "team_id": "T1" });
    assert_eq!(who(sent(&payload)), None);
    payload["team"] = json!(null);
    payload["user"] = json!({ "id": "U1" });
    assert_eq!(who(sent(&payload)), None);
}

#[test]
fn a_click_on_a_link_and_what_is_no_click_say_nothing() {
    let look = json!({ "type": "block_actions", "actions": [{ "action_id": "look" }] });
    assert_eq!(sent(&look), Some(Sent::Other));
    let view = json!({ "type": "view_submission", "actions": [{ "action_id": "approve", "value": "apr_1" }] });
    assert_eq!(sent(&view), Some(Sent::Other));
    assert_eq!(read(b"payload=%7B"), None);
    assert_eq!(read(b"hello"), None);
    assert_eq!(read(&[0xff, 0x00]), None);
}
