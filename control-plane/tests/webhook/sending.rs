//! What is sent, and how often.

use crate::desk::Desk;
use crate::receiver::{Receiver, Reply};
use control_plane::webhook::outbox;
use host::stop::Stop;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_receiver_is_told_what_waits_and_what_became_of_it_but_never_the_arguments() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    let (webhook, _) = desk.webhook("bot", &receiver.url).await;
    let approval = desk.waits(&desk.ask).await;
    desk.deliver().await;
    desk.approve(&desk.one, approval).await;
    desk.deliver().await;
    assert!(desk.is_spent(&desk.again()).await);
    desk.deliver().await;
    let refused = desk.waits(&desk.with(r#"{"amount":7777}"#)).await;
    desk.deliver().await;
    desk.say(&desk.one, refused, "refuse", json!({ "note": "no" }))
        .await
        .expect(200);
    desk.deliver().await;
    assert_eq!(
        receiver.kinds(),
        [
            "approval.requested",
            "approval.approved",
            "approval.spent",
            "approval.requested",
            "approval.refused"
        ]
    );
    let got = receiver.got();
    let data = &got[0].json()["data"];
    assert_eq!(data["approval"], json!(approval));
    assert_eq!(data["tool"], "create_refund");
    assert_eq!(data["server_slug"], "desk");
    assert_eq!(data["grant_name"], "agent");
    assert_eq!(data["rule"], "/tools/create_refund/action");
    assert_eq!(data["severity"], "critical");
    assert_eq!(data["state"], "waiting");
    assert_eq!(
        data["url"],
        format!("http://127.0.0.1:8080/acme/approvals/{approval}")
    );
    assert_eq!(data["expires_at"], "2026-11-22T12:30:00Z");
    assert_eq!(got[1].json()["data"]["state"], "approved");
    assert_eq!(got[2].json()["data"]["used"], 1);
    for got in &got {
        let text = String::from_utf8(got.body.to_vec()).unwrap();
        assert!(!text.contains("amount") && !text.contains("7777"), "{text}");
        assert_eq!(got.header("content-type"), "application/json");
    }
    let log = desk.log(&webhook).await;
    assert_eq!(log.len(), 5);
    for (delivery, got) in log.iter().zip(&got) {
        assert_eq!(delivery["state"], "delivered");
        assert_eq!(delivery["status"], 204);
        assert_eq!(delivery["id"], got.header("webhook-id"));
        assert_eq!(delivery["body"], got.json());
    }
}

#[tokio::test]
async fn what_expires_or_is_taken_back_is_told_too() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    desk.webhook("bot", &receiver.url).await;
    let back = desk.waits(&desk.ask).await;
    desk.say(&desk.owner, back, "withdraw", json!({}))
        .await
        .expect(200);
    desk.waits(&desk.with(r#"{"amount":2}"#)).await;
    desk.world.clock.advance(Duration::from_hours(1));
    control_plane::approval::expire::expire(&desk.world.app)
        .await
        .unwrap();
    desk.deliver().await;
    let mut kinds = receiver.kinds();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "approval.expired",
            "approval.requested",
            "approval.requested",
            "approval.withdrawn"
        ]
    );
}

#[tokio::test]
async fn what_answers_500_is_sent_the_same_again_after_a_while_and_taken_then() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([Reply::Status(500)]).await;
    let (webhook, _) = desk.webhook("bot", &receiver.url).await;
    desk.waits(&desk.ask).await;
    assert_eq!(desk.deliver().await, 1);
    let log = desk.log(&webhook).await;
    assert_eq!(log[0]["state"], "waiting");
    assert_eq!(log[0]["status"], 500);
    assert_eq!(log[0]["answer"], "status 500, says it");
    assert_eq!(log[0]["error"], "it answered 500");
    assert!(!desk.shown(&webhook).await["failing_since"].is_null());
    desk.world.clock.advance(Duration::from_secs(4));
    assert_eq!(desk.deliver().await, 0, "not yet");
    desk.world.clock.advance(Duration::from_secs(3));
    assert_eq!(desk.deliver().await, 1);
    let log = desk.log(&webhook).await;
    assert_eq!(log[0]["state"], "delivered");
    assert_eq!(log[0]["attempts"], 2);
    assert!(log[0]["error"].is_null());
    assert!(desk.shown(&webhook).await["failing_since"].is_null());
    let got = receiver.got();
    assert_eq!(got[0].body, got[1].body);
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    assert_ne!(
        got[0].header("webhook-timestamp"),
        got[1].header("webhook-timestamp")
    );
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_for_a_day_switched_off_said_and_can_be_sent_it_again()
 {
    let desk = Desk::open().await;
    // A port that was somebody's, and is nobody's now.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let (webhook, _) = desk.webhook("bot", &format!("http://{address}/hook")).await;
    desk.waits(&desk.ask).await;
    let begun = desk.world.clock.now();
    let mut attempts = 0;
    while desk.shown(&webhook).await["is_on"] == true {
        attempts += desk.deliver().await;
        desk.world.clock.advance(Duration::from_mins(10));
        assert!(attempts <= 9, "attempts have a bound");
    }
    assert_eq!(attempts, 9);
    let took = desk.world.clock.now() - begun;
    assert!(
        took >= time::Duration::hours(23) && took <= time::Duration::hours(31),
        "{took}"
    );
    let log = desk.log(&webhook).await;
    assert_eq!(log[0]["state"], "failed");
    assert_eq!(log[0]["error"], "could not connect");
    assert!(log[0]["status"].is_null());
    let events = desk.world.get(
        &desk.owner,
        "/v1/orgs/acme/events?action=webhook.switched_off",
    );
    let events = events.await.expect(200);
    assert_eq!(events["items"][0]["detail"]["because"], "could not connect");
    let mails = desk.world.mails().await;
    let mut told: Vec<&str> = mails
        .iter()
        .filter(|mail| mail.text.subject == "A webhook of acme was switched off")
        .map(|mail| mail.to.as_str())
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        ["person-0@example.com", "person-2@example.com"],
        "owner and admin"
    );

    // Off, it is told of nothing and nothing can be sent.
    desk.waits(&desk.with(r#"{"amount":1}"#)).await;
    assert_eq!(desk.log(&webhook).await.len(), 1);
    let path = format!("/v1/orgs/acme/webhooks/{webhook}");
    let replay = format!(
        "{path}/deliveries/{}/replay",
        log[0]["id"].as_str().unwrap()
    );
    desk.world
        .post(&desk.owner, &replay, json!({}))
        .await
        .expect(409);

    let receiver = Receiver::start([]).await;
    let owner = desk.world.step_up(&desk.owner).await;
    let change = json!({ "is_on": true, "url": receiver.url });
    desk.world.patch(&owner, &path, change).await.expect(200);
    let again = desk
        .world
        .post(&owner, &replay, json!({}))
        .await
        .expect(202);
    assert_eq!(again["state"], "waiting");
    assert_eq!(desk.deliver().await, 1);
    assert_eq!(
        receiver.got()[0].header("webhook-id"),
        log[0]["id"].as_str().unwrap()
    );
    let path = format!("/v1/orgs/acme/webhooks/{webhook}/deliveries");
    let page = desk.world.get(&owner, &path).await.expect(200);
    assert_eq!(page["items"][0]["state"], "delivered");
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_nobody_is_asked_where_it_leads() {
    let desk = Desk::open().await;
    let elsewhere = Receiver::start([]).await;
    let inside = "http://169.254.169.254/latest/meta-data/".to_owned();
    let receiver = Receiver::start([
        Reply::Redirect(inside),
        Reply::Redirect(elsewhere.url.clone()),
    ])
    .await;
    let (webhook, _) = desk.webhook("bot", &receiver.url).await;
    desk.waits(&desk.ask).await;
    desk.deliver().await;
    desk.world.clock.advance(Duration::from_secs(7));
    desk.deliver().await;
    assert_eq!(receiver.got().len(), 2);
    assert!(elsewhere.got().is_empty());
    let log = desk.log(&webhook).await;
    assert_eq!(log[0]["state"], "waiting");
    assert_eq!(log[0]["status"], 307);
    let error = log[0]["error"].as_str().unwrap();
    assert!(error.contains("redirects are not followed"), "{error}");
}

#[tokio::test]
async fn who_says_that_it_is_gone_is_switched_off_at_once() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([Reply::Status(410)]).await;
    let (webhook, _) = desk.webhook("bot", &receiver.url).await;
    desk.waits(&desk.ask).await;
    desk.deliver().await;
    let shown = desk.shown(&webhook).await;
    assert_eq!(shown["is_on"], false);
    assert_eq!(shown["off_because"], "it answered 410");
    assert_eq!(desk.log(&webhook).await[0]["state"], "failed");
}

#[tokio::test]
async fn who_answers_nothing_is_left_after_ten_seconds_and_keeps_nobody_waiting() {
    let desk = Desk::open().await;
    let (slow, quick) = (
        Receiver::start([Reply::Never]).await,
        Receiver::start([]).await,
    );
    let (slow_id, _) = desk.webhook("slow", &slow.url).await;
    let (quick_id, _) = desk.webhook("quick", &quick.url).await;
    let (stop, trigger) = (Stop::new(), desk.world.app.clone());
    let running = tokio::spawn(outbox::run(trigger, stop.clone()));
    desk.waits(&desk.ask).await;
    slow.has(1).await;
    // While the one still says nothing, the other is told of this and of what comes after it.
    quick.has(1).await;
    desk.waits(&desk.with(r#"{"amount":2}"#)).await;
    quick.has(2).await;
    let log = desk.log(&slow_id).await;
    assert_eq!(
        (&log[0]["attempts"], &log[0]["took_ms"]),
        (&json!(1), &json!(null))
    );
    assert_eq!(slow.got().len(), 1, "one at a time");
    // Left, it is told of what came meanwhile.
    slow.has(2).await;
    let log = desk.log(&slow_id).await;
    assert_eq!(log[0]["error"], "no answer within 10 seconds");
    assert_eq!(log[0]["state"], "waiting");
    assert_eq!(desk.log(&quick_id).await.len(), 2);
    stop.stop();
    running.await.unwrap();
}

#[tokio::test]
async fn five_hundred_requests_of_one_grant_tell_a_receiver_of_ten() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    desk.webhook("bot", &receiver.url).await;
    for amount in 0..500 {
        desk.ask(&desk.with(&format!(r#"{{"amount":{amount}}}"#)))
            .await;
    }
    desk.deliver().await;
    assert_eq!(receiver.got().len(), 10, "as many as may wait");
}
