//! A call whose rule says `strict` goes on once its record is in Postgres, and not before.

use serde_json::{Value, json};
use sqlx::{Executor, PgConnection};
use testbed::{Installation, Org, Raw, Replica, Stub, until};

struct World {
    installation: Installation,
    upstream: Stub,
    org: Org,
    replica: Replica,
    client: Raw,
}

impl World {
    async fn new() -> Self {
        let installation = Installation::start().await;
        let upstream = Stub::start(&["pay", "move", "read_note"]).await;
        let org = installation.org("acme").await;
        org.server("bank", &upstream.url).await;
        let policy = json!({ "version": "1", "default": "deny", "tools": {
            "pay": { "record": "strict" }, "move": { "record": "host" }, "read_note": { "record": "process" },
        } });
        org.policy("bank", &policy).await;
        let (_, token) = org.grant("agent", "bank", "bank").await;
        let replica = installation.replica("one", None).await;
        until("the replica", || org.enforced(1)).await;
        let client = Raw::new(&replica.mcp(&org, "bank"), Some(&token));
        Self {
            installation,
            upstream,
            org,
            replica,
            client,
        }
    }

    async fn others_go_on(&self) {
        for tool in ["move", "read_note"] {
            let answer = self.client.call(tool, json!({})).await;
            assert!(answer.text().starts_with("done"), "{tool}");
        }
    }

    async fn is_refused(&self) {
        let before = self.upstream.calls().len();
        let answer = self.client.call("pay", json!({})).await;
        assert_eq!(answer.status, 503);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], 1004);
        let said = error["message"].as_str().unwrap();
        assert!(said.contains("has not acknowledged the record"), "{said}");
        assert_eq!(self.upstream.calls().len(), before, "nothing went upstream");
    }

    /// What became of each `pay`, once so many have ended.
    async fn ends(&self, calls: usize) -> Vec<Value> {
        until("the ends of all strict calls", || async {
            let listed = self.org.calls("limit=200&tool=pay").await;
            let ends: Vec<_> = listed.iter().map(|call| call["outcome"].clone()).collect();
            (ends.len() == calls && ends.iter().all(|end| !end.is_null())).then_some(ends)
        })
        .await
    }
}

#[tokio::test]
async fn without_the_control_plane_strict_calls_are_refused_and_the_others_go_on() {
    let mut world = World::new().await;
    let answer = world.client.call("pay", json!({})).await;
    assert!(answer.text().starts_with("done"));
    world.installation.stop_control_plane();
    world.is_refused().await;
    world.others_go_on().await;
    world.installation.resume_control_plane().await;
    until("the strict call that goes on again", || async {
        let answer = world.client.call("pay", json!({})).await;
        answer.text().starts_with("done").then_some(())
    })
    .await;
    until("the refused call on record", || async {
        let listed = world.org.calls("limit=200&tool=pay").await;
        listed
            .iter()
            .any(|call| call["outcome"] == "not_made")
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_database_that_takes_no_record_in_time_lets_no_strict_call_go_on() {
    let world = World::new().await;
    let mut owner = connect(&world).await;
    // Whoever stores a call waits for this.
    owner.execute("begin").await.unwrap();
    owner
        .execute("lock table calls in share row exclusive mode")
        .await
        .unwrap();
    world.is_refused().await;
    world.others_go_on().await;
    owner.execute("rollback").await.unwrap();
    assert_eq!(world.ends(1).await, ["not_made"]);
}

#[tokio::test]
async fn a_replica_killed_when_the_server_sees_a_strict_call_leaves_its_row_in_postgres() {
    let mut world = World::new().await;
    let mut owner = connect(&world).await;
    for round in 0..5 {
        let url = world.replica.mcp(&world.org, "bank");
        let client = Raw::new(&url, Some(world.client.token()));
        let before = world.upstream.calls().len();
        let calling = tokio::spawn(async move {
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": { "name": "pay", "arguments": { format!("n{round}"): 1 } } });
            reqwest::Client::new()
                .post(&url)
                .bearer_auth(client.token())
                .header("accept", "application/json, text/event-stream")
                .json(&body)
                .send()
                .await
                .is_ok()
        });
        until("the call at the server", || async {
            (world.upstream.calls().len() > before).then_some(())
        })
        .await;
        world.replica.process.kill();
        // Of this row nothing more can come: the process is dead, and its disk is not looked at.
        let rows: i64 =
            sqlx::query_scalar("select count(*) from calls where argument_keys = array[$1]")
                .bind(format!("n{round}"))
                .fetch_one(&mut owner)
                .await
                .unwrap();
        assert_eq!(rows, 1, "round {round}");
        let _ = calling.await.unwrap();
        world.replica.resume().await;
    }
}

async fn connect(world: &World) -> PgConnection {
    let database = &world.installation.database;
    database.connect(&database.owner).await
}
