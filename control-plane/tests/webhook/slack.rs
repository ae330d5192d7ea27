//! Slack: a fake one that speaks its documented format. What is clicked there is a member's word, or nobody's.

mod forms;

use crate::desk::Desk;
use crate::receiver::{Receiver, Reply};
use crate::world::Who;
use crate::world::page::post;
use aws_lc_rs::hmac;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use ids::ApprovalId;
use serde_json::{Value, json};
use std::time::Duration;

const SIGNING: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const TEAM: &str = "T9TK3CUKW";
const PAGE: &str = "/acme/settings/slack";

/// A workspace with an app and a channel.
struct Slack {
    desk: Desk,
    /// Where messages go, and where clicks are answered.
    channel: Receiver,
    answers: Receiver,
    webhook: String,
}

/// A request as it is on the wire.
#[derive(Clone)]
struct Signed {
    stamp: i64,
    signature: String,
    body: String,
}

impl Slack {
    async fn open() -> Self {
        Self::with([], []).await
    }

    /// One that answers messages, and answers to clicks, with these first.
    async fn with(
        channel: impl IntoIterator<Item = Reply>,
        answers: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let desk = Desk::open().await;
        let (channel, answers) = (
            Receiver::start(channel).await,
            Receiver::start(answers).await,
        );
        let body = json!({ "signing_secret": SIGNING });
        let path = "/v1/orgs/acme/slack";
        desk.world.put(&desk.owner, path, body).await.expect(200);
        let body = json!({ "name": "ops", "format": "slack", "url": channel.url });
        let path = "/v1/orgs/acme/webhooks";
        let made = desk.world.post(&desk.owner, path, body).await.expect(201);
        assert!(made["secret"].is_null());
        let webhook = made["id"].as_str().unwrap().to_owned();
        Self {
            desk,
            channel,
            answers,
            webhook,
        }
    }

    fn now(&self) -> i64 {
        self.desk.world.app.now().time().unix_timestamp()
    }

    fn click(&self, user: &str, action: &str, approval: ApprovalId) -> String {
        let payload = json!({
            "type": "block_actions",
            "user": { "id": user, "username": "ann", "name": "ann", "team_id": TEAM },
            "api_app_id": "A0123", "token": "Shh_its_a_seekrit",
            "container": { "type": "message", "message_ts": "1548261231.000200", "channel_id": "C1", "is_ephemeral": false },
            "trigger_id": format!("12466734323.{}", self.answers.got().len()),
            "team": { "id": TEAM, "domain": "example" },
            "channel": { "id": "C1", "name": "ops" },
            "response_url": self.answers.url,
            "actions": [{ "type": "button", "block_id": "b1", "action_id": action, "value": approval.to_string(),
                "text": { "type": "plain_text", "text": "Approve", "emoji": true }, "action_ts": "1548426417.840180" }],
        });
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("payload", &payload.to_string()).finish()
    }

    fn signed(secret: &str, stamp: i64, body: String) -> Signed {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("v0:{stamp}:{body}").as_bytes());
        Signed {
            stamp,
            signature: format!("v0={}", seal::to_hex(tag.as_ref())),
            body,
        }
    }

    /// Where the app sends what comes from it.
    async fn url(&self) -> String {
        let (world, owner) = (&self.desk.world, &self.desk.owner);
        let slack = world.get(owner, "/v1/orgs/acme/slack").await.expect(200);
        let url = slack["request_url"].as_str().unwrap();
        url.strip_prefix("http://127.0.0.1:8080")
            .unwrap()
            .to_owned()
    }

    /// The status of the answer, and what it says.
    async fn sends(&self, signed: &Signed) -> (u16, String) {
        let request = Request::post(self.url().await)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", signed.stamp.to_string())
            .header("x-slack-signature", &signed.signature)
            .body(Body::from(signed.body.clone()));
        let answer = self.desk.world.open(request.unwrap()).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// A click as Slack sends it; what was answered in the channel.
    async fn clicks(&self, user: &str, action: &str, approval: ApprovalId) -> Value {
        let before = self.answers.got().len();
        let body = self.click(user, action, approval);
        let (status, said) = self.sends(&Self::signed(SIGNING, self.now(), body)).await;
        assert_eq!((status, said.as_str()), (200, ""));
        self.answers.has(before + 1).await;
        self.answers.got()[before].json()
    }

    /// The command as Slack sends it; what is answered at once.
    async fn writes(&self, user: &str, text: &str) -> Value {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let body = form.extend_pairs([
            ("team_id", TEAM),
            ("team_domain", "example"),
            ("channel_id", "C1"),
            ("user_id", user),
            ("user_name", "ann"),
            ("command", "/portcullis"),
            ("text", text),
            ("response_url", self.answers.url.as_str()),
            ("trigger_id", "13345224609.738474920.8088930838d88f008e0"),
        ]);
        let signed = Self::signed(SIGNING, self.now(), body.finish());
        let (status, said) = self.sends(&signed).await;
        assert_eq!(status, 200, "{said}");
        serde_json::from_str(&said).unwrap()
    }

    /// A code, as the page shows it.
    async fn code(&self, who: &Who) -> String {
        let page = post(&self.desk.world, who, &format!("{PAGE}/code"), &[]).await;
        let (_, rest) = page.html.split_once("<code>/portcullis ").unwrap();
        rest.split('<').next().unwrap().to_owned()
    }

    /// Has `who` be this user.
    async fn link(&self, user: &str, who: &Who) {
        let said = self.writes(user, &self.code(who).await).await;
        assert_eq!(said["response_type"], "ephemeral");
        let text = said["text"].as_str().unwrap();
        assert!(text.contains("here from now on"), "{text}");
    }

    async fn state(&self, approval: ApprovalId) -> Value {
        self.desk.show(approval).await["state"].clone()
    }
}

fn text(said: &Value) -> &str {
    said["text"].as_str().unwrap()
}

fn actions(message: &Value) -> Vec<&str> {
    let blocks = message["blocks"].as_array().unwrap();
    let elements = blocks.last().unwrap()["elements"]
        .as_array()
        .unwrap()
        .iter();
    elements
        .map(|it| it["action_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_message_has_buttons_and_who_has_proved_who_they_are_decides_by_one() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    let approval = desk.waits(&desk.ask).await;
    desk.deliver().await;
    let got = &slack.channel.got()[0];
    let message = got.json();
    assert!(text(&message).contains("`create_refund`"));
    assert_eq!(actions(&message), ["approve", "refuse", "look"]);
    assert_eq!(
        message["blocks"][2]["elements"][0]["value"],
        json!(approval)
    );
    assert!(
        !message.to_string().contains("amount"),
        "never the arguments"
    );
    assert!(!got.headers.contains_key("webhook-signature"));

    slack.link("U222", &desk.one).await;
    let said = slack.clicks("U222", "approve", approval).await;
    assert_eq!(slack.state(approval).await, "approved");
    assert_eq!(said["replace_original"], true);
    assert_eq!(actions(&said), ["look"], "nobody clicks on it again");
    assert!(text(&said).starts_with("Person 1 approved it."), "{said}");
    let decision = &desk.show(approval).await["decisions"][0];
    assert_eq!(decision["actor_name"], "Person 1");
    assert_eq!(decision["note"], "decided in Slack");
    assert!(desk.is_spent(&desk.again()).await);
    let events = "/v1/orgs/acme/events?action=slack";
    let events = desk.world.get(&desk.owner, events).await.expect(200);
    let kinds = events["items"].as_array().unwrap().iter();
    let kinds: Vec<&str> = kinds.map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["slack.linked", "slack.code_made", "slack.set_up"]);
}

#[tokio::test]
async fn a_refusal_by_a_click_reaches_the_agent() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    slack.link("U222", &desk.one).await;
    let approval = desk.waits(&desk.ask).await;
    let said = slack.clicks("U222", "refuse", approval).await;
    assert!(text(&said).starts_with("Person 1 refused it."), "{said}");
    assert_eq!(slack.state(approval).await, "refused");
    let answer = desk.ask(&desk.again()).await;
    assert!(
        matches!(answer, bundle::approval::Answer::Refused { note, .. } if note == "decided in Slack")
    );
}

#[tokio::test]
async fn whom_nobody_knows_decides_nothing_and_is_told_how_to_be_somebody() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    let approval = desk.waits(&desk.ask).await;
    slack.link("U222", &desk.one).await;
    let said = slack.clicks("U333", "approve", approval).await;
    assert_eq!(said["response_type"], "ephemeral");
    assert_eq!(said["replace_original"], false);
    assert!(
        text(&said).contains("nobody here is known to be you"),
        "{said}"
    );
    assert!(
        text(&said).contains("make a code under Settings, Slack"),
        "{said}"
    );
    assert_eq!(slack.state(approval).await, "waiting");

    // A code that was used, that is made up, or that is too old, makes nobody somebody.
    let code = slack.code(&desk.one).await;
    slack.writes("U444", &code).await;
    for other in [code.as_str(), "0000", "", "' or true --"] {
        let said = slack.writes("U333", other).await;
        assert!(!text(&said).contains("here from now on"), "{said}");
    }
    let late = slack.code(&desk.one).await;
    desk.world.clock.advance(Duration::from_mins(10));
    assert!(text(&slack.writes("U333", &late).await).starts_with("That is no code"));
    let said = slack.clicks("U333", "approve", approval).await;
    assert!(
        text(&said).contains("nobody here is known to be you"),
        "{said}"
    );
    assert_eq!(slack.state(approval).await, "waiting");
}

#[tokio::test]
async fn what_slack_did_not_sign_signed_long_ago_or_signed_for_somebody_else_is_turned_away() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    let approval = desk.waits(&desk.ask).await;
    slack.link("U222", &desk.one).await;
    let (now, body) = (slack.now(), slack.click("U222", "approve", approval));
    let other = "8f742231b10e8888abcd99yyyzzz85a6";
    let good = Slack::signed(SIGNING, now, body.clone());
    let forged = |signature: &str| Signed {
        signature: signature.to_owned(),
        ..good.clone()
    };
    for (what, bad) in [
        ("forged", Slack::signed(other, now, body.clone())),
        ("without a secret", Slack::signed("", now, body.clone())),
        ("too old", Slack::signed(SIGNING, now - 301, body.clone())),
        (
            "of times to come",
            Slack::signed(SIGNING, now + 301, body.clone()),
        ),
        ("cut", forged(&good.signature[..20])),
        ("empty", forged("v0=")),
        (
            "of another version",
            forged(&good.signature.replace("v0=", "v1=")),
        ),
        (
            "of another body",
            Signed {
                body: good.body.replace("approve", "refuse"),
                ..good.clone()
            },
        ),
        (
            "of another time",
            Signed {
                stamp: now - 1,
                ..good.clone()
            },
        ),
    ] {
        assert_eq!(slack.sends(&bad).await.0, 401, "{what}");
    }
    assert_eq!(slack.state(approval).await, "waiting");
    // Another organisation's door does not take it, whether it has an app or none.
    let stranger = desk.world.owner("other").await;
    let door = async || {
        let theirs = desk.world.get(&stranger, "/v1/orgs/other/slack").await;
        let url = theirs.expect(200)["request_url"]
            .as_str()
            .unwrap()
            .to_owned();
        let request = Request::post(url.strip_prefix("http://127.0.0.1:8080").unwrap())
            .header("x-slack-request-timestamp", good.stamp.to_string())
            .header("x-slack-signature", &good.signature)
            .body(Body::from(good.body.clone()));
        desk.world.open(request.unwrap()).await.status().as_u16()
    };
    assert_eq!(door().await, 401);
    let theirs = json!({ "signing_secret": SIGNING });
    let path = "/v1/orgs/other/slack";
    desk.world.put(&stranger, path, theirs).await.expect(200);
    assert_eq!(door().await, 200, "one app in two organisations");
    assert_eq!(
        slack.state(approval).await,
        "waiting",
        "which nobody here is known in"
    );
    // And with the app its word is gone.
    desk.world
        .delete(&desk.owner, "/v1/orgs/acme/slack")
        .await
        .expect(204);
    assert_eq!(slack.sends(&good).await.0, 401);
    assert_eq!(slack.state(approval).await, "waiting");
}

#[tokio::test]
async fn a_request_that_is_sent_once_more_does_nothing() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    let approval = desk.waits(&desk.ask).await;
    // Kept by somebody from before the user was anybody here.
    let body = slack.click("U222", "approve", approval);
    let kept = Slack::signed(SIGNING, slack.now(), body);
    assert_eq!(slack.sends(&kept).await.0, 200);
    slack.answers.has(1).await;
    slack.link("U222", &desk.one).await;
    assert_eq!(slack.sends(&kept).await, (200, String::new()));
    let shouted = Signed {
        signature: kept.signature.to_uppercase().replace("V0=", "v0="),
        ..kept.clone()
    };
    slack.sends(&shouted).await;
    assert_eq!(slack.state(approval).await, "waiting");
    assert_eq!(slack.answers.got().len(), 1, "nor is it answered again");
    desk.world.clock.advance(Duration::from_secs(301));
    assert_eq!(slack.sends(&kept).await.0, 401);
    assert_eq!(slack.state(approval).await, "waiting");
}

#[tokio::test]
async fn a_viewer_who_clicks_may_no_more_than_on_the_page_nor_who_has_left() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    let approval = desk.waits(&desk.ask).await;
    let viewer = desk.world.member(&desk.owner, "acme", "viewer").await;
    slack.link("U555", &viewer).await;
    let said = slack.clicks("U555", "approve", approval).await;
    assert!(
        text(&said).contains("the role `viewer` may not do this"),
        "{said}"
    );
    let said = slack.clicks("U555", "refuse", approval).await;
    assert!(
        text(&said).contains("the role `viewer` may not do this"),
        "{said}"
    );
    assert_eq!(slack.state(approval).await, "waiting");

    slack.link("U222", &desk.one).await;
    let leave = post(
        &desk.world,
        &desk.one,
        "/acme/settings/leave",
        &[("sure", "acme")],
    )
    .await;
    assert_eq!(leave.status.as_u16(), 303);
    let said = slack.clicks("U222", "approve", approval).await;
    assert!(
        text(&said).contains("nobody here is known to be you"),
        "{said}"
    );
    let path = format!("/v1/orgs/acme/approvals/{approval}");
    let shown = desk.world.get(&desk.owner, &path).await.expect(200);
    assert_eq!(shown["state"], "waiting");
}

#[tokio::test]
async fn nobody_decides_for_their_own_grant_by_a_click_either() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    let approval = desk.waits(&desk.ask).await;
    slack.link("U111", &desk.owner).await;
    for action in ["approve", "refuse"] {
        let said = slack.clicks("U111", action, approval).await;
        assert!(
            text(&said).contains("nobody decides what their own grant asks"),
            "{said}"
        );
    }
    assert_eq!(slack.state(approval).await, "waiting");
}

#[tokio::test]
async fn a_second_click_and_a_late_one_are_told_what_became_of_it() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    slack.link("U222", &desk.one).await;
    slack.link("U333", &desk.other).await;
    let approval = desk.waits(&desk.ask).await;
    slack.clicks("U222", "approve", approval).await;
    let late = slack.clicks("U333", "refuse", approval).await;
    assert_eq!(late["replace_original"], true);
    assert!(
        text(&late).starts_with("It is `approved`: nothing was left to decide."),
        "{late}"
    );
    assert_eq!(slack.state(approval).await, "approved");
    // Decided on the page, it is as decided.
    let other = desk.waits(&desk.with(r#"{"amount":2}"#)).await;
    desk.say(&desk.other, other, "refuse", json!({}))
        .await
        .expect(200);
    let late = slack.clicks("U222", "approve", other).await;
    assert!(text(&late).starts_with("It is `refused`"), "{late}");
    let third = desk.waits(&desk.with(r#"{"amount":3}"#)).await;
    desk.world.clock.advance(Duration::from_hours(1));
    let late = slack.clicks("U222", "approve", third).await;
    assert!(text(&late).starts_with("It is `expired`"), "{late}");
    assert!(!desk.is_spent(&desk.with(r#"{"amount":3}"#)).await);
}

#[tokio::test]
async fn where_two_people_must_agree_the_buttons_stay_after_the_first() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    slack.link("U222", &desk.one).await;
    slack.link("U333", &desk.other).await;
    let mut ask = desk.ask.clone();
    ask.approvers = 2;
    let approval = desk.waits(&ask).await;
    let said = slack.clicks("U222", "approve", approval).await;
    assert_eq!(actions(&said), ["approve", "refuse", "look"]);
    let context = said["blocks"][1]["elements"][0]["text"].as_str().unwrap();
    assert!(
        context.starts_with("Person 1 agreed: 1 of 2 people."),
        "{context}"
    );
    let said = slack.clicks("U222", "approve", approval).await;
    assert!(
        text(&said).contains("another person is asked for"),
        "{said}"
    );
    assert_eq!(slack.state(approval).await, "waiting");
    slack.clicks("U333", "approve", approval).await;
    assert_eq!(slack.state(approval).await, "approved");
}

#[tokio::test]
async fn a_slack_that_is_down_is_told_later_and_keeps_nobody_from_deciding() {
    let replies = [Reply::Status(500), Reply::Status(429)];
    let slack = Slack::with(replies, [Reply::Status(500), Reply::Never]).await;
    let desk = &slack.desk;
    let approval = desk.waits(&desk.ask).await;
    for after_s in [0, 7, 75] {
        desk.world.clock.advance(Duration::from_secs(after_s));
        assert_eq!(desk.deliver().await, 1);
    }
    let log = desk.log(&slack.webhook).await;
    assert_eq!(
        (&log[0]["state"], &log[0]["attempts"]),
        (&json!("delivered"), &json!(3))
    );
    // Its answer is not heard at first, and then for long: what was clicked is decided all the same.
    slack.link("U222", &desk.one).await;
    let said = slack.clicks("U222", "approve", approval).await;
    assert_eq!(slack.state(approval).await, "approved");
    slack.answers.has(2).await;
    assert_eq!(slack.answers.got()[1].json(), said, "once more");
}

#[tokio::test]
async fn a_click_is_answered_at_slack_and_not_where_it_would_have_it() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    slack.link("U222", &desk.one).await;
    let approval = desk.waits(&desk.ask).await;
    let body = slack.click("U222", "approve", approval);
    let here: String = url::form_urlencoded::byte_serialize(slack.answers.url.as_bytes()).collect();
    let there: String =
        url::form_urlencoded::byte_serialize(b"http://169.254.169.254/latest").collect();
    assert!(body.contains(&here));
    let body = body.replace(&here, &there);
    let sent = slack
        .sends(&Slack::signed(SIGNING, slack.now(), body))
        .await;
    assert_eq!(sent, (200, String::new()));
    assert_eq!(slack.state(approval).await, "approved");
    assert!(slack.answers.got().is_empty());
}
