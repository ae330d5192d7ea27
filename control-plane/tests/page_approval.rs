//! Approvals in the dashboard: what waits is seen exactly, decided by a form, once, and by nobody for their own grant.

#[path = "world/rows.rs"]
mod rows;
mod world;

use axum::http::StatusCode;
use bundle::approval::{Answer, Ask, Waited};
use bundle::record::PolicyVersion;
use ids::{ApprovalId, CallId};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::time::Duration;
use world::page::{get, post};
use world::{Who, World};

/// An organisation whose agent, its owner's, asks; and two people who may decide.
struct Desk {
    world: World,
    owner: Who,
    one: Who,
    other: Who,
    ask: Ask,
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

impl Desk {
    async fn open() -> Self {
        let world = World::new().await;
        let owner = world.owner("acme").await;
        let tool = json!({
            "name": "create_refund", "description": "Pays money <b>back</b>.\u{200b}", "inputSchema": { "type": "object" },
        });
        rows::server(&world, "acme", "desk", &[tool]).await;
        let server = world
            .get(&owner, "/v1/orgs/acme/servers/desk")
            .await
            .expect(200);
        let policy = json!({ "slug": "rules", "name": "Rules" });
        let policy = world
            .post(&owner, "/v1/orgs/acme/policies", policy)
            .await
            .expect(201);
        let document = json!({
            "version": "1", "default": "deny", "tools": { "create_refund": { "action": "require_approval" } },
        });
        let draft = json!({ "document": document });
        world
            .put(&owner, "/v1/orgs/acme/policies/rules/draft", draft)
            .await
            .expect(200);
        let path = "/v1/orgs/acme/policies/rules/publish";
        world
            .post(&owner, path, json!({ "note": "one" }))
            .await
            .expect(201);
        let grant = json!({ "name": "agent", "user": "ann@example.com", "servers": [{ "server": "desk", "policy": "rules" }] });
        let grant = world
            .post(&owner, "/v1/orgs/acme/grants", grant)
            .await
            .expect(201);
        let org = world.get(&owner, "/v1/orgs/acme").await.expect(200);
        let (one, other) = (
            world.member(&owner, "acme", "approver").await,
            world.member(&owner, "acme", "approver").await,
        );
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let ask = Ask {
            org: id(&org).parse().unwrap(),
            grant: id(&grant).parse().unwrap(),
            server: id(&server).parse().unwrap(),
            tool: "create_refund".to_owned(),
            definition: "ab".repeat(32),
            category: policy::Category::Financial,
            arguments: raw(r#"{"amount":900,"lines":[{"item":"a<i>b"}],"to":"ann"}"#),
            policy: PolicyVersion {
                id: id(&policy).parse().unwrap(),
                version: 1,
            },
            rule: "/tools/create_refund/action".to_owned(),
            message: Some("Over 100.00: a human decides.".to_owned()),
            approvers: 1,
            timeout_s: 1_800,
            call: CallId::new(1, [0; 10]),
            client: serde_json::from_value(json!({ "name": "agent-client", "version": "2.1" }))
                .unwrap(),
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

    /// The call made anew, with these arguments.
    fn with(&self, arguments: &str) -> Ask {
        Ask {
            arguments: raw(arguments),
            call: self.world.app.now().id(CallId::new),
            ..self.ask.clone()
        }
    }

    async fn ask(&self, ask: &Ask) -> Answer {
        let body = serde_json::to_value(ask).unwrap();
        let replica = self.world.replica("r1");
        let answer = self
            .world
            .post(&replica, "/v1/gateway/approvals/ask", body)
            .await;
        serde_json::from_value(answer.expect(200)).unwrap()
    }

    /// Opens a request, and answers its page.
    async fn waits(&self, ask: &Ask) -> (ApprovalId, String) {
        match self.ask(ask).await {
            Answer::Waiting { approval, .. } => (approval, format!("/acme/approvals/{approval}")),
            other => panic!("{other:?}"),
        }
    }

    async fn is_spent(&self, arguments: &str) -> bool {
        matches!(self.ask(&self.with(arguments)).await, Answer::Spent { .. })
    }

    async fn stands(&self, approval: ApprovalId) -> Waited {
        let body = json!({ "org": self.ask.org, "approval": approval, "patience_ms": 0 });
        let replica = self.world.replica("r1");
        let answer = self
            .world
            .post(&replica, "/v1/gateway/approvals/wait", body)
            .await;
        serde_json::from_value(answer.expect(200)).unwrap()
    }
}

const REFUND: &str = r#"{"amount":900,"lines":[{"item":"a<i>b"}],"to":"ann"}"#;

#[tokio::test]
async fn an_inbox_with_nothing_in_it_says_how_calls_come_there() {
    let world = World::new().await;
    let owner = world.owner("acme").await;
    let page = get(&world, &owner, "/acme/approvals").await;
    assert_eq!(page.status, StatusCode::OK);
    page.has("No call waits for a person")
        .has("require_approval")
        .has_not("waiting</span></a>");
}

#[tokio::test]
async fn what_waits_stands_first_and_its_number_beside_the_link_for_who_may_decide() {
    let desk = Desk::open().await;
    let (_, refused) = desk.waits(&desk.ask).await;
    let said = [("note", "too much")];
    post(&desk.world, &desk.one, &format!("{refused}/refuse"), &said).await;
    let (_, waiting) = desk.waits(&desk.with(r#"{"amount":1}"#)).await;
    let page = get(&desk.world, &desk.one, "/acme/approvals").await;
    page.has("1 waiting</span></a>")
        .has("30 minutes left")
        .has("financial")
        .has("critical")
        .has("/tools/create_refund/action")
        .has(">agent</a>");
    let (first, second) = (
        page.html.find(&waiting).unwrap(),
        page.html.find(&refused).unwrap(),
    );
    assert!(first < second, "{}", page.html);
    get(&desk.world, &desk.one, "/acme/approvals?state=refused")
        .await
        .has(&refused)
        .has_not(&waiting);
    get(&desk.world, &desk.one, "/acme/approvals?state=spent")
        .await
        .has("None is spent");
    let wrong = get(&desk.world, &desk.one, "/acme/approvals?state=maybe").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let auditor = desk.world.member(&desk.owner, "acme", "auditor").await;
    get(&desk.world, &auditor, "/acme/approvals")
        .await
        .has(&waiting)
        .has_not("1 waiting</span></a>");
}

#[tokio::test]
async fn who_decides_sees_what_is_asked_by_whom_why_and_what_was_said_before() {
    let desk = Desk::open().await;
    let (_, before) = desk.waits(&desk.with(r#"{"amount":1}"#)).await;
    let said = [("note", "not on a <Sunday>")];
    post(&desk.world, &desk.other, &format!("{before}/refuse"), &said).await;
    let hidden = "{\"amount\":900,\"note\":\"to\u{202e}ann \",\"text\":\"LONG\"}";
    let long = hidden.replace("LONG", &"lorem ipsum ".repeat(40));
    let (_, path) = desk.waits(&desk.with(&long)).await;
    let page = get(&desk.world, &desk.one, &path).await;
    page.has("<code>/amount</code>")
        .has(">number</span>")
        .has(r#"<span class="sign">U+202E</span>"#)
        .has(r#"<span class="sign">space</span>"#)
        .has("480 characters</span></summary>")
        .has("Over 100.00: a human decides.")
        .has("ann@example.com")
        .has("agent-client 2.1")
        .has("/versions/1#L")
        .has("Pays money &#60;b&#62;back&#60;/b&#62;.")
        .has(r#"<span class="sign">U+200B</span>"#)
        .has("not on a &#60;Sunday&#62;")
        .has("The server has changed this tool")
        .has_not("\u{202e}")
        .has_not("\u{200b}");
}

#[tokio::test]
async fn looking_decides_nothing_and_a_form_lets_exactly_this_call_through_once() {
    let desk = Desk::open().await;
    let (id, path) = desk.waits(&desk.ask).await;
    for word in ["", "/approve", "/refuse", "/withdraw"] {
        get(&desk.world, &desk.one, &format!("{path}{word}?note=x")).await;
    }
    assert_eq!(desk.stands(id).await, Waited::Waiting);
    let done = post(
        &desk.world,
        &desk.one,
        &format!("{path}/approve"),
        &[("note", "fine")],
    )
    .await;
    assert_eq!(done.location(), format!("{path}?done=approved"));
    get(&desk.world, &desk.one, done.location())
        .await
        .has("Approved.")
        .has("fine")
        .has_not("Approve once");
    assert!(
        !desk
            .is_spent(r#"{"amount":901,"lines":[{"item":"a<i>b"}],"to":"ann"}"#)
            .await
    );
    assert!(desk.is_spent(REFUND).await);
    assert!(!desk.is_spent(REFUND).await);
}

#[tokio::test]
async fn a_page_that_is_stale_decides_nothing_and_says_how_things_stand() {
    let desk = Desk::open().await;
    let (id, path) = desk.waits(&desk.ask).await;
    post(
        &desk.world,
        &desk.one,
        &format!("{path}/refuse"),
        &[("note", "no")],
    )
    .await;
    for word in ["approve", "refuse"] {
        let late = post(
            &desk.world,
            &desk.other,
            &format!("{path}/{word}"),
            &[("note", "late")],
        )
        .await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        late.has("Nothing was changed: it is `refused`")
            .has_not("Approve once");
    }
    let note = "no".to_owned();
    assert_eq!(desk.stands(id).await, Waited::Refused { note });
    let (id, path) = desk.waits(&desk.with("{}")).await;
    desk.world.clock.advance(Duration::from_secs(1_801));
    let who = desk.world.step_up(&desk.one).await;
    let late = post(&desk.world, &who, &format!("{path}/approve"), &[]).await;
    late.has("it is `expired`");
    assert_eq!(desk.stands(id).await, Waited::Expired);
}

#[tokio::test]
async fn nobody_is_offered_nor_let_decide_what_their_own_grant_asks_but_they_may_take_it_back() {
    let desk = Desk::open().await;
    let (id, path) = desk.waits(&desk.ask).await;
    get(&desk.world, &desk.owner, &path)
        .await
        .has("It is your own grant that asks")
        .has_not("Approve once")
        .has("Withdraw");
    for word in ["approve", "refuse"] {
        let own = post(&desk.world, &desk.owner, &format!("{path}/{word}"), &[]).await;
        assert_eq!(own.status, StatusCode::FORBIDDEN, "{}", own.html);
    }
    assert_eq!(desk.stands(id).await, Waited::Waiting);
    get(&desk.world, &desk.one, &path)
        .await
        .has_not("Take it back");
    let done = post(
        &desk.world,
        &desk.owner,
        &format!("{path}/withdraw"),
        &[("note", "a slip")],
    )
    .await;
    assert_eq!(done.location(), format!("{path}?done=withdrawn"));
    assert_eq!(desk.stands(id).await, Waited::Withdrawn);
}

#[tokio::test]
async fn calls_like_it_go_on_for_as_long_and_as_often_as_the_form_says() {
    let desk = Desk::open().await;
    let (id, path) = desk.waits(&desk.ask).await;
    get(&desk.world, &desk.one, &path)
        .await
        .has(r#"name="vary" value="/lines/0/item""#)
        .has_not(r#"name="vary" value="/lines/0""#);
    let approve = format!("{path}/approve");
    for (field, value, said) in [
        ("uses", "many", "expected 1 to 1000"),
        ("uses", "0", "expected 1 to 1000"),
        ("minutes", "soon", "expected a whole number of minutes"),
        ("minutes", "10081", "at most `7d`"),
        (
            "vary",
            "/nothing",
            "expected an argument that this call has",
        ),
    ] {
        let fields = [("note", "kept"), ("uses", "2"), (field, value)];
        let fields = if field == "uses" {
            &fields[2..]
        } else {
            &fields[..]
        };
        let wrong = post(&desk.world, &desk.one, &approve, fields).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        wrong.has(said);
    }
    assert_eq!(desk.stands(id).await, Waited::Waiting);
    let fields = [
        ("note", ""),
        ("uses", "2"),
        ("minutes", "10"),
        ("vary", "/amount"),
        ("vary", "/lines/0/item"),
    ];
    let done = post(&desk.world, &desk.one, &approve, &fields).await;
    assert_eq!(done.location(), format!("{path}?done=approved"));
    assert!(
        !desk
            .is_spent(r#"{"amount":5,"lines":[{"item":"x"}],"to":"bob"}"#)
            .await
    );
    assert!(
        desk.is_spent(r#"{"amount":5,"lines":[{"item":"x"}],"to":"ann"}"#)
            .await
    );
    get(&desk.world, &desk.one, &path)
        .await
        .has("1 of 2 calls have gone on");
    desk.world.clock.advance(Duration::from_secs(601));
    assert!(
        !desk
            .is_spent(r#"{"amount":6,"lines":[{"item":"x"}],"to":"ann"}"#)
            .await
    );
}

#[tokio::test]
async fn what_destroys_is_approved_one_call_at_a_time() {
    let desk = Desk::open().await;
    let ask = Ask {
        category: policy::Category::Destructive,
        ..desk.with("{}")
    };
    let (_, path) = desk.waits(&ask).await;
    get(&desk.world, &desk.one, &path)
        .await
        .has("each call is approved by itself")
        .has_not(r#"name="uses""#);
}

#[tokio::test]
async fn where_two_must_agree_the_first_one_is_told_to_wait_for_another() {
    let desk = Desk::open().await;
    let ask = Ask {
        approvers: 2,
        ..desk.ask.clone()
    };
    let (id, path) = desk.waits(&ask).await;
    let approve = format!("{path}/approve");
    let first = post(&desk.world, &desk.one, &approve, &[]).await;
    assert_eq!(first.location(), format!("{path}?done=agreed"));
    get(&desk.world, &desk.one, &path)
        .await
        .has("1 of 2 so far")
        .has("You have agreed")
        .has_not("Approve once");
    let twice = post(&desk.world, &desk.one, &approve, &[]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert_eq!(desk.stands(id).await, Waited::Waiting);
    post(&desk.world, &desk.other, &approve, &[]).await;
    assert_eq!(desk.stands(id).await, Waited::Approved);
}

#[tokio::test]
async fn who_has_not_proved_themselves_lately_is_asked_before_they_approve() {
    let desk = Desk::open().await;
    desk.world.clock.advance(Duration::from_hours(1));
    let (id, path) = desk.waits(&desk.ask).await;
    get(&desk.world, &desk.one, &path)
        .await
        .has("Prove it first");
    let asked = post(&desk.world, &desk.one, &format!("{path}/approve"), &[]).await;
    assert!(
        asked.location().starts_with("/login/again"),
        "{}",
        asked.location()
    );
    assert_eq!(desk.stands(id).await, Waited::Waiting);
}

#[tokio::test]
async fn whoevers_own_grant_asks_sees_it_whatever_their_role_and_may_take_it_back_but_not_decide() {
    let desk = Desk::open().await;
    let (world, owner) = (&desk.world, &desk.owner);
    let viewer = world.member(owner, "acme", "viewer").await;
    let manager = world.member(owner, "acme", "policy_manager").await;
    let me = world.get(&viewer, "/v1/me").await.expect(200);
    let grant = format!("/v1/orgs/acme/grants/{}", desk.ask.grant);
    let user = json!({ "user": me["user"]["email"] });
    world.patch(owner, &grant, user).await.expect(200);
    let (id, path) = desk.waits(&desk.ask).await;
    let page = get(world, &viewer, &path).await;
    page.has("It is your own grant that asks")
        .has("Take it back")
        .has_not("Approve once")
        .has_not("What was decided before");
    let api = format!("/v1/orgs/acme/approvals/{id}");
    let shown = world.get(&viewer, &api).await.expect(200);
    assert_eq!(
        (&shown["is_own"], &shown["state"]),
        (&json!(true), &json!("waiting"))
    );
    for word in ["approve", "refuse"] {
        let own = post(world, &viewer, &format!("{path}/{word}"), &[]).await;
        assert_eq!(own.status, StatusCode::FORBIDDEN, "{}", own.html);
    }
    // Nobody else of their rank sees it, nor they what others ask, nor what there is none of.
    assert_eq!(
        get(world, &manager, &path).await.status,
        StatusCode::FORBIDDEN
    );
    world
        .get(&viewer, "/v1/orgs/acme/approvals")
        .await
        .expect(403);
    let none = format!("/v1/orgs/acme/approvals/{}", ApprovalId::new(1, [7; 10]));
    world.get(&viewer, &none).await.expect(403);
    assert_eq!(desk.stands(id).await, Waited::Waiting);
    let done = post(
        world,
        &viewer,
        &format!("{path}/withdraw"),
        &[("note", "not mine")],
    )
    .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
    assert_eq!(desk.stands(id).await, Waited::Withdrawn);
    get(world, &viewer, &path).await.has("not mine");
}
