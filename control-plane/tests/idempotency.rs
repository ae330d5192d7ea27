//! `Idempotency-Key`, through the router: what is sent twice happens once.

mod world;

use axum::http::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use world::{Answer, Who, World};

const KEYS: &str = "/v1/orgs/acme/api-keys";
/// Longer than anything here takes; what hangs shall not hang forever.
const PATIENCE: Duration = Duration::from_mins(1);

async fn send(world: &World, who: &Who, path: &str, body: &Value, key: &str) -> Answer {
    world
        .send_with(
            who,
            Method::POST,
            path,
            Some(body.clone()),
            &[("idempotency-key", key)],
        )
        .await
}

async fn count(world: &World, who: &Who) -> usize {
    world.get(who, KEYS).await.expect(200)["items"]
        .as_array()
        .unwrap()
        .len()
}

async fn admin(world: &World, who: &Who) -> (String, Who) {
    let made = world
        .post(who, KEYS, json!({ "name": "robot", "role": "admin" }))
        .await
        .expect(201);
    let key = Some(made["secret"].as_str().unwrap().to_owned());
    (
        made["id"].as_str().unwrap().to_owned(),
        Who {
            key,
            ..Who::default()
        },
    )
}

fn wish(name: &str) -> Value {
    json!({ "name": name, "role": "viewer" })
}

#[tokio::test]
async fn a_repetition_gets_the_answer_of_the_first_and_changes_nothing() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let first = send(&world, &ann, KEYS, &wish("one"), "a").await;
    let again = send(&world, &ann, KEYS, &wish("one"), "a").await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!(first.headers["content-type"], again.headers["content-type"]);
    assert_eq!(
        (
            first.headers.get("idempotency-replayed"),
            &again.headers["idempotency-replayed"]
        ),
        (None, &"true".parse().unwrap())
    );
    assert_ne!(first.headers["x-request-id"], again.headers["x-request-id"]);
    assert_eq!(first.status, 201);
    assert_eq!(count(&world, &ann).await, 1);
    send(&world, &ann, KEYS, &wish("one"), "b")
        .await
        .expect(201);
    assert_eq!(count(&world, &ann).await, 2);
}

#[tokio::test]
async fn a_key_is_good_for_one_request_alone() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let id = send(&world, &ann, KEYS, &wish("one"), "a")
        .await
        .expect(201)["id"]
        .clone();
    send(&world, &ann, KEYS, &wish("two"), "a")
        .await
        .expect(409);
    send(&world, &ann, &format!("{KEYS}?x=1"), &wish("one"), "a")
        .await
        .expect(409);
    let path = format!("{KEYS}/{}", id.as_str().unwrap());
    let delete = async |key| {
        world
            .send_with(
                &ann,
                Method::DELETE,
                &path,
                None,
                &[("idempotency-key", key)],
            )
            .await
    };
    delete("a").await.expect(409);
    assert_eq!(count(&world, &ann).await, 1);
    delete("b").await.expect(204);
    delete("b").await.expect(204);
    delete("c").await.expect(404);
}

#[tokio::test]
async fn a_refusal_is_repeated_too_under_the_id_of_its_first_request() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let taken = json!({ "name": "Again", "slug": "acme" });
    let first = send(&world, &ann, "/v1/orgs", &taken, "a").await;
    let again = send(&world, &ann, "/v1/orgs", &taken, "a").await;
    assert_eq!(
        first.headers["x-request-id"].to_str().unwrap(),
        first.json()["instance"]
    );
    assert_eq!(first.text, again.text);
    assert_eq!(again.headers["content-type"], "application/problem+json");
    again.expect(409);
}

#[tokio::test]
async fn callers_do_not_share_their_keys() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (_, robot) = admin(&world, &ann).await;
    let (_, other) = admin(&world, &ann).await;
    let secret = send(&world, &robot, KEYS, &wish("one"), "a")
        .await
        .expect(201)["secret"]
        .clone();
    for who in [&ann, &other] {
        let answer = send(&world, who, KEYS, &wish("one"), "a").await;
        assert!(!answer.headers.contains_key("idempotency-replayed"));
        assert_ne!(answer.expect(201)["secret"], secret);
    }
    let bob = world.owner("other").await;
    send(&world, &bob, KEYS, &wish("one"), "a")
        .await
        .expect(404);
    send(&world, &Who::default(), KEYS, &wish("one"), "a")
        .await
        .expect(401);
}

#[tokio::test]
async fn nothing_is_repeated_for_credentials_that_have_ended() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (id, robot) = admin(&world, &ann).await;
    send(&world, &robot, KEYS, &wish("one"), "a")
        .await
        .expect(201);
    send(&world, &ann, KEYS, &wish("two"), "a")
        .await
        .expect(201);
    world
        .delete(&ann, &format!("{KEYS}/{id}"))
        .await
        .expect(204);
    send(&world, &robot, KEYS, &wish("one"), "a")
        .await
        .expect(401);

    send(
        &world,
        &Who {
            csrf: None,
            ..ann.clone()
        },
        KEYS,
        &wish("two"),
        "a",
    )
    .await
    .expect(403);
    let mut owner = world.database.connect(&world.database.owner).await;
    sqlx::query("update members set role = 'admin'")
        .execute(&mut owner)
        .await
        .unwrap();
    let answer = send(&world, &ann, KEYS, &wish("two"), "a").await;
    assert!(!answer.text.contains("pck_"));
    answer.expect(409);
    sqlx::query("delete from members")
        .execute(&mut owner)
        .await
        .unwrap();
    send(&world, &ann, KEYS, &wish("two"), "a")
        .await
        .expect(404);
    world
        .send(&ann, Method::POST, "/v1/logout", None)
        .await
        .expect(204);
    send(&world, &ann, KEYS, &wish("two"), "a")
        .await
        .expect(401);
}

#[tokio::test]
async fn signing_in_is_never_repeated() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let login = json!({ "email": "person-0@example.com", "password": world::PASSWORD });
    for who in [&Who::default(), &ann] {
        let first = send(&world, who, "/v1/login", &login, "a").await;
        let second = send(&world, who, "/v1/login", &login, "a").await;
        assert_ne!(first.headers["set-cookie"], second.headers["set-cookie"]);
    }
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day_and_old_rows_are_cleared() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (_, robot) = admin(&world, &ann).await;
    for key in ["a", "b", "c"] {
        send(&world, &robot, KEYS, &wish("one"), key)
            .await
            .expect(201);
    }
    world.clock.advance(Duration::from_millis(86_399_999));
    let old = send(&world, &robot, KEYS, &wish("one"), "a").await;
    assert!(old.headers.contains_key("idempotency-replayed"));
    world.clock.advance(Duration::from_millis(1));
    let new = send(&world, &robot, KEYS, &wish("one"), "a").await;
    assert!(!new.headers.contains_key("idempotency-replayed"));
    assert_ne!(new.expect(201)["secret"], old.json()["secret"]);
    let mut owner = world.database.connect(&world.database.owner).await;
    let left: i64 = sqlx::query_scalar("select count(*) from idempotency_keys")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_failure_on_our_side_gives_the_key_back() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let mut owner = world.database.connect(&world.database.owner).await;
    sqlx::query("alter table api_keys rename to away")
        .execute(&mut owner)
        .await
        .unwrap();
    send(&world, &ann, KEYS, &wish("one"), "a")
        .await
        .expect(500);
    sqlx::query("alter table away rename to api_keys")
        .execute(&mut owner)
        .await
        .unwrap();
    send(&world, &ann, KEYS, &wish("one"), "a")
        .await
        .expect(201);
}

#[tokio::test]
async fn a_key_has_one_to_255_visible_characters_and_comes_once() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    for bad in ["", " ", "a b", "é", &"k".repeat(256)] {
        send(&world, &ann, KEYS, &wish("one"), bad)
            .await
            .expect(400);
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    world
        .send_with(&ann, Method::POST, KEYS, Some(wish("one")), &twice)
        .await
        .expect(400);
    assert_eq!(count(&world, &ann).await, 0);
    send(&world, &ann, KEYS, &wish("one"), &"k".repeat(255))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_kept_answer_is_sealed_and_opens_for_its_caller_alone() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (_, robot) = admin(&world, &ann).await;
    let (thief_id, thief) = admin(&world, &ann).await;
    send(&world, &robot, KEYS, &wish("one"), "a")
        .await
        .expect(201);
    let mut owner = world.database.connect(&world.database.owner).await;
    let answer: Vec<u8> = sqlx::query_scalar("select answer from idempotency_keys")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("pck_"));
    // As someone with the database, and without the keys, would do it.
    sqlx::query("update idempotency_keys set caller = $1")
        .bind(thief_id)
        .execute(&mut owner)
        .await
        .unwrap();
    let stolen = send(&world, &thief, KEYS, &wish("one"), "a").await;
    assert!(!stolen.text.contains("pck_"));
    stolen.expect(409);
}

/// Holds what making an API key waits for.
async fn hold(owner: &mut PgConnection) -> sqlx::Transaction<'_, sqlx::Postgres> {
    let mut held = owner.begin().await.unwrap();
    sqlx::query("select id from orgs for no key update")
        .execute(&mut *held)
        .await
        .unwrap();
    held
}

/// Waits until the database says so; each question is a round trip.
async fn until(world: &World, question: &'static str) {
    let mut owner = world.database.connect(&world.database.owner).await;
    let said = async {
        while !sqlx::query_scalar::<_, bool>(question)
            .fetch_one(&mut owner)
            .await
            .unwrap()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, said)
        .await
        .unwrap_or_else(|_| panic!("it never came true: {question}"));
}

#[tokio::test]
async fn while_the_first_is_in_progress_a_second_is_told_so() {
    let world = Arc::new(World::new().await);
    let ann = world.owner("acme").await;
    let mut owner = world.database.connect(&world.database.owner).await;
    let held = hold(&mut owner).await;
    let first = tokio::spawn({
        let (world, ann) = (world.clone(), ann.clone());
        async move { send(&world, &ann, KEYS, &wish("one"), "a").await }
    });
    until(&world, "select exists (select from idempotency_keys)").await;
    let second = send(&world, &ann, KEYS, &wish("one"), "a").await;
    assert_eq!(second.status.as_u16(), 409, "{}", second.text);
    assert_eq!(second.headers["retry-after"], "1");
    held.rollback().await.unwrap();
    let first = first.await.unwrap();
    assert_eq!(first.status, 201);
    assert_eq!(
        send(&world, &ann, KEYS, &wish("one"), "a").await.text,
        first.text
    );
    assert_eq!(count(&world, &ann).await, 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_finds_the_answer_later() {
    let world = Arc::new(World::new().await);
    let ann = world.owner("acme").await;
    let mut owner = world.database.connect(&world.database.owner).await;
    let held = hold(&mut owner).await;
    let first = tokio::spawn({
        let (world, ann) = (world.clone(), ann.clone());
        async move { send(&world, &ann, KEYS, &wish("one"), "a").await }
    });
    until(&world, "select exists (select from idempotency_keys)").await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    held.rollback().await.unwrap();
    until(
        &world,
        "select exists (select from idempotency_keys where status = 201)",
    )
    .await;
    send(&world, &ann, KEYS, &wish("one"), "a")
        .await
        .expect(201);
    assert_eq!(count(&world, &ann).await, 1);
}

/// Drops the future when it has been left waiting so many times.
async fn hung_up<F: Future>(future: F, waits: usize) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), waits);
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn whenever_a_caller_hangs_up_the_same_request_can_be_sent_again() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (mut waits, mut hung_ups) = (0, 0);
    for attempt in 0..200 {
        let key = format!("key-{attempt}");
        let body = wish(&key);
        let answered = hung_up(send(&world, &ann, KEYS, &body, &key), waits).await;
        until(
            &world,
            "select not exists (select from idempotency_keys where status is null)",
        )
        .await;
        send(&world, &ann, KEYS, &body, &key).await.expect(201);
        assert_eq!(count(&world, &ann).await, attempt + 1);
        if answered.is_none() {
            (waits, hung_ups) = (waits + 1, hung_ups + 1);
        } else if hung_ups > 1 {
            return;
        }
    }
    panic!("nobody hung up");
}

#[tokio::test]
async fn what_ended_without_a_word_is_not_done_again() {
    let world = Arc::new(World::new().await);
    let ann = world.owner("acme").await;
    send(&world, &ann, KEYS, &wish("one"), "a")
        .await
        .expect(201);
    let mut owner = world.database.connect(&world.database.owner).await;
    // As a process leaves it that died between the change and its answer.
    sqlx::query("update idempotency_keys set status = null, answer = null")
        .execute(&mut owner)
        .await
        .unwrap();
    world.clock.advance(Duration::from_mins(1));
    let again = send(&world, &ann, KEYS, &wish("one"), "a").await;
    assert!(!again.headers.contains_key("retry-after"));
    again.expect(409);
    assert_eq!(count(&world, &ann).await, 1);
}

#[tokio::test]
async fn of_many_at_once_one_happens() {
    let world = Arc::new(World::new().await);
    let ann = world.owner("acme").await;
    let tries: Vec<_> = (0..20)
        .map(|_| {
            let (world, ann) = (world.clone(), ann.clone());
            tokio::spawn(async move { send(&world, &ann, KEYS, &wish("one"), "a").await })
        })
        .collect();
    let mut secrets = std::collections::BTreeSet::new();
    for answer in tries {
        let answer = answer.await.unwrap();
        match answer.status.as_u16() {
            201 => drop(secrets.insert(answer.json()["secret"].to_string())),
            status => assert_eq!(status, 409, "{}", answer.text),
        }
    }
    assert_eq!(secrets.len(), 1);
    assert_eq!(count(&world, &ann).await, 1);
}
