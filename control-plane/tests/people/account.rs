//! Confirming an address, and getting back in.

use crate::world::{PASSWORD, Who, World, signed_in};
use serde_json::{Value, json};
use std::time::Duration;

const NEW: &str = "a drawbridge over cold water";

async fn sign_in(world: &World, email: &str, password: &str) -> crate::world::Answer {
    let body = json!({ "email": email, "password": password });
    world.post(&Who::default(), "/v1/login", body).await
}

async fn is_confirmed(world: &World, who: &Who) -> Value {
    world.get(who, "/v1/me").await.expect(200)["user"]["is_confirmed"].clone()
}

#[tokio::test]
async fn an_address_is_confirmed_by_the_link_that_was_sent_to_it_once() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    assert_eq!(is_confirmed(&world, &ann).await, json!(false));
    let ticket = world.ticket("person-0@example.com", "verify").await;
    for wrong in [
        format!("{ticket}0"),
        ticket.replace(&ticket[..1], "g"),
        String::new(),
    ] {
        world
            .post(&ann, "/v1/confirm", json!({ "token": wrong }))
            .await
            .expect(422);
    }
    assert_eq!(is_confirmed(&world, &ann).await, json!(false));
    world
        .post(&ann, "/v1/confirm", json!({ "token": ticket }))
        .await
        .expect(204);
    assert_eq!(is_confirmed(&world, &ann).await, json!(true));
    let again = world
        .post(&ann, "/v1/confirm", json!({ "token": ticket }))
        .await
        .expect(422);
    assert_eq!(again["errors"][0]["pointer"], "/token");
    world
        .send(&ann, axum::http::Method::POST, "/v1/me/confirmation", None)
        .await
        .expect(409);
}

#[tokio::test]
async fn a_link_to_confirm_is_good_for_a_day_and_can_be_had_again() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let late = world.ticket("person-0@example.com", "verify").await;
    for _ in 0..3 {
        world.clock.advance(Duration::from_hours(8));
        world.get(&ann, "/v1/me").await.expect(200);
    }
    world
        .post(&ann, "/v1/confirm", json!({ "token": late }))
        .await
        .expect(422);
    world
        .send(&ann, axum::http::Method::POST, "/v1/me/confirmation", None)
        .await
        .expect(204);
    let fresh = world.ticket("person-0@example.com", "verify").await;
    world
        .post(&ann, "/v1/confirm", json!({ "token": fresh }))
        .await
        .expect(204);
    assert_eq!(is_confirmed(&world, &ann).await, json!(true));
}

#[tokio::test]
async fn reading_a_mailbox_confirms_no_account_that_somebody_else_made() {
    let world = World::new().await;
    let squatter = world.owner("acme").await;
    let victim = world.stranger().await;
    let ticket = world.ticket("person-0@example.com", "verify").await;
    let nobody = Who::default();
    let bring = |password: Option<&str>| json!({ "token": ticket, "password": password });
    for (who, password) in [
        (&nobody, None),
        (&nobody, Some("not the password")),
        (&victim, None),
    ] {
        let problem = world
            .post(who, "/v1/confirm", bring(password))
            .await
            .expect(422);
        assert_eq!(problem["errors"][0]["pointer"], "/password");
    }
    assert_eq!(is_confirmed(&world, &squatter).await, json!(false));
    // The link is good still: for the account's owner, wherever they read their mail.
    world
        .post(&nobody, "/v1/confirm", bring(Some(PASSWORD)))
        .await
        .expect(204);
    assert_eq!(is_confirmed(&world, &squatter).await, json!(true));
}

#[tokio::test]
async fn a_link_to_confirm_is_no_way_to_guess_at_the_password() {
    let world = World::new().await;
    world.owner("acme").await;
    let ticket = world.ticket("person-0@example.com", "verify").await;
    let nobody = Who::default();
    for _ in 0..10 {
        let guess = json!({ "token": ticket, "password": "not the password" });
        world.post(&nobody, "/v1/confirm", guess).await.expect(422);
    }
    let right = json!({ "token": ticket, "password": PASSWORD });
    world.post(&nobody, "/v1/confirm", right).await.expect(429);
}

#[tokio::test]
async fn a_link_to_confirm_sets_no_password_and_the_other_way_round() {
    let world = World::new().await;
    world.owner("acme").await;
    let confirm = world.ticket("person-0@example.com", "verify").await;
    let nobody = Who::default();
    world
        .post(
            &nobody,
            "/v1/reset",
            json!({ "token": confirm, "password": NEW }),
        )
        .await
        .expect(422);
    let forgot = json!({ "email": "person-0@example.com" });
    world.post(&nobody, "/v1/forgot", forgot).await.expect(204);
    let reset = world.ticket("person-0@example.com", "forgot").await;
    world
        .post(&nobody, "/v1/confirm", json!({ "token": reset }))
        .await
        .expect(422);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail_and_every_session_ends() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let nobody = Who::default();
    let forgot = json!({ "email": " Person-0@Example.com" });
    world.post(&nobody, "/v1/forgot", forgot).await.expect(204);
    let ticket = world.ticket("person-0@example.com", "forgot").await;
    let weak = json!({ "token": ticket, "password": "1234567890" });
    let problem = world.post(&nobody, "/v1/reset", weak).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/password");
    let reset = json!({ "token": ticket, "password": NEW });
    world
        .post(&nobody, "/v1/reset", reset.clone())
        .await
        .expect(204);
    world.get(&ann, "/v1/me").await.expect(401);
    sign_in(&world, "person-0@example.com", PASSWORD)
        .await
        .expect(401);
    let ann = signed_in(sign_in(&world, "person-0@example.com", NEW).await, 200);
    // Whoever reads the mailbox has confirmed it, and is told of what was done.
    assert_eq!(is_confirmed(&world, &ann).await, json!(true));
    assert_eq!(
        world.mails().await[0].text.subject,
        "Your password was changed"
    );
    world.post(&nobody, "/v1/reset", reset).await.expect(422);
}

#[tokio::test]
async fn a_link_for_a_new_password_is_good_for_an_hour() {
    let world = World::new().await;
    world.owner("acme").await;
    let nobody = Who::default();
    let forgot = json!({ "email": "person-0@example.com" });
    world.post(&nobody, "/v1/forgot", forgot).await.expect(204);
    let ticket = world.ticket("person-0@example.com", "forgot").await;
    world.clock.advance(Duration::from_hours(1));
    let reset = json!({ "token": ticket, "password": NEW });
    world.post(&nobody, "/v1/reset", reset).await.expect(422);
}

/// What there is in the database, table by table, and how often.
async fn counts(world: &World) -> Vec<(String, i64)> {
    let mut sql = world.database.connect(&world.database.owner).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
    )
    .fetch_all(&mut sql)
    .await
    .unwrap();
    let mut counts = Vec::new();
    for table in tables {
        let query = format!("select count(*) from {table}");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(query));
        let count: i64 = count.fetch_one(&mut sql).await.unwrap();
        counts.push((table, count));
    }
    counts
}

/// The time of an answer can tell only of work that was done for it. This looks at all that was left behind.
#[tokio::test]
async fn asking_for_a_new_password_does_the_same_for_an_account_and_for_none() {
    let world = World::new().await;
    world.owner("acme").await;
    world.mails().await;
    let nobody = Who::default();
    let mut done = Vec::new();
    for email in ["person-0@example.com", "nobody-0@example.com"] {
        let before = counts(&world).await;
        let answer = world
            .post(&nobody, "/v1/forgot", json!({ "email": email }))
            .await;
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        let after = counts(&world).await;
        let more: Vec<(String, i64)> = before
            .iter()
            .zip(after)
            .map(|((table, old), (_, new))| (table.clone(), new - old))
            .filter(|(_, more)| *more != 0)
            .collect();
        done.push((answer.status, headers, answer.text, more));
    }
    assert_eq!(done[0], done[1]);
    assert_eq!(
        done[0].3,
        [("attempts".to_owned(), 1), ("reset_wishes".to_owned(), 1)]
    );
    // And only then, aside, is there a difference.
    let to: Vec<String> = world
        .mails()
        .await
        .into_iter()
        .map(|mail| mail.to)
        .collect();
    assert_eq!(
        to.iter().filter(|to| *to == "nobody-0@example.com").count(),
        0
    );
    assert_eq!(
        to.iter().filter(|to| *to == "person-0@example.com").count(),
        2
    );
}

#[tokio::test]
async fn another_password_ends_every_other_session() {
    let world = World::new().await;
    let here = world.owner("acme").await;
    let there = signed_in(sign_in(&world, "person-0@example.com", PASSWORD).await, 200);
    let wrong = json!({ "password": "not the password", "new_password": NEW });
    let problem = world
        .post(&here, "/v1/me/password", wrong)
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/password");
    let missing = json!({ "new_password": NEW });
    world
        .post(&here, "/v1/me/password", missing)
        .await
        .expect(422);
    let change = json!({ "password": PASSWORD, "new_password": NEW });
    let renewed = signed_in(world.post(&here, "/v1/me/password", change).await, 200);
    for ended in [&here, &there] {
        world.get(ended, "/v1/me").await.expect(401);
    }
    world.get(&renewed, "/v1/orgs/acme").await.expect(200);
    sign_in(&world, "person-0@example.com", PASSWORD)
        .await
        .expect(401);
    sign_in(&world, "person-0@example.com", NEW)
        .await
        .expect(200);
}

#[tokio::test]
async fn who_signed_up_with_someone_elses_address_keeps_no_way_in() {
    let world = World::new().await;
    let squatter = world.owner("acme").await;
    let enrolled = world
        .send(&squatter, axum::http::Method::POST, "/v1/me/totp", None)
        .await
        .expect(201);
    let code = crate::totp::code(&enrolled, &world);
    world
        .post(&squatter, "/v1/me/totp/confirm", json!({ "code": code }))
        .await
        .expect(200);
    let key = json!({ "name": "robot", "role": "admin" });
    let key = world
        .post(&squatter, "/v1/orgs/acme/api-keys", key)
        .await
        .expect(201);
    let robot = Who {
        key: Some(key["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    world.get(&robot, "/v1/orgs/acme").await.expect(200);
    let second = json!({ "email": "second@example.com", "role": "admin" });
    world
        .post(&squatter, "/v1/orgs/acme/invitations", second)
        .await
        .expect(201);
    let nobody = Who::default();
    let forgot = json!({ "email": "person-0@example.com" });
    world.post(&nobody, "/v1/forgot", forgot).await.expect(204);
    let ticket = world.ticket("person-0@example.com", "forgot").await;
    let reset = json!({ "token": ticket, "password": NEW });
    world.post(&nobody, "/v1/reset", reset).await.expect(204);
    sign_in(&world, "person-0@example.com", NEW)
        .await
        .expect(200);
    world.get(&squatter, "/v1/me").await.expect(401);
    world.get(&robot, "/v1/orgs/acme").await.expect(401);
    let mails = world.mails().await;
    assert!(mails.iter().all(|mail| mail.to != "second@example.com"));
    let ann = signed_in(sign_in(&world, "person-0@example.com", NEW).await, 200);
    let events = world.get(&ann, "/v1/orgs/acme/events").await.expect(200);
    let said: Vec<&Value> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["action"])
        .collect();
    for action in ["key.deleted", "invitation.withdrawn"] {
        assert!(said.contains(&&json!(action)), "{said:?}");
    }
}
