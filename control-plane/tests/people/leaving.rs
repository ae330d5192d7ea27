//! What one does with one's own account besides signing in: another name, fewer ways in, and the end of it.

use crate::world::page::{get, post};
use crate::world::{PASSWORD, Who, World};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Row;
use std::time::Duration;

const OWN: &str = "/v1/me";

async fn events(world: &World, who: &Who, action: &str) -> Vec<Value> {
    let told = world
        .get(who, "/v1/orgs/acme/events?limit=200")
        .await
        .expect(200);
    let all = told["items"].as_array().unwrap().iter();
    all.filter(|event| event["action"] == action)
        .cloned()
        .collect()
}

async fn email(world: &World, who: &Who) -> String {
    let me = world.get(who, OWN).await.expect(200);
    me["user"]["email"].as_str().unwrap().to_owned()
}

/// How many rows of any table belong to an account, as the database knows from its foreign keys.
async fn rows_of_accounts(world: &World, user: &str) -> Vec<String> {
    let mut sql = world.database.connect(&world.database.owner).await;
    let columns = sqlx::query(
        "select conrelid::regclass::text as of, attname::text as named from pg_constraint
        join pg_attribute on attrelid = conrelid and attnum = conkey[1]
        where contype = 'f' and confrelid = 'users'::regclass",
    )
    .fetch_all(&mut sql)
    .await
    .unwrap();
    assert!(columns.len() > 6, "{} columns", columns.len());
    let mut left = Vec::new();
    for column in columns {
        let (table, name): (String, String) = (column.get("of"), column.get("named"));
        let query =
            format!("select count(*) from {table} where replace({name}::text, '-', '') = $1");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .bind(user.trim_start_matches("usr_"))
            .fetch_one(&mut sql)
            .await
            .unwrap();
        if count > 0 {
            left.push(format!("{table}: {count}"));
        }
    }
    left
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_but_what_it_did() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let bob = world.member(&ann, "acme", "admin").await;
    let me = world.get(&bob, OWN).await.expect(200);
    let user = me["user"]["id"].as_str().unwrap();
    let (address, key) = (
        email(&world, &bob).await,
        json!({ "name": "ci", "role": "viewer" }),
    );
    let made = world.post(&bob, "/v1/orgs/acme/api-keys", key).await;
    let robot = Who {
        key: Some(made.expect(201)["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    let invitation = json!({ "email": "late@example.com", "role": "viewer" });
    world
        .post(&bob, "/v1/orgs/acme/invitations", invitation)
        .await
        .expect(201);
    let body = json!({ "email": address, "password": PASSWORD });
    let elsewhere = world.post(&Who::default(), "/v1/login", body.clone()).await;
    let elsewhere = crate::world::signed_in(elsewhere, 200);
    assert!(!rows_of_accounts(&world, user).await.is_empty());

    let gone = world.send(&bob, Method::DELETE, OWN, None).await;
    let cookie = gone.headers["set-cookie"].to_str().unwrap().to_owned();
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert!(cookie.contains("Max-Age=0"), "{cookie}");

    assert_eq!(rows_of_accounts(&world, user).await, Vec::<String>::new());
    for who in [&bob, &elsewhere] {
        world.get(who, OWN).await.expect(401);
    }
    world.get(&robot, "/v1/orgs/acme").await.expect(401);
    world
        .post(&Who::default(), "/v1/login", body)
        .await
        .expect(401);
    let members = world.get(&ann, "/v1/orgs/acme/members").await.expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 1);
    let open = world
        .get(&ann, "/v1/orgs/acme/invitations")
        .await
        .expect(200);
    assert_eq!(open["items"], json!([]));
    let told = events(&world, &ann, "member.removed").await;
    assert_eq!(
        [
            &told[0]["actor"],
            &told[0]["detail"]["email"],
            &told[0]["detail"]["left"]
        ],
        [&json!(user), &json!(address), &json!(true)]
    );
    assert_eq!(events(&world, &ann, "key.made").await[0]["actor"], user);
    let mails = world.mails().await;
    assert_eq!(
        (mails[0].to.as_str(), mails[0].text.subject.as_str()),
        (address.as_str(), "Your account was deleted")
    );
    // The address is free again, for an account that begins with nothing.
    let body = json!({ "email": address, "password": PASSWORD, "name": "Bob anew" });
    let anew = world.post(&Who::default(), "/v1/signup", body).await;
    let anew = crate::world::signed_in(anew, 201);
    world.get(&anew, "/v1/orgs/acme").await.expect(404);
}

#[tokio::test]
async fn the_last_owner_hands_over_or_deletes_the_organisation_first() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let bob = world.member(&ann, "acme", "admin").await;
    let kept = world.delete(&ann, OWN).await.expect(409);
    assert!(
        kept["detail"].as_str().unwrap().contains("`acme`"),
        "{kept}"
    );
    get(&world, &ann, "/account")
        .await
        .has("You alone own")
        .has(r#"href="/acme/members""#)
        .has_not("Delete the account");
    let me = world.get(&bob, OWN).await.expect(200);
    let members = world.get(&ann, "/v1/orgs/acme/members").await.expect(200);
    let members = members["items"].as_array().unwrap();
    let seat = members.iter().find(|it| it["user"] == me["user"]["id"]);
    let seat = seat.unwrap()["id"].as_str().unwrap();
    world
        .patch(
            &ann,
            &format!("/v1/orgs/acme/members/{seat}"),
            json!({ "role": "owner" }),
        )
        .await
        .expect(200);

    // Both go at once: one of them stays.
    let (one, other) = tokio::join!(world.delete(&ann, OWN), world.delete(&bob, OWN));
    let mut said = [one.status.as_u16(), other.status.as_u16()];
    said.sort_unstable();
    assert_eq!(said, [204, 409]);
    let stays = if one.status == StatusCode::CONFLICT {
        ann
    } else {
        bob
    };
    world.delete(&stays, "/v1/orgs/acme").await.expect(204);
    world.delete(&stays, OWN).await.expect(204);
}

#[tokio::test]
async fn an_account_is_deleted_by_page_only_by_its_address_and_after_a_proof() {
    let world = World::new().await;
    let ann = world.stranger().await;
    let sure = [("sure", "person-0@example.com")];
    for unsure in ["", "person-1@example.com", "person-0"] {
        let page = post(&world, &ann, "/account/delete", &[("sure", unsure)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        page.has("nothing was done");
    }
    world.clock.advance(Duration::from_mins(16));
    world.delete(&ann, OWN).await.expect(403);
    let stale = post(&world, &ann, "/account/delete", &sure).await;
    assert!(
        stale.location().starts_with("/login/again"),
        "{}",
        stale.location()
    );
    let ann = world.step_up(&ann).await;
    let gone = post(&world, &ann, "/account/delete", &sure).await;
    assert_eq!(gone.location(), "/?done=account-deleted");
    get(&world, &Who::default(), gone.location())
        .await
        .has("Your account is deleted.");
    world.get(&ann, OWN).await.expect(401);
}

#[tokio::test]
async fn a_name_is_changed_and_everybody_who_sits_beside_it_can_tell() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    for bad in [" ", "a\u{7}b"] {
        let problem = world
            .patch(&ann, OWN, json!({ "name": bad }))
            .await
            .expect(422);
        assert_eq!(problem["errors"][0]["pointer"], "/name");
    }
    let long = "n".repeat(1000);
    let page = post(&world, &ann, "/account/name", &[("name", long.as_str())]).await;
    page.has(r#"id="name-fault""#)
        .has(&format!(r#"value="{long}""#));
    let me = world
        .patch(&ann, OWN, json!({ "name": " Ann Other " }))
        .await
        .expect(200);
    assert_eq!(me["user"]["name"], "Ann Other");
    let saved = post(&world, &ann, "/account/name", &[("name", "Ann Third")]).await;
    assert_eq!(saved.location(), "/account?done=saved");
    // Said once more, it is no change.
    post(&world, &ann, "/account/name", &[("name", "Ann Third")]).await;
    let told = events(&world, &ann, "member.renamed").await;
    let told: Vec<&Value> = told.iter().map(|event| &event["detail"]).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(
        [&told[0]["before"], &told[0]["after"], &told[1]["before"]],
        ["Ann Other", "Ann Third", "Person 0"]
    );
    get(&world, &ann, "/acme/members").await.has("Ann Third");
}

async fn link(world: &World, issuer: &str) {
    let mut sql = world.database.connect(&world.database.owner).await;
    sqlx::query(
        "insert into identities (issuer, subject, user_id, created_at) select $1, '1', id, now() from users",
    )
    .bind(issuer)
    .execute(&mut sql)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_sign_in_elsewhere_is_seen_and_removed_but_never_as_the_last_way_in() {
    let world = World::new().await;
    let ann = world.stranger().await;
    let all = || world.get(&ann, "/v1/me/identities");
    assert_eq!(all().await.expect(200)["items"], json!([]));
    link(&world, "https://one.example").await;
    link(&world, "https://two.example").await;
    let listed = all().await.expect(200);
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(
        [&listed[0]["title"], &listed[0]["is_offered"]],
        [&listed[0]["issuer"], &json!(false)]
    );
    let ids: Vec<&str> = listed.iter().map(|it| it["id"].as_str().unwrap()).collect();
    get(&world, &ann, "/account")
        .await
        .has("https://one.example")
        .has("https://two.example");

    let path = format!("/account/identities/{}/remove", ids[0]);
    assert_eq!(
        post(&world, &ann, &path, &[]).await.location(),
        "/account?done=deleted"
    );
    assert_eq!(
        post(&world, &ann, &path, &[]).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(
        world.mails().await[0]
            .text
            .subject
            .ends_with("opens your account no longer")
    );
    // Neither is a provider of this instance, so that without a password nothing would open the account.
    let mut sql = world.database.connect(&world.database.owner).await;
    sqlx::query("update users set password_hash = null")
        .execute(&mut sql)
        .await
        .unwrap();
    let last = format!("/v1/me/identities/{}", ids[1]);
    world.delete(&ann, &last).await.expect(409);
    post(
        &world,
        &ann,
        &format!("/account/identities/{}/remove", ids[1]),
        &[],
    )
    .await
    .has("the only way into the account");
    world.clock.advance(Duration::from_mins(16));
    world.delete(&ann, &last).await.expect(403);
    assert_eq!(
        all().await.expect(200)["items"].as_array().unwrap().len(),
        1
    );
}
