//! Members: who may change whom, the last owner, and leaving.

use crate::world::{Who, World};
use serde_json::{Value, json};

const ROLES: [&str; 6] = [
    "owner",
    "admin",
    "policy_manager",
    "approver",
    "auditor",
    "viewer",
];

async fn members(world: &World, who: &Who) -> Vec<Value> {
    let listed = world.get(who, "/v1/orgs/acme/members").await.expect(200);
    listed["items"].as_array().unwrap().clone()
}

/// The path of a member's own membership.
async fn seat(world: &World, owner: &Who, who: &Who) -> String {
    let me = world.get(who, "/v1/me").await.expect(200);
    let members = members(world, owner).await;
    let own = members.iter().find(|it| it["user"] == me["user"]["id"]);
    format!(
        "/v1/orgs/acme/members/{}",
        own.unwrap()["id"].as_str().unwrap()
    )
}

async fn events(world: &World, who: &Who) -> Vec<Value> {
    let events = world.get(who, "/v1/orgs/acme/events").await.expect(200);
    events["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_owner_gives_any_role_and_every_change_is_told() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let bob = world.member(&ann, "acme", "viewer").await;
    let seat = seat(&world, &ann, &bob).await;
    for role in ROLES {
        let changed = world
            .patch(&ann, &seat, json!({ "role": role }))
            .await
            .expect(200);
        assert_eq!(changed["role"], role);
        let org = world.get(&bob, "/v1/orgs/acme").await.expect(200);
        assert_eq!(org["role"], role, "from the next request on");
    }
    world
        .patch(&ann, &seat, json!({ "role": "king" }))
        .await
        .expect(422);
    let told = events(&world, &ann).await;
    assert_eq!(told[0]["action"], "member.changed");
    assert_eq!(told[0]["detail"]["before"], "auditor");
    assert_eq!(told[0]["detail"]["after"], "viewer");
    assert_eq!(told[6]["action"], "member.joined");
    assert_eq!(told[7]["action"], "member.invited");
}

#[tokio::test]
async fn nobody_raises_anyone_above_themselves_nor_touches_who_is_above_them() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let adam = world.member(&ann, "acme", "admin").await;
    let bob = world.member(&ann, "acme", "viewer").await;
    let (above, own, below) = (
        seat(&world, &ann, &ann).await,
        seat(&world, &ann, &adam).await,
        seat(&world, &ann, &bob).await,
    );
    let owner = json!({ "role": "owner" });
    for refused in [
        world.patch(&adam, &own, owner.clone()).await,
        world.patch(&adam, &below, owner.clone()).await,
        world
            .patch(&adam, &above, json!({ "role": "viewer" }))
            .await,
        world.delete(&adam, &above).await,
        world.patch(&bob, &below, json!({ "role": "admin" })).await,
        world.patch(&bob, &own, json!({ "role": "viewer" })).await,
        world.delete(&bob, &own).await,
        world.get(&bob, "/v1/orgs/acme/members").await,
        world
            .post(
                &adam,
                "/v1/orgs/acme/invitations",
                json!({ "email": "x@example.com", "role": "owner" }),
            )
            .await,
    ] {
        assert_eq!(refused.json()["type"], "/problems/forbidden");
    }
    world
        .patch(&adam, &below, json!({ "role": "admin" }))
        .await
        .expect(200);
    world
        .patch(&adam, &own, json!({ "role": "auditor" }))
        .await
        .expect(200);
}

#[tokio::test]
async fn the_last_owner_stays_one_until_there_is_another() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let bob = world.member(&ann, "acme", "admin").await;
    let (anns, bobs) = (
        seat(&world, &ann, &ann).await,
        seat(&world, &ann, &bob).await,
    );
    world
        .patch(&ann, &anns, json!({ "role": "admin" }))
        .await
        .expect(409);
    world.delete(&ann, &anns).await.expect(409);
    world
        .patch(&ann, &bobs, json!({ "role": "owner" }))
        .await
        .expect(200);
    world.delete(&ann, &anns).await.expect(204);
    world.get(&ann, "/v1/orgs/acme").await.expect(404);
    world.delete(&bob, &bobs).await.expect(409);
    let told = events(&world, &bob).await;
    assert_eq!(told[0]["action"], "member.removed");
    assert_eq!(told[0]["detail"]["left"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_owners_who_demote_each_other_at_once_one_stays() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let bob = world.member(&ann, "acme", "owner").await;
    let (anns, bobs) = (
        seat(&world, &ann, &ann).await,
        seat(&world, &ann, &bob).await,
    );
    for round in 0..10 {
        let (one, other) = if round % 2 == 0 {
            tokio::join!(
                world.patch(&ann, &bobs, json!({ "role": "viewer" })),
                world.patch(&bob, &anns, json!({ "role": "viewer" })),
            )
        } else {
            tokio::join!(
                world.patch(&ann, &anns, json!({ "role": "viewer" })),
                world.patch(&bob, &bobs, json!({ "role": "viewer" })),
            )
        };
        let done = [&one, &other].iter().filter(|it| it.status == 200).count();
        assert_eq!(done, 1, "{} {}", one.text, other.text);
        let mut sql = world.database.connect(&world.database.owner).await;
        let owners: i64 = sqlx::query_scalar("select count(*) from members where role = 'owner'")
            .fetch_one(&mut sql)
            .await
            .unwrap();
        assert_eq!(owners, 1);
        sqlx::query("update members set role = 'owner'")
            .execute(&mut sql)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn whoever_leaves_takes_their_keys_and_open_invitations_with_them() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let adam = world.member(&ann, "acme", "admin").await;
    let seat = seat(&world, &ann, &adam).await;
    let key = json!({ "name": "adam's", "role": "viewer" });
    let key = world
        .post(&adam, "/v1/orgs/acme/api-keys", key)
        .await
        .expect(201);
    let robot = Who {
        key: Some(key["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    let invitation = json!({ "email": "eve@example.com", "role": "viewer" });
    world
        .post(&adam, "/v1/orgs/acme/invitations", invitation)
        .await
        .expect(201);
    let ticket = world.ticket("eve@example.com", "invitations").await;
    world.get(&robot, "/v1/orgs/acme").await.expect(200);
    // A key does not leave for its maker.
    world.delete(&robot, &seat).await.expect(403);
    world.delete(&adam, &seat).await.expect(204);
    world.get(&robot, "/v1/orgs/acme").await.expect(401);
    world.get(&adam, "/v1/orgs/acme").await.expect(404);
    world.get(&adam, "/v1/me").await.expect(200);
    world
        .get(&Who::default(), &format!("/v1/invitations/{ticket}"))
        .await
        .expect(404);
}

#[tokio::test]
async fn anybody_may_leave_and_comes_back_by_invitation_alone() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    for role in &ROLES[1..] {
        let who = world.member(&ann, "acme", role).await;
        let seat = seat(&world, &ann, &who).await;
        world.delete(&who, &seat).await.expect(204);
        world.get(&who, "/v1/orgs/acme").await.expect(404);
        world.delete(&who, &seat).await.expect(404);
    }
    assert_eq!(members(&world, &ann).await.len(), 1);
}

#[tokio::test]
async fn a_member_of_another_organisation_is_none_of_this_one() {
    let world = World::new().await;
    let (ann, bob) = (world.owner("acme").await, world.owner("other").await);
    let seat = seat(&world, &ann, &ann).await;
    let elsewhere = seat.replace("/acme/", "/other/");
    world
        .patch(&bob, &elsewhere, json!({ "role": "viewer" }))
        .await
        .expect(404);
    world.delete(&bob, &elsewhere).await.expect(404);
    world.get(&ann, "/v1/orgs/acme").await.expect(200);
}

#[tokio::test]
async fn an_organisation_goes_along_as_one_document_without_its_secrets() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let bob = world.member(&ann, "acme", "auditor").await;
    let key = json!({ "name": "ci", "role": "viewer" });
    let key = world
        .post(&ann, "/v1/orgs/acme/api-keys", key)
        .await
        .expect(201);
    let auth = json!({ "type": "headers", "headers": { "X-Key": "canary-of-a-credential" } });
    let desk =
        json!({ "slug": "desk", "name": "Desk", "url": "http://127.0.0.1:9/mcp", "auth": auth });
    world
        .post(&ann, "/v1/orgs/acme/servers", desk)
        .await
        .expect(201);
    let policy = json!({ "slug": "rules", "name": "Rules" });
    world
        .post(&ann, "/v1/orgs/acme/policies", policy)
        .await
        .expect(201);
    for note in ["one", "two"] {
        let publish = json!({ "note": note });
        world
            .post(&ann, "/v1/orgs/acme/policies/rules/publish", publish)
            .await
            .expect(201);
    }
    // More than a page of the list.
    let mut tokens = Vec::new();
    for number in 0..201 {
        let grant = json!({ "name": format!("agent {number}"), "servers": [{ "server": "desk", "policy": "rules" }] });
        let minted = world
            .post(&ann, "/v1/orgs/acme/grants", grant)
            .await
            .expect(201);
        tokens.push(minted["token"].as_str().unwrap().to_owned());
    }
    let invitation = json!({ "email": "eve@example.com", "role": "viewer" });
    world
        .post(&ann, "/v1/orgs/acme/invitations", invitation)
        .await
        .expect(201);

    let answer = world.get(&bob, "/v1/orgs/acme/export").await;
    assert_eq!(
        answer.headers["content-disposition"],
        "attachment; filename=\"acme.json\""
    );
    let text = answer.text.clone();
    let whole = answer.expect(200);
    let count = |section: &str| whole[section].as_array().unwrap().len();
    assert_eq!(whole["organisation"]["slug"], "acme");
    assert_eq!(
        [
            count("members"),
            count("invitations"),
            count("api_keys"),
            count("servers"),
            count("policies")
        ],
        [2, 1, 1, 1, 1]
    );
    assert_eq!(count("grants"), 201);
    assert_eq!(
        whole["policies"][0]["versions"].as_array().unwrap().len(),
        2
    );
    assert!(whole["policies"][0]["versions"][1]["document"].is_object());
    assert!(count("events") > 201 && count("calls") == 0);
    let secrets = [
        key["secret"].as_str().unwrap(),
        "canary-of-a-credential",
        "password",
        "$argon2",
    ];
    for secret in secrets.into_iter().chain(tokens.iter().map(String::as_str)) {
        assert!(!text.contains(secret), "{secret}");
    }
}
