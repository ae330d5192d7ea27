//! What discovery would have left, put there without a server to discover.

#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::world::World;
use serde_json::Value;
use testbed::Database;

/// A server of the organisation `org` whose tools have these definitions, all of them reviewed.
pub async fn server(world: &World, org: &str, slug: &str, tools: &[Value]) {
    let Database { owner, .. } = &world.database;
    let mut sql = world.database.connect(owner).await;
    let id = world.app.now().id(ids::ServerId::new).uuid();
    sqlx::query(
        "insert into servers (id, org_id, slug, name, url, auth_type, connect_ms, first_byte_ms, call_first_byte_ms,
            idle_ms, whole_ms, status, last_discovered_at, etag, created_at)
        select $1, id, $3, $3, 'http://127.0.0.1:9/mcp', 'none', 5000, 60000, 300000, 300000, 900000, 'ready', $4, $1, $4
        from orgs where slug = $2",
    )
    .bind(id)
    .bind(org)
    .bind(slug)
    .bind(world.app.now().time())
    .execute(&mut sql)
    .await
    .unwrap();
    for (position, definition) in tools.iter().enumerate() {
        let definition = definition.to_string();
        let digest = seal::sha256(definition.as_bytes());
        sqlx::query(
            "insert into tools (org_id, server_id, name, position, definition, digest, reviewed_digest, first_seen_at)
            select org_id, id, $2::jsonb ->> 'name', $3, $2, $4, $4, $5 from servers where id = $1",
        )
        .bind(id)
        .bind(&definition)
        .bind(i32::try_from(position).unwrap())
        .bind(digest)
        .bind(world.app.now().time())
        .execute(&mut sql)
        .await
        .unwrap();
    }
}

/// The organisation's own word on a tool.
pub async fn categorise(world: &World, tool: &str, category: &str) {
    let mut sql = world.database.connect(&world.database.owner).await;
    let done = sqlx::query("update tools set category = $2 where name = $1")
        .bind(tool)
        .bind(category)
        .execute(&mut sql)
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 1);
}
