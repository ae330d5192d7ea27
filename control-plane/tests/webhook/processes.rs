//! Several control planes on one database, each with tasks and pools of its own.

use crate::desk::Desk;
use crate::receiver::{Receiver, Reply};
use control_plane::approval::notice;
use control_plane::webhook::outbox;
use host::stop::Stop;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn of_several_control_planes_one_sends_each_thing() {
    let desk = Desk::open().await;
    let receivers = [
        Receiver::start([]).await,
        Receiver::start([]).await,
        Receiver::start([]).await,
    ];
    for (at, receiver) in receivers.iter().enumerate() {
        desk.webhook(&format!("bot {at}"), &receiver.url).await;
    }
    let stop = Stop::new();
    let mut tasks = Vec::new();
    for app in [desk.world.beside().await, desk.world.beside().await] {
        tasks.push(tokio::spawn(outbox::run(app, stop.clone())));
    }
    for amount in 0..8 {
        let approval = desk
            .waits(&desk.with(&format!(r#"{{"amount":{amount}}}"#)))
            .await;
        desk.approve(&desk.one, approval).await;
    }
    for receiver in &receivers {
        receiver.has(16).await;
    }
    // What is due has been sent: one more look of each finds nothing, whatever the two raced for.
    stop.stop();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(desk.deliver().await, 0);
    for receiver in &receivers {
        let got = receiver.got();
        let ids: BTreeSet<&str> = got.iter().map(|got| got.header("webhook-id")).collect();
        assert_eq!((got.len(), ids.len()), (16, 16), "each once");
    }
}

#[tokio::test]
async fn what_a_process_that_died_was_sending_another_sends_when_its_lease_is_over() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([Reply::Never]).await;
    let (webhook, _) = desk.webhook("bot", &receiver.url).await;
    desk.waits(&desk.ask).await;
    let dying = tokio::spawn(outbox::run(desk.world.beside().await, Stop::new()));
    receiver.has(1).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    let other = desk.world.beside().await;
    assert_eq!(outbox::deliver(&other).await.unwrap(), 0, "it is leased");
    desk.world.clock.advance(Duration::from_secs(59));
    assert_eq!(outbox::deliver(&other).await.unwrap(), 0, "and still is");
    desk.world.clock.advance(Duration::from_secs(1));
    assert_eq!(outbox::deliver(&other).await.unwrap(), 1);
    let got = receiver.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    let log = desk.log(&webhook).await;
    assert_eq!(
        (&log[0]["state"], &log[0]["attempts"]),
        (&json!("delivered"), &json!(2))
    );
}

#[tokio::test]
async fn of_several_control_planes_one_tells_people_that_calls_wait() {
    let desk = Desk::open().await;
    for person in [&desk.one, &desk.other] {
        desk.world.confirm(person).await;
    }
    for amount in 0..5 {
        desk.waits(&desk.with(&format!(r#"{{"amount":{amount}}}"#)))
            .await;
    }
    let (one, other) = (desk.world.beside().await, desk.world.beside().await);
    let (first, second) = tokio::join!(notice::tell(&one), notice::tell(&other));
    assert_eq!(first.unwrap() + second.unwrap(), 1, "of one grant, once");
    let mails = desk.world.mails().await;
    let about = mails
        .iter()
        .filter(|mail| mail.text.body.contains("/approvals"));
    let mut told: Vec<&str> = about.map(|mail| mail.to.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["person-1@example.com", "person-2@example.com"]);
}
