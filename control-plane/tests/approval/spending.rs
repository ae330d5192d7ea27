//! What replicas ask, and who may go on.

use crate::desk::{Desk, MINUTES};
use bundle::approval::{Answer, Ask, Round, Waited};
use bundle::record::PolicyVersion;
use ids::OrgId;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_held_call_waits_is_approved_by_another_person_and_goes_on_once() {
    let desk = Desk::open().await;
    let Answer::Waiting {
        approval,
        url,
        expires_at,
        lost,
    } = desk.ask(&desk.ask).await
    else {
        panic!("it waits");
    };
    assert_eq!(lost, None, "nothing of it was used before");
    assert_eq!(
        url,
        format!("http://127.0.0.1:8080/acme/approvals/{approval}")
    );
    assert_eq!(
        expires_at,
        desk.world.app.now().unix_ms() + 30 * MINUTES * 1000
    );
    assert_eq!(
        desk.waits(&desk.again()).await,
        approval,
        "one request for equal calls"
    );

    let shown = desk.show(approval).await;
    assert_eq!(shown["state"], "waiting");
    assert_eq!(shown["arguments"], json!({ "amount": 900, "to": "ann" }));
    assert_eq!(shown["asks"], 2);
    let waiting = desk
        .world
        .get(&desk.one, "/v1/orgs/acme/approvals?state=waiting")
        .await;
    assert_eq!(waiting.expect(200)["items"][0]["id"], json!(approval));

    let approved = desk.approve(&desk.one, approval).await;
    assert_eq!(
        (&approved["state"], &approved["answer"]["uses"]),
        (&json!("approved"), &json!(1))
    );
    let spender = desk.again();
    assert!(desk.is_spent(&spender).await);
    assert!(
        desk.is_spent(&spender).await,
        "the same call is answered the same"
    );
    assert_ne!(
        desk.waits(&desk.again()).await,
        approval,
        "and no other is let through"
    );
    let shown = desk.show(approval).await;
    assert_eq!(shown["state"], "spent");
    assert_eq!(shown["spent_by"][0]["call"], json!(spender.call));
    let expected = [
        "approval.asked",
        "approval.approved",
        "approval.spent",
        "approval.asked",
    ];
    assert_eq!(desk.events().await, expected);
}

#[tokio::test]
async fn anything_else_than_what_was_approved_asks_anew() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    desk.approve(&desk.one, id).await;
    let other = json!({ "name": "another", "servers": [{ "server": "desk", "policy": "rules" }] });
    let other = desk
        .world
        .post(&desk.owner, "/v1/orgs/acme/grants", other)
        .await
        .expect(201);
    let base = || desk.again();
    let others = [
        desk.with(r#"{"amount":901,"to":"ann"}"#),
        desk.with(r#"{"amount":900,"to":"anm"}"#),
        desk.with(r#"{"amount":"900","to":"ann"}"#),
        desk.with(r#"{"amount":900,"to":"ann","x":null}"#),
        Ask {
            grant: other["id"].as_str().unwrap().parse().unwrap(),
            ..base()
        },
        Ask {
            definition: "ac".repeat(32),
            ..base()
        },
        Ask {
            tool: "create_refunds".to_owned(),
            ..base()
        },
        Ask {
            policy: PolicyVersion {
                version: 2,
                ..base().policy
            },
            ..base()
        },
        Ask {
            rule: "/all_tools/action".to_owned(),
            ..base()
        },
    ];
    for ask in &others {
        assert!(!desk.is_spent(ask).await, "{ask:?}");
    }
    let stranger = Ask {
        org: OrgId::new(1, [9; 10]),
        ..base()
    };
    let body = serde_json::to_value(&stranger).unwrap();
    let path = "/v1/gateway/approvals/ask";
    let answer = desk.world.post(&desk.world.replica("r1"), path, body).await;
    assert_eq!(
        answer.status, 404,
        "another organisation's: {}",
        answer.text
    );
    // Another spelling of the same is the same.
    assert!(
        desk.is_spent(&desk.with(r#"{"to":"\u0061nn","amount":9.00e2}"#))
            .await
    );
}

#[tokio::test]
async fn of_many_who_want_it_at_once_one_spends_it() {
    let desk = Arc::new(Desk::open().await);
    let id = desk.waits(&desk.ask).await;
    desk.approve(&desk.one, id).await;
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let desk = desk.clone();
        asked.spawn(async move {
            let ask = desk.again();
            let body = serde_json::to_value(&ask).unwrap();
            let path = "/v1/gateway/approvals/ask";
            let answer = desk.world.post(&desk.world.replica("r1"), path, body).await;
            (ask, answer)
        });
    }
    let mut spent = Vec::new();
    while let Some(answer) = asked.join_next().await {
        let (ask, answer) = answer.unwrap();
        // Whoever found no connection in time was refused, which is no worse.
        if answer.status != 200 {
            assert_eq!(answer.status, 503, "{}", answer.text);
        } else if answer.json()["state"] == "spent" {
            spent.push(ask);
        } else {
            assert_eq!(answer.json()["state"], "waiting");
        }
    }
    assert_eq!(spent.len(), 1, "{spent:?}");
    assert!(desk.is_spent(&spent[0]).await);
    // The same call asked many times at once is one call.
    let anew = desk.waits(&desk.again()).await;
    desk.approve(&desk.one, anew).await;
    let ask = desk.again();
    let same = (0..20).map(|_| desk.is_spent(&ask));
    assert!(
        futures_util::future::join_all(same)
            .await
            .into_iter()
            .all(|it| it)
    );
    assert_eq!(
        desk.show(anew).await["spent_by"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_flood_of_requests_is_one_full_inbox() {
    let desk = Desk::open().await;
    let mut full = 0;
    for number in 0..50 {
        match desk
            .ask(&desk.with(&format!(r#"{{"amount":{number}}}"#)))
            .await
        {
            Answer::Full { most: 10 } => full += 1,
            Answer::Waiting { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(full, 40);
    assert_eq!(
        desk.events().await.len(),
        10,
        "and ten sentences, not fifty"
    );
    // What waits already is found all the same, and a decision makes room.
    let first = desk.waits(&desk.with(r#"{"amount":0}"#)).await;
    desk.approve(&desk.one, first).await;
    desk.waits(&desk.with(r#"{"amount":49}"#)).await;
}

#[tokio::test]
async fn whoever_waits_hears_of_the_decision() {
    let desk = Arc::new(Desk::open().await);
    let id = desk.waits(&desk.ask).await;
    assert_eq!(desk.wait(id, 0).await, Waited::Waiting);
    let listener = desk.clone();
    let heard = tokio::spawn(async move { listener.wait(id, 25_000).await });
    desk.approve(&desk.one, id).await;
    assert_eq!(heard.await.unwrap(), Waited::Approved);
    assert!(desk.is_spent(&desk.again()).await);
    assert_eq!(desk.wait(id, 25_000).await, Waited::Spent);
}

#[tokio::test]
async fn later_rounds_of_a_call_go_on_once_for_each_state() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    let round = |state: &str| Ask {
        round: Some(Round {
            approval: id,
            state: state.repeat(32),
        }),
        ..desk.again()
    };
    assert!(!desk.is_spent(&round("01")).await, "nothing was approved");
    desk.approve(&desk.one, id).await;
    assert!(desk.is_spent(&desk.again()).await);
    let second = round("02");
    assert!(desk.is_spent(&second).await);
    assert!(
        desk.is_spent(&second).await,
        "the same call is answered the same"
    );
    assert!(!desk.is_spent(&round("02")).await, "each state once");
    assert!(desk.is_spent(&round("03")).await);
    let newer = PolicyVersion {
        version: 2,
        ..desk.ask.policy
    };
    assert!(
        !desk
            .is_spent(&Ask {
                policy: newer,
                ..round("04")
            })
            .await,
        "a newer policy asks anew"
    );
    let stranger = Ask {
        tool: "other".to_owned(),
        ..round("05")
    };
    assert!(!desk.is_spent(&stranger).await);
}

#[tokio::test]
async fn arguments_lie_sealed() {
    let desk = Desk::open().await;
    desk.waits(&desk.with(r#"{"secret":"a needle in the haystack"}"#))
        .await;
    let mut sql = desk
        .world
        .database
        .connect(&desk.world.database.owner)
        .await;
    let rows: Vec<String> = sqlx::query_scalar(
        "select row_to_json(approvals)::text || encode(arguments, 'escape') from approvals
        union all select row_to_json(events)::text from events",
    )
    .fetch_all(&mut sql)
    .await
    .unwrap();
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| !row.contains("needle")), "{rows:?}");
}

#[tokio::test]
async fn a_revoked_grant_asks_nobody() {
    let desk = Desk::open().await;
    let id = desk.waits(&desk.ask).await;
    let path = format!("/v1/orgs/acme/grants/{}/revoke", desk.ask.grant);
    desk.world
        .post(&desk.owner, &path, json!({}))
        .await
        .expect(200);
    let body = serde_json::to_value(desk.again()).unwrap();
    let ask = "/v1/gateway/approvals/ask";
    let answer = desk
        .world
        .post(&desk.world.replica("r1"), ask, body.clone())
        .await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    desk.approve(&desk.one, id).await;
    let answer = desk.world.post(&desk.world.replica("r1"), ask, body).await;
    assert_eq!(
        answer.status, 404,
        "nor spends what is approved: {}",
        answer.text
    );
}
