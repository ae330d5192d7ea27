//! What people say, and what becomes of it.

use crate::desk::{Desk, MINUTES};
use crate::world::Who;
use bundle::approval::{Answer, Ask, Waited};
use serde_json::json;
use sqlx::Executor;
use std::time::Duration;

#[tokio::test]
async fn nobody_decides_what_their_own_grant_asks_whatever_they_come_with() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    let key = json!({ "name": "robot", "role": "approver" });
    let key = desk
        .world
        .post(&desk.owner, "/v1/orgs/acme/api-keys", key)
        .await
        .expect(201);
    let robot = Who {
        key: Some(key["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    for who in [&desk.owner, &robot] {
        for word in ["approve", "refuse"] {
            let answer = desk.say(who, id, word, json!({ "note": "mine" })).await;
            assert_eq!(answer.status, 403, "the maker's: {}", answer.text);
        }
    }
    // The person behind the grant is no more free than its maker, whoever that was when it asked.
    let me = desk.world.get(&desk.one, "/v1/me").await.expect(200);
    let user = json!({ "user": me["user"]["email"] });
    let path = format!("/v1/orgs/acme/grants/{}", desk.ask.grant);
    desk.world.patch(&desk.owner, &path, user).await.expect(200);
    let answer = desk.say(&desk.one, id, "approve", json!({})).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert_eq!(desk.show(id).await["is_own"], true);
    desk.approve(&desk.other, id).await;

    // The database says so by itself.
    let mut sql = desk
        .world
        .database
        .connect(&desk.world.database.owner)
        .await;
    let own = sqlx::query(
        "insert into approval_decisions
            (org_id, approval_id, decision, user_id, member, email, actor, actor_name, note, at)
        select org_id, id, 'approve', gen_random_uuid(), grant_made_by, 'x@example.com', 'a', 'a', '', now()
        from approvals where id = $1",
    );
    let refused = own.bind(id.uuid()).execute(&mut sql).await.unwrap_err();
    let refused = refused.as_database_error().unwrap();
    assert_eq!(
        refused.constraint(),
        Some("approval_decisions_not_ones_own")
    );
    let mut system = desk
        .world
        .database
        .connect(&desk.world.database.system)
        .await;
    for change in [
        "update approval_decisions set note = 'x'",
        "delete from approval_decisions",
    ] {
        assert!(
            system.execute(change).await.is_err(),
            "what was said stays: {change}"
        );
    }
}

#[tokio::test]
async fn a_narrow_answer_lets_so_many_calls_through_whose_open_arguments_differ() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    let wrong = [
        (json!({ "uses": 0 }), "/uses"),
        (json!({ "uses": 1001 }), "/uses"),
        (json!({ "for": "8d" }), "/for"),
        (json!({ "for": 0 }), "/for"),
        (json!({ "vary": ["/none"] }), "/vary/0"),
        (json!({ "vary": ["amount"] }), "/vary/0"),
        (json!({ "vary": [""] }), "/vary/0"),
    ];
    for (body, pointer) in wrong {
        let problem = desk
            .say(&desk.one, id, "approve", body.clone())
            .await
            .expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    let terms = json!({ "note": "refunds to ann", "uses": 3, "for": 10, "vary": ["/amount"] });
    let approved = desk.say(&desk.one, id, "approve", terms).await.expect(200);
    assert_eq!(approved["answer"]["vary"], json!(["/amount"]));
    assert!(
        desk.is_spent(&desk.with(r#"{"amount":1,"to":"ann"}"#))
            .await
    );
    assert!(
        desk.is_spent(&desk.with(r#"{"amount":70000,"to":"ann"}"#))
            .await
    );
    assert!(
        !desk
            .is_spent(&desk.with(r#"{"amount":900,"to":"bob"}"#))
            .await,
        "another person"
    );
    assert!(
        !desk
            .is_spent(&desk.with(r#"{"amount":900,"to":"ann","x":1}"#))
            .await,
        "more"
    );
    assert!(desk.is_spent(&desk.again()).await);
    assert!(!desk.is_spent(&desk.again()).await, "three were agreed to");
    assert_eq!(desk.show(id).await["state"], "spent");

    // What cannot be undone is looked at each time.
    let mut ask = desk.with(r#"{"id":1}"#);
    (ask.tool, ask.category) = ("drop".to_owned(), policy::Category::Destructive);
    let id = desk.waits(&ask).await;
    for body in [json!({ "uses": 2 }), json!({ "vary": ["/id"] })] {
        desk.say(&desk.one, id, "approve", body).await.expect(422);
    }
    desk.approve(&desk.one, id).await;
}

#[tokio::test]
async fn several_approvers_are_different_people_and_the_narrowest_of_their_words_counts() {
    let desk = Desk::open().await;
    let ask = Ask {
        approvers: 2,
        ..desk.again()
    };
    let id = desk.waits(&ask).await;
    let first = json!({ "uses": 5, "vary": ["/amount", "/to"] });
    let waiting = desk.say(&desk.one, id, "approve", first).await.expect(200);
    assert_eq!(waiting["state"], "waiting");
    assert!(!desk.is_spent(&desk.again()).await);
    desk.say(&desk.one, id, "approve", json!({}))
        .await
        .expect(409);
    let second = json!({ "uses": 2, "vary": ["/amount"] });
    let approved = desk
        .say(&desk.other, id, "approve", second)
        .await
        .expect(200);
    assert_eq!(approved["state"], "approved");
    assert_eq!(
        approved["answer"],
        json!({ "uses": 2, "used": 0, "vary": ["/amount"] })
    );
    assert_eq!(approved["decisions"].as_array().unwrap().len(), 2);
    desk.say(&desk.other, id, "approve", json!({}))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_stale_page_decides_nothing_twice() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    let (yes, no) = tokio::join!(
        desk.say(&desk.one, id, "approve", json!({})),
        desk.say(&desk.other, id, "refuse", json!({ "note": "no" })),
    );
    let mut statuses = [yes.status.as_u16(), no.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", yes.text, no.text);
    let spent = desk.is_spent(&desk.again()).await;
    assert_eq!(spent, yes.status == 200);
}

#[tokio::test]
async fn a_refusal_is_final_and_its_note_reaches_the_agent() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    let body = json!({ "note": "Ask finance first." });
    let refused = desk.say(&desk.one, id, "refuse", body).await.expect(200);
    assert_eq!(refused["state"], "refused");
    desk.say(&desk.other, id, "approve", json!({}))
        .await
        .expect(409);
    let note = "Ask finance first.".to_owned();
    let expected = Answer::Refused {
        approval: id,
        note: note.clone(),
    };
    assert_eq!(desk.ask(&desk.again()).await, expected);
    assert_eq!(desk.wait(id, 0).await, Waited::Refused { note });
    // After a while it may be asked again.
    desk.world.clock.advance(Duration::from_secs(30 * MINUTES));
    assert_ne!(desk.waits(&desk.again()).await, id);
}

#[tokio::test]
async fn what_is_over_by_the_clock_is_neither_approved_nor_spent() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    desk.world.clock.advance(Duration::from_secs(30 * MINUTES));
    let (one, other) = (
        desk.world.step_up(&desk.one).await,
        desk.world.step_up(&desk.other).await,
    );
    desk.say(&one, id, "approve", json!({})).await.expect(409);
    assert_eq!(desk.wait(id, 60_000).await, Waited::Expired);
    let anew = desk.waits(&desk.again()).await;
    assert_ne!(anew, id);

    let short = json!({ "for": "5m" });
    desk.say(&one, anew, "approve", short).await.expect(200);
    assert_eq!(desk.wait(anew, 60_000).await, Waited::Approved);
    desk.world.clock.advance(Duration::from_secs(5 * MINUTES));
    assert_eq!(desk.wait(anew, 60_000).await, Waited::Expired);
    assert!(!desk.is_spent(&desk.again()).await);
    assert_eq!(
        control_plane::approval::expire::expire(&desk.world.app)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        control_plane::approval::expire::expire(&desk.world.app)
            .await
            .unwrap(),
        0
    );
    let expired = desk.events().await;
    let expired = expired.iter().filter(|kind| *kind == "approval.expired");
    assert_eq!(expired.count(), 2, "each once");
    let listed = desk
        .world
        .get(&other, "/v1/orgs/acme/approvals?state=expired")
        .await
        .expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_taken_back_lets_nothing_through() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    desk.approve(&desk.one, id).await;
    let word = json!({ "note": "not needed" });
    desk.say(&desk.one, id, "withdraw", word.clone())
        .await
        .expect(403);
    // The owner made the grant: whose own it is may take it back.
    let gone = desk
        .say(&desk.owner, id, "withdraw", word.clone())
        .await
        .expect(200);
    assert_eq!(gone["state"], "withdrawn");
    assert!(!desk.is_spent(&desk.again()).await);
    desk.say(&desk.owner, id, "withdraw", word)
        .await
        .expect(409);
    assert_eq!(desk.wait(id, 60_000).await, Waited::Withdrawn);
}
