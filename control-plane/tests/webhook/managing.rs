//! Webhooks as they are made, changed and looked at.

use crate::desk::Desk;
use crate::receiver::{Receiver, Reply};
use serde_json::json;
use std::time::Duration;

const PATH: &str = "/v1/orgs/acme/webhooks";

#[tokio::test]
async fn the_secret_is_said_once_and_kept_sealed() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    let (id, secret) = desk.webhook("bot", &receiver.url).await;
    assert!(
        secret.starts_with("whsec_") && secret.len() > 40,
        "{secret}"
    );
    desk.waits(&desk.ask).await;
    desk.deliver().await;
    for path in [
        PATH.to_owned(),
        format!("{PATH}/{id}"),
        format!("{PATH}/{id}/deliveries"),
        "/v1/orgs/acme/events".to_owned(),
        "/v1/orgs/acme/export".to_owned(),
    ] {
        let answer = desk.world.get(&desk.owner, &path).await;
        assert_eq!(answer.status.as_u16(), 200);
        assert!(!answer.text.contains("whsec_"), "{path}");
    }
    let dump = String::from_utf8_lossy(&desk.world.database.dump()).into_owned();
    assert!(!dump.contains(&secret["whsec_".len()..]));
    assert!(
        !dump.contains("hook-that-nobody-knows"),
        "who knows the address may write there"
    );
}

#[tokio::test]
async fn addresses_inside_and_what_is_no_address_are_refused() {
    let desk = Desk::open().await;
    for (url, said) in [
        ("http://10.1.2.3/hook", "private"),
        ("https://169.254.169.254/", "link-local"),
        ("https://[::ffff:10.0.0.1]/", "IPv4-mapped"),
        ("https://user:word@example.com/", "no user or password"),
        ("ftp://example.com/", "expected a URL"),
        ("hook", "expected a URL"),
    ] {
        let body = json!({ "name": "bot", "url": url });
        let answer = desk.world.post(&desk.owner, PATH, body).await.expect(422);
        assert_eq!(answer["errors"][0]["pointer"], "/url");
        let detail = answer["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(said), "{url}: {detail}");
    }
    let body = json!({ "name": " ", "url": "https://example.com", "events": ["approval.requested", "all"] });
    let answer = desk.world.post(&desk.owner, PATH, body).await.expect(422);
    let pointers: Vec<&str> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/name", "/events/1"]);
}

#[tokio::test]
async fn who_chose_some_events_is_told_of_no_others() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    let body = json!({ "name": "bot", "url": receiver.url, "events": ["approval.refused"] });
    desk.world.post(&desk.owner, PATH, body).await.expect(201);
    let approval = desk.waits(&desk.ask).await;
    desk.say(&desk.one, approval, "refuse", json!({ "note": "" }))
        .await
        .expect(200);
    desk.deliver().await;
    assert_eq!(receiver.kinds(), ["approval.refused"]);
}

#[tokio::test]
async fn an_agreement_that_is_not_enough_is_not_told_as_an_approval() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    desk.webhook("bot", &receiver.url).await;
    let mut ask = desk.ask.clone();
    ask.approvers = 2;
    let approval = desk.waits(&ask).await;
    desk.approve(&desk.one, approval).await;
    desk.deliver().await;
    assert_eq!(receiver.kinds(), ["approval.requested"]);
    desk.approve(&desk.other, approval).await;
    desk.deliver().await;
    assert_eq!(
        receiver.kinds(),
        ["approval.requested", "approval.approved"]
    );
}

#[tokio::test]
async fn a_rotated_secret_signs_beside_the_one_before_for_a_day() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    let (id, old) = desk.webhook("bot", &receiver.url).await;
    let path = format!("{PATH}/{id}/rotate");
    let made = desk
        .world
        .post(&desk.owner, &path, json!({}))
        .await
        .expect(200);
    let new = made["secret"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    let sign = |secret: &str, at: usize| {
        let got = &receiver.got()[at];
        let secret = seal::Secret::new(secret.to_owned());
        let unix_s = got.header("webhook-timestamp").parse().unwrap();
        control_plane::webhook::secret::sign(&secret, got.header("webhook-id"), unix_s, &got.body)
            .unwrap()
    };
    desk.waits(&desk.ask).await;
    desk.deliver().await;
    let both = format!("{} {}", sign(&new, 0), sign(&old, 0));
    assert_eq!(receiver.got()[0].header("webhook-signature"), both);
    desk.world.clock.advance(Duration::from_hours(24));
    desk.waits(&desk.with(r#"{"amount":3}"#)).await;
    desk.deliver().await;
    assert_eq!(receiver.got()[1].header("webhook-signature"), sign(&new, 1));
}

#[tokio::test]
async fn a_test_is_sent_logged_and_sent_again_under_its_id() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([Reply::Status(200), Reply::Status(404)]).await;
    let (id, _) = desk.webhook("bot", &receiver.url).await;
    let path = format!("{PATH}/{id}");
    let made = desk
        .world
        .post(&desk.owner, &format!("{path}/test"), json!({}))
        .await;
    let made = made.expect(202);
    assert_eq!(made["event"], "webhook.test");
    desk.deliver().await;
    let replay = format!("{path}/deliveries/{}/replay", made["id"].as_str().unwrap());
    desk.world
        .post(&desk.owner, &replay, json!({}))
        .await
        .expect(202);
    desk.deliver().await;
    assert_eq!(receiver.kinds(), ["webhook.test", "webhook.test"]);
    let log = desk.log(&id).await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&log[0]["state"], &log[0]["status"]),
        (&json!("waiting"), &json!(404))
    );

    // Of another webhook it is nobody's.
    let (other, _) = desk.webhook("other", &receiver.url).await;
    let replay = format!(
        "{PATH}/{other}/deliveries/{}/replay",
        made["id"].as_str().unwrap()
    );
    desk.world
        .post(&desk.owner, &replay, json!({}))
        .await
        .expect(404);
    desk.world.delete(&desk.owner, &path).await.expect(204);
    desk.world.get(&desk.owner, &path).await.expect(404);
    desk.world.clock.advance(Duration::from_mins(10));
    assert_eq!(desk.deliver().await, 0, "what waited went with it");
}

#[tokio::test]
async fn the_twenty_first_webhook_is_refused_and_a_log_is_kept_for_a_month() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    let (id, _) = desk.webhook("bot", &receiver.url).await;
    for number in 1..20 {
        desk.webhook(&format!("bot {number}"), &receiver.url).await;
    }
    let body = json!({ "name": "more", "url": receiver.url });
    desk.world.post(&desk.owner, PATH, body).await.expect(409);
    desk.waits(&desk.ask).await;
    assert_eq!(desk.deliver().await, 20);
    assert_eq!(desk.log(&id).await.len(), 1);
    desk.world.clock.advance(Duration::from_hours(24 * 31));
    desk.deliver().await;
    let mut owner = desk
        .world
        .database
        .connect(&desk.world.database.owner)
        .await;
    let left: i64 = sqlx::query_scalar("select count(*) from webhook_deliveries")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(left, 0);
}
