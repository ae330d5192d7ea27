//! The kill switch: what it says, and that replicas hear of it.

use crate::world::{Who, World};
use control_plane::publish;
use serde_json::{Value, json};

async fn switch(
    world: &World,
    who: &Who,
    target: &str,
    id: Value,
    on: bool,
) -> crate::world::Answer {
    let body = json!({ "target": target, "id": id, "on": on });
    world.post(who, "/v1/orgs/acme/kill", body).await
}

/// What the newest bundle says is open: the organisation, its server, its grant.
async fn open(world: &World) -> [Value; 3] {
    publish::publish(&world.app).await.unwrap();
    let mut sql = world.database.connect(&world.database.owner).await;
    let bytes: Vec<u8> =
        sqlx::query_scalar("select bytes from bundles order by version desc limit 1")
            .fetch_one(&mut sql)
            .await
            .unwrap();
    let bundle: Value = serde_json::from_slice(&bytes).unwrap();
    ["/org/is_open", "/servers/0/is_open", "/grants/0/is_open"].map(|pointer| {
        bundle
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{bundle}"))
            .clone()
    })
}

#[tokio::test]
async fn each_switch_stops_its_own_and_lets_it_go_on() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let desk = json!({ "slug": "desk", "name": "Desk", "url": "http://127.0.0.1:9/mcp" });
    let desk = world
        .post(&ann, "/v1/orgs/acme/servers", desk)
        .await
        .expect(201);
    let grant = json!({ "name": "agent", "servers": [{ "server": "desk" }] });
    let grant = world
        .post(&ann, "/v1/orgs/acme/grants", grant)
        .await
        .expect(201);
    let org = world.get(&ann, "/v1/orgs/acme").await.expect(200);
    let rows = [
        ("org", Value::Null, &org["id"], 0),
        ("org", json!("acme"), &org["id"], 0),
        ("server", json!("desk"), &desk["id"], 1),
        ("server", desk["id"].clone(), &desk["id"], 1),
        ("grant", grant["id"].clone(), &grant["id"], 2),
    ];
    for (target, named, id, place) in rows {
        for on in [true, false] {
            let switched = switch(&world, &ann, target, named.clone(), on)
                .await
                .expect(200);
            assert_eq!(switched, json!({ "target": target, "id": id, "on": on }));
            let mut expected = [json!(true), json!(true), json!(true)];
            expected[place] = json!(!on);
            assert_eq!(open(&world).await, expected);
            let events = world.get(&ann, "/v1/orgs/acme/events").await.expect(200);
            let told = &events["items"][0];
            assert_eq!(
                [&told["action"], &told["target"]],
                [&json!("kill.changed"), id]
            );
            assert_eq!(told["detail"]["on"], on);
            // Said again, nothing has happened.
            switch(&world, &ann, target, named.clone(), on)
                .await
                .expect(200);
            let again = world.get(&ann, "/v1/orgs/acme/events").await.expect(200);
            assert_eq!(again["items"][0]["id"], told["id"]);
        }
    }
    let shown = world.get(&ann, "/v1/orgs/acme").await.expect(200);
    assert_eq!(shown["is_open"], true);
}

#[tokio::test]
async fn a_switch_of_another_organisation_or_of_nothing_is_not_found() {
    let world = World::new().await;
    let (ann, bob) = (world.owner("acme").await, world.owner("other").await);
    let grant = json!({ "name": "agent", "servers": [] });
    let grant = world
        .post(&bob, "/v1/orgs/other/grants", grant)
        .await
        .expect(201);
    for (target, id) in [
        ("org", json!("other")),
        ("server", json!("none")),
        ("grant", grant["id"].clone()),
        ("grant", json!("none")),
    ] {
        switch(&world, &ann, target, id, true).await.expect(404);
    }
    switch(&world, &ann, "server", Value::Null, true)
        .await
        .expect(422);
    switch(&world, &ann, "planet", Value::Null, true)
        .await
        .expect(422);
}
