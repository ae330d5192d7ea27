//! What is committed is published: whatever else happens at the same moment, and whoever else's rows cannot be.

mod world;

use control_plane::publish;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use std::time::Duration;
use testbed::until;
use world::{Who, World};

/// Any number: what changes of this database wait for in the moment before they are committed.
const GATE: i64 = 42;

async fn newest_bundle(sql: &mut PgConnection, slug: &str) -> Option<i64> {
    sqlx::query_scalar(
        "select max(version) from bundles join orgs on orgs.id = org_id where slug = $1",
    )
    .bind(slug)
    .fetch_one(sql)
    .await
    .unwrap()
}

async fn version(sql: &mut PgConnection, slug: &str) -> i64 {
    sqlx::query_scalar(
        "select version from org_versions join orgs on orgs.id = org_id where slug = $1",
    )
    .bind(slug)
    .fetch_one(sql)
    .await
    .unwrap()
}

async fn owner(world: &World) -> PgConnection {
    world.database.connect(&world.database.owner).await
}

#[tokio::test]
async fn a_change_that_is_about_to_commit_is_not_taken_for_published() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (mut sql, mut gate) = (owner(&world).await, owner(&world).await);
    sql.execute(
        "create function wait_at_gate() returns trigger language plpgsql as
            'begin perform pg_advisory_xact_lock_shared(42); return null; end';
        create constraint trigger gate after update on org_versions deferrable initially deferred
            for each row execute function wait_at_gate()",
    )
    .await
    .unwrap();
    // The mark of the founding stands: nothing was published so far.
    sqlx::query("select pg_advisory_lock($1)")
        .bind(GATE)
        .execute(&mut gate)
        .await
        .unwrap();
    let change = world.patch(&ann, "/v1/orgs/acme", json!({ "name": "Acme two" }));
    let meanwhile = async {
        until("the change waits at the gate", || async {
            let waits: bool = sqlx::query_scalar(
                "select exists (select from pg_locks where locktype = 'advisory' and not granted
                    and database = (select oid from pg_database where datname = current_database()))",
            )
            .fetch_one(&mut owner(&world).await)
            .await
            .unwrap();
            waits.then_some(())
        })
        .await;
        publish::publish(&world.app).await.unwrap();
        gate.close().await.unwrap();
    };
    let (changed, ()) = tokio::join!(change, meanwhile);
    changed.expect(200);
    publish::publish(&world.app).await.unwrap();
    let committed = version(&mut sql, "acme").await;
    assert_eq!(newest_bundle(&mut sql, "acme").await, Some(committed));
}

#[tokio::test]
async fn an_organisation_that_cannot_be_published_holds_up_no_other() {
    let world = World::new().await;
    let (ann, bob) = (world.owner("acme").await, world.owner("other").await);
    publish::publish(&world.app).await.unwrap();
    let mut sql = owner(&world).await;
    // A name that no slug is: the bundle cannot be put together.
    sql.execute("update orgs set slug = 'No Slug' where slug = 'acme'")
        .await
        .unwrap();
    let broken = |who: &Who, slug: &str| {
        let (who, path) = (who.clone(), format!("/v1/orgs/{slug}"));
        let world = &world;
        async move {
            world
                .patch(&who, &path, json!({ "name": "New name" }))
                .await
                .status
        }
    };
    sql.execute("insert into dirty_orgs (org_id, since) select id, 'epoch' from orgs where slug = 'No Slug'")
        .await
        .unwrap();
    assert_eq!(broken(&bob, "other").await, 200);
    publish::publish(&world.app).await.unwrap();
    let committed = version(&mut sql, "other").await;
    assert_eq!(newest_bundle(&mut sql, "other").await, Some(committed));

    // What could not be published stays marked, and is when it can be.
    sql.execute("update orgs set slug = 'acme' where slug = 'No Slug'")
        .await
        .unwrap();
    sql.execute("delete from bundles").await.unwrap();
    publish::publish(&world.app).await.unwrap();
    assert!(newest_bundle(&mut sql, "acme").await.is_some());
    world.get(&ann, "/v1/orgs/acme").await.expect(200);
}

#[tokio::test]
async fn changing_and_deleting_an_organisation_at_once_do_not_wait_for_each_other_in_a_circle() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let grant = world
        .post(
            &ann,
            "/v1/orgs/acme/grants",
            json!({ "name": "g", "servers": [] }),
        )
        .await
        .expect(201);
    let grant = format!("/v1/orgs/acme/grants/{}", grant["id"].as_str().unwrap());
    let mut sql = owner(&world).await;
    // Holds the row that the change locks first, until both are under way.
    let mut holder = owner(&world).await;
    let mut held = holder.begin().await.unwrap();
    held.execute("select id from grants for update")
        .await
        .unwrap();
    let change = world.patch(&ann, &grant, json!({ "name": "h" }));
    let delete = async {
        waiting(&mut sql, 1).await;
        let (deleted, ()) = tokio::join!(world.delete(&ann, "/v1/orgs/acme"), async {
            let mut sql = owner(&world).await;
            waiting(&mut sql, 2).await;
            held.rollback().await.unwrap();
        });
        deleted
    };
    let both = tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(change, delete)
    });
    let (changed, deleted) = both.await.unwrap();
    changed.expect(200);
    deleted.expect(204);
    world.get(&ann, "/v1/orgs/acme").await.expect(404);
}

/// Waits until so many sessions of this database wait for a lock.
async fn waiting(sql: &mut PgConnection, count: i64) {
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut *sql)
        .await
        .unwrap();
        if waiting >= count {
            return;
        }
        tokio::task::yield_now().await;
    }
}
