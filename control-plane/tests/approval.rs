//! Approvals: what replicas ask, what people decide, and that a call spends one once.

mod world;

use bundle::approval::{Answer, Ask, Round, Waited};
use bundle::record::PolicyVersion;
use ids::{ApprovalId, CallId, OrgId};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sqlx::Executor;
use std::sync::Arc;
use std::time::Duration;
use world::{Who, World};

const MINUTES: u64 = 60;

/// An organisation with a server, a policy and an agent of its owner's, and people who may decide.
struct Desk {
    world: Arc<World>,
    owner: Who,
    one: Who,
    other: Who,
    ask: Ask,
}

impl Desk {
    async fn open() -> Self {
        let world = Arc::new(World::new().await);
        let owner = world.owner("acme").await;
        let server = json!({ "slug": "desk", "name": "Desk", "url": "https://mcp.example.org/mcp", "auth": { "type": "none" } });
        let server = world
            .post(&owner, "/v1/orgs/acme/servers", server)
            .await
            .expect(201);
        let policy = json!({ "slug": "rules", "name": "Rules" });
        let policy = world
            .post(&owner, "/v1/orgs/acme/policies", policy)
            .await
            .expect(201);
        let note = json!({ "note": "one" });
        let path = "/v1/orgs/acme/policies/rules/publish";
        world.post(&owner, path, note).await.expect(201);
        let grant =
            json!({ "name": "agent", "servers": [{ "server": "desk", "policy": "rules" }] });
        let grant = world
            .post(&owner, "/v1/orgs/acme/grants", grant)
            .await
            .expect(201);
        let org = world.get(&owner, "/v1/orgs/acme").await.expect(200);
        let (one, other) = (
            world.member(&owner, "acme", "approver").await,
            world.member(&owner, "acme", "admin").await,
        );
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let ask = Ask {
            org: id(&org).parse().unwrap(),
            grant: id(&grant).parse().unwrap(),
            server: id(&server).parse().unwrap(),
            tool: "create_refund".to_owned(),
            definition: "ab".repeat(32),
            category: policy::Category::Financial,
            arguments: raw(r#"{"amount":900,"to":"ann"}"#),
            policy: PolicyVersion {
                id: id(&policy).parse().unwrap(),
                version: 1,
            },
            rule: "/tools/create_refund/action".to_owned(),
            message: Some("Over 100.00: a human decides.".to_owned()),
            approvers: 1,
            timeout_s: 30 * MINUTES,
            call: CallId::new(1, [0; 10]),
            client: None,
            round: None,
        };
        Self {
            world,
            owner,
            one,
            other,
            ask,
        }
    }

    /// The same call made anew.
    fn again(&self) -> Ask {
        Ask {
            call: self.world.app.now().id(CallId::new),
            ..self.ask.clone()
        }
    }

    fn with(&self, arguments: &str) -> Ask {
        Ask {
            arguments: raw(arguments),
            ..self.again()
        }
    }

    async fn ask(&self, ask: &Ask) -> Answer {
        let body = serde_json::to_value(ask).unwrap();
        let path = "/v1/gateway/approvals/ask";
        let answer = self.world.post(&self.world.replica("r1"), path, body).await;
        serde_json::from_value(answer.expect(200)).unwrap()
    }

    /// Opens a request, and answers its id.
    async fn waits(&self, ask: &Ask) -> ApprovalId {
        match self.ask(ask).await {
            Answer::Waiting { approval, .. } => approval,
            other => panic!("{other:?}"),
        }
    }

    async fn is_spent(&self, ask: &Ask) -> bool {
        matches!(self.ask(ask).await, Answer::Spent { .. })
    }

    async fn say(&self, who: &Who, id: ApprovalId, word: &str, body: Value) -> world::Answer {
        let path = format!("/v1/orgs/acme/approvals/{id}/{word}");
        self.world.post(who, &path, body).await
    }

    async fn approve(&self, who: &Who, id: ApprovalId) -> Value {
        let body = json!({ "note": "fine" });
        self.say(who, id, "approve", body).await.expect(200)
    }

    async fn show(&self, id: ApprovalId) -> Value {
        let path = format!("/v1/orgs/acme/approvals/{id}");
        self.world.get(&self.one, &path).await.expect(200)
    }

    async fn events(&self) -> Vec<String> {
        let path = "/v1/orgs/acme/events?action=approval";
        let page = self.world.get(&self.owner, path).await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        let mut kinds: Vec<String> = items
            .map(|event| event["action"].as_str().unwrap().to_owned())
            .collect();
        kinds.reverse();
        kinds
    }

    async fn wait(&self, id: ApprovalId, patience_ms: u64) -> Waited {
        let body = json!({ "org": self.ask.org, "approval": id, "patience_ms": patience_ms });
        let path = "/v1/gateway/approvals/wait";
        let answer = self.world.post(&self.world.replica("r1"), path, body).await;
        serde_json::from_value(answer.expect(200)).unwrap()
    }
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[tokio::test]
async fn a_held_call_waits_is_approved_by_another_person_and_goes_on_once() {
    let desk = Desk::open().await;
    let Answer::Waiting {
        approval,
        url,
        expires_at,
    } = desk.ask(&desk.ask).await
    else {
        panic!("it waits");
    };
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
