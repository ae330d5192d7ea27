//! The replicas as an organisation sees them: by pages, by name.

mod world;

use serde_json::json;
use world::World;

#[tokio::test]
async fn replicas_come_by_pages() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let mut sql = world.database.connect(&world.database.owner).await;
    sqlx::query(
        "insert into replicas (name, address, software, limiter, is_stale, seen_at)
        select 'r' || n, 'http://127.0.0.1', 'data-plane 0', 'memory', false, $1 from generate_series(1, 3) as n",
    )
    .bind(world.app.now().time())
    .execute(&mut sql)
    .await
    .unwrap();
    let names = |page: &serde_json::Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = world
        .get(&ann, "/v1/orgs/acme/gateways?limit=2")
        .await
        .expect(200);
    assert_eq!(names(&first), ["r1", "r2"]);
    let next = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/orgs/acme/gateways?limit=2&cursor={next}");
    let last = world.get(&ann, &path).await.expect(200);
    assert_eq!(
        (names(&last), &last["next_cursor"]),
        (vec!["r3".to_owned()], &json!(null))
    );
    world
        .get(&ann, "/v1/orgs/acme/gateways?limit=0")
        .await
        .expect(400);
}
