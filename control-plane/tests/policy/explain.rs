//! Explanations, through the router: what would become of a call, by what is recorded here.

use crate::acme::{POLICIES, send_text};
use crate::rows;
use crate::world::{Who, World};
use axum::http::Method;
use serde_json::{Value, json};

const EXPLAIN: &str = "/v1/orgs/acme/policies/explain";

struct Acme {
    world: World,
    ann: Who,
}

impl Acme {
    async fn new() -> Self {
        let world = World::new().await;
        let ann = world.owner("acme").await;
        Self { world, ann }
    }

    async fn explain(&self, asked: Value) -> Value {
        self.world.post(&self.ann, EXPLAIN, asked).await.expect(200)
    }

    /// The pointer of the one fault.
    async fn refused(&self, asked: Value) -> String {
        let problem = self.world.post(&self.ann, EXPLAIN, asked).await.expect(422);
        problem["errors"][0]["pointer"].as_str().unwrap().to_owned()
    }

    async fn publish(&self, slug: &str, document: Value) {
        let draft = format!("{POLICIES}/{slug}/draft");
        let body = json!({ "slug": slug, "name": slug });
        self.world.post(&self.ann, POLICIES, body).await;
        self.world
            .put(&self.ann, &draft, json!({ "document": document }))
            .await
            .expect(200);
        let path = format!("{POLICIES}/{slug}/publish");
        self.world
            .post(&self.ann, &path, json!({ "note": "" }))
            .await
            .expect(201);
    }
}

fn refunds() -> Value {
    json!({
        "version": "1",
        "default": "deny",
        "timezone": "Europe/Berlin",
        "hide": ["internal_*"],
        "tools": {
            "refund": {
                "deny_if": [{ "conditions": [{ "path": "args.amount", "op": "gt", "value": 50000 }], "on_deny": "Too much." }],
                "approve_if": [{ "conditions": [{ "path": "args.amount", "op": "gt", "value": 10000 }] }],
                "limits": [{ "counter": "refunded", "window": "day", "max": 200_000, "scope": "org", "cost": { "from": "args.amount" } }],
            },
            "open": { "require": [{ "conditions": [{ "path": "time.hour", "op": "gte", "value": 13 }] }] },
        },
    })
}

fn call(tool: &str, arguments: &Value) -> Value {
    json!({ "document": refunds(), "call": { "tool": tool, "arguments": arguments } })
}

#[tokio::test]
async fn every_verdict_names_its_rule_and_why() {
    let acme = Acme::new().await;
    let allowed = acme
        .explain(call("refund", &json!({ "amount": 12.5 })))
        .await;
    assert_eq!(
        (&allowed["verdict"], &allowed["rule"], &allowed["message"]),
        (&json!("allow"), &json!(null), &json!(null))
    );
    let limit = &allowed["limits"][0];
    assert_eq!(
        [
            &limit["counter"],
            &limit["subject"],
            &limit["cost"],
            &limit["max"],
            &limit["window"]
        ],
        [
            &json!("refunded"),
            &json!("org"),
            &json!(13),
            &json!(200_000),
            &json!(86_400)
        ]
    );
    let denied = acme
        .explain(call("refund", &json!({ "amount": 50001 })))
        .await;
    assert_eq!(
        (&denied["verdict"], &denied["rule"], &denied["message"]),
        (
            &json!("deny"),
            &json!("/tools/refund/deny_if/args.amount-gt"),
            &json!("Too much.")
        )
    );
    let step = denied["trace"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&step["rule"], &step["outcome"]),
        (&denied["rule"], &json!("deny"))
    );
    assert!(step["why"].as_str().unwrap().contains("50001"));
    assert_eq!(
        acme.explain(call("refund", &json!({ "amount": 10001 })))
            .await["verdict"],
        "hold"
    );
    let hidden = acme.explain(call("internal_x", &json!({}))).await;
    assert_eq!(
        (&hidden["verdict"], &hidden["rule"], &hidden["message"]),
        (
            &json!("unknown_tool"),
            &json!("(hidden)"),
            &json!("Unknown tool: internal_x")
        )
    );
    assert_eq!(
        acme.explain(call("other", &json!({}))).await["rule"],
        "(default deny)"
    );
}

#[tokio::test]
async fn absent_arguments_are_none_and_anything_but_an_object_is_invalid() {
    let acme = Acme::new().await;
    let document = json!({ "version": "1", "default": "allow" });
    let absent = acme
        .explain(json!({ "document": document, "call": { "tool": "x" } }))
        .await;
    assert_eq!(absent["verdict"], "allow");
    for arguments in [json!(null), json!([]), json!("{}"), json!(1)] {
        let asked =
            json!({ "document": document, "call": { "tool": "x", "arguments": arguments } });
        let invalid = acme.explain(asked).await;
        assert_eq!(
            (&invalid["verdict"], &invalid["rule"]),
            (&json!("invalid"), &json!("-32602"))
        );
    }
}

#[tokio::test]
async fn numbers_are_judged_as_they_are_written_and_repeated_keys_are_refused() {
    let acme = Acme::new().await;
    let send = async |text: String| {
        let answer = send_text(&acme.world, &acme.ann, Method::POST, EXPLAIN, &text).await;
        (answer.status.as_u16(), answer.json())
    };
    let asked = |value: &str, argument: &str| {
        format!(
            r#"{{"document":{{"version":"1","default":"deny","tools":{{"t":{{"require":[{{"conditions":
            [{{"path":"args.n","op":"eq","value":{value}}}]}}]}}}}}},"call":{{"tool":"t","arguments":{argument}}}}}"#
        )
    };
    let verdict =
        async |value: &str, argument: &str| send(asked(value, argument)).await.1["verdict"].clone();
    assert_eq!(
        verdict("9007199254740993", r#"{"n":9007199254740993.0}"#).await,
        "allow"
    );
    assert_eq!(
        verdict("9007199254740993", r#"{"n":9007199254740992}"#).await,
        "deny"
    );
    assert_eq!(verdict("0.1", r#"{"n":1e-1}"#).await, "allow");
    let (status, problem) = send(asked("1", r#"{"n":1,"o":[{"k":1,"\u006b":2}]}"#)).await;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (422, &json!("/call/arguments/o/0/k"))
    );
}

#[tokio::test]
async fn the_clock_is_the_one_that_is_asked_for_else_the_time_it_is() {
    let acme = Acme::new().await;
    let at = async |at: Value| {
        let mut asked = call("open", &json!({}));
        asked["at"] = at;
        acme.explain(asked).await["verdict"].clone()
    };
    assert_eq!(at(json!("2026-11-22T11:59:59Z")).await, "deny");
    assert_eq!(
        at(json!("2026-11-22T14:00:00+02:00")).await,
        "allow",
        "noon in UTC is one in Berlin"
    );
    assert_eq!(
        acme.explain(call("open", &json!({}))).await["verdict"],
        "allow",
        "it is noon in UTC"
    );
    let mut asked = call("open", &json!({}));
    asked["at"] = json!("tomorrow");
    assert_eq!(acme.refused(asked).await, "/at");
}

#[tokio::test]
async fn a_policy_is_asked_by_its_version_else_as_published_else_as_drafted() {
    let acme = Acme::new().await;
    let (world, ann) = (&acme.world, &acme.ann);
    let document = json!({ "version": "1", "default": "allow" });
    world
        .post(
            ann,
            POLICIES,
            json!({ "slug": "p1", "name": "P", "document": document }),
        )
        .await
        .expect(201);
    let asked = |more: Value| {
        let mut asked = json!({ "policy": "p1", "call": { "tool": "x" } });
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        asked
    };
    assert_eq!(
        acme.explain(asked(json!({}))).await["verdict"],
        "allow",
        "the draft"
    );
    assert_eq!(
        acme.refused(asked(json!({ "version": "latest" }))).await,
        "/version"
    );
    acme.publish("p1", json!({ "version": "1", "default": "deny" }))
        .await;
    acme.publish("p1", json!({ "version": "1", "default": "allow" }))
        .await;
    world
        .put(
            ann,
            &format!("{POLICIES}/p1/draft"),
            json!({ "document": {} }),
        )
        .await
        .expect(200);
    assert_eq!(
        acme.explain(asked(json!({}))).await["verdict"],
        "allow",
        "the published one"
    );
    assert_eq!(
        acme.explain(asked(json!({ "version": 1 }))).await["verdict"],
        "deny"
    );
    assert_eq!(
        acme.explain(asked(json!({ "version": "latest" }))).await["verdict"],
        "allow"
    );
    assert_eq!(
        acme.refused(asked(json!({ "version": 3 }))).await,
        "/version"
    );
    assert_eq!(
        acme.refused(asked(json!({ "document": {} }))).await,
        "/document"
    );
    assert_eq!(
        acme.refused(json!({ "policy": "nowhere", "call": { "tool": "x" } }))
            .await,
        "/policy"
    );
    assert_eq!(
        acme.refused(json!({ "version": 1, "call": { "tool": "x" } }))
            .await,
        "/version"
    );
    assert_eq!(acme.refused(json!({ "call": { "tool": "x" } })).await, "");
    let faulty = json!({ "document": { "version": "1" }, "call": { "tool": "x" } });
    let problem = world.post(ann, EXPLAIN, faulty).await.expect(422);
    assert_eq!(problem["findings"][0]["code"], "missing_key");
}

#[tokio::test]
async fn a_server_lends_its_tools_and_a_grant_its_labels() {
    let acme = Acme::new().await;
    let schema = json!({ "type": "object", "properties": { "path": { "type": "string" } } });
    let tools = [
        json!({ "name": "read", "inputSchema": schema, "annotations": { "readOnlyHint": true } }),
        json!({ "name": "drop" }),
    ];
    rows::server(&acme.world, "acme", "files", &tools).await;
    rows::categorise(&acme.world, "drop", "destructive").await;
    let document = json!({
        "version": "1",
        "default": "allow",
        "tools": {
            "@destructive": { "action": "deny" },
            "read": {
                "arguments": "closed",
                "require": [{ "conditions": [
                    { "path": "tool.annotations.readOnlyHint", "op": "eq", "value": true },
                    { "path": "server.slug", "op": "eq", "value": "files" },
                    { "path": "grant.labels.team", "op": "eq", "value": "ops" },
                    { "path": "grant.user", "op": "eq", "value": "person-0@example.com" },
                ] }],
            },
        },
    });
    acme.publish("files", document).await;
    let grant = json!({
        "name": "robot", "labels": { "team": "ops" }, "user": "Person-0@example.com",
        "servers": [{ "server": "files", "policy": "files" }],
    });
    let grant = acme
        .world
        .post(&acme.ann, "/v1/orgs/acme/grants", grant)
        .await
        .expect(201);
    let asked = |tool: &str, arguments: Value| json!({ "grant": grant["id"], "server": "files", "call": { "tool": tool, "arguments": arguments } });
    assert_eq!(
        acme.explain(asked("read", json!({ "path": "/a" }))).await["verdict"],
        "allow"
    );
    assert_eq!(
        acme.explain(asked("read", json!({ "path": "/a", "more": 1 })))
            .await["rule"],
        "/tools/read/arguments"
    );
    assert_eq!(
        acme.explain(asked("drop", json!({}))).await["rule"],
        "/tools/@destructive/action"
    );
    let unknown = acme.explain(asked("write", json!({}))).await;
    assert_eq!(
        (&unknown["verdict"], &unknown["rule"]),
        (&json!("unknown_tool"), &json!("(unknown)"))
    );
    let without = json!({ "policy": "files", "server": "files", "call": { "tool": "read", "arguments": {} } });
    assert_eq!(
        acme.explain(without).await["verdict"],
        "deny",
        "no grant, no label"
    );
    let nowhere = json!({ "policy": "files", "server": "nowhere", "call": { "tool": "read" } });
    assert_eq!(acme.refused(nowhere).await, "/server");
    let stranger = json!({ "policy": "files", "grant": "grt_00000000000000000000000000000000", "call": { "tool": "read" } });
    assert_eq!(acme.refused(stranger).await, "/grant");
}

#[tokio::test]
async fn a_grant_without_a_published_policy_on_the_server_is_denied_everything() {
    let acme = Acme::new().await;
    let (world, ann) = (&acme.world, &acme.ann);
    for slug in ["files", "mail", "other"] {
        rows::server(world, "acme", slug, &[]).await;
    }
    world
        .post(ann, POLICIES, json!({ "slug": "drafted", "name": "D" }))
        .await
        .expect(201);
    let servers = json!([{ "server": "files" }, { "server": "mail", "policy": "drafted" }]);
    let grant = json!({ "name": "robot", "servers": servers });
    let grant = world
        .post(ann, "/v1/orgs/acme/grants", grant)
        .await
        .expect(201);
    for server in ["files", "mail"] {
        let denied = acme
            .explain(json!({ "grant": grant["id"], "server": server, "call": { "tool": "x" } }))
            .await;
        assert_eq!(
            (&denied["verdict"], &denied["rule"]),
            (&json!("deny"), &json!("(no policy)")),
            "{server}"
        );
    }
    let other = json!({ "grant": grant["id"], "server": "other", "call": { "tool": "x" } });
    assert_eq!(acme.refused(other).await, "/grant");
}
