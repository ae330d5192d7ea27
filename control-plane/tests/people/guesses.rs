//! Guessing: however many guess, from wherever, few guesses are looked at.

use crate::world::{PASSWORD, Who, World};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_guesses_at_one_account_from_many_sources_at_most_twenty_are_tried() {
    let world = Arc::new(World::new().await);
    world.owner("acme").await;
    let before = world.app.passwords().verified().get();
    let guessing = (0..8_u8).map(|part| {
        let world = world.clone();
        tokio::spawn(async move {
            for number in 0..1_250_u32 {
                let [.., a, b] = number.to_be_bytes();
                let source = IpAddr::V4(Ipv4Addr::new(198, part, a, b));
                let guess = json!({ "email": "person-0@example.com", "password": format!("guess {part} {number}") });
                let answer = world.post_from(source, "/v1/login", guess).await;
                assert!([401, 429].contains(&answer.status.as_u16()), "{}", answer.text);
                if number % 125 == 0 {
                    // Whoever is slow gets no further.
                    world.clock.advance(Duration::from_mins(15));
                }
            }
        })
    });
    for part in guessing.collect::<Vec<_>>() {
        part.await.unwrap();
    }
    let tried = world.app.passwords().verified().get() - before;
    // Eighty quarters of an hour went by, less than a day.
    assert!((1..=20).contains(&tried), "{tried} guesses were tried");
}

#[tokio::test]
async fn one_source_may_try_a_hundred_accounts_and_no_more() {
    let world = World::new().await;
    let source: IpAddr = "203.0.113.9".parse().unwrap();
    for number in 0..100 {
        let guess = json!({ "email": format!("no-{number}@example.com"), "password": PASSWORD });
        world
            .post_from(source, "/v1/login", guess)
            .await
            .expect(401);
    }
    let guess = json!({ "email": "no-100@example.com", "password": PASSWORD });
    let answer = world.post_from(source, "/v1/login", guess.clone()).await;
    assert!(answer.headers.contains_key("retry-after"));
    answer.expect(429);
    let neighbour = "203.0.113.10".parse().unwrap();
    world
        .post_from(neighbour, "/v1/login", guess)
        .await
        .expect(401);
}

#[tokio::test]
async fn one_source_signs_up_twenty_times_an_hour() {
    let world = World::new().await;
    let source: IpAddr = "2001:db8::1".parse().unwrap();
    let sign_up = |number: u32| json!({ "email": format!("no-{number}@example.com"), "password": PASSWORD, "name": "No" });
    for number in 0..20 {
        world
            .post_from(source, "/v1/signup", sign_up(number))
            .await
            .expect(201);
    }
    // The same line, another of its addresses.
    let other = "2001:db8::2".parse().unwrap();
    world
        .post_from(other, "/v1/signup", sign_up(20))
        .await
        .expect(429);
    world.clock.advance(Duration::from_hours(1));
    world
        .post_from(other, "/v1/signup", sign_up(20))
        .await
        .expect(201);
}

#[tokio::test]
async fn guesses_at_the_password_by_the_doors_of_a_session_are_the_same_guesses() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    for number in 0..10 {
        let guess = format!("guess number {number}");
        let answer = if number % 2 == 0 {
            world
                .post(&ann, "/v1/step-up", json!({ "password": guess }))
                .await
        } else {
            let change =
                json!({ "password": guess, "new_password": "a drawbridge over cold water" });
            world.post(&ann, "/v1/me/password", change).await
        };
        answer.expect(422);
    }
    let right = json!({ "password": PASSWORD });
    world.post(&ann, "/v1/step-up", right).await.expect(429);
    // Whoever has the session has not the account's other ways in.
    let right = json!({ "email": "person-0@example.com", "password": PASSWORD });
    world
        .post(&Who::default(), "/v1/login", right)
        .await
        .expect(200);
}

#[tokio::test]
async fn guesses_at_the_password_by_the_doors_without_a_session_are_the_same_guesses() {
    let world = World::new().await;
    world.owner("acme").await;
    let ticket = world.ticket("person-0@example.com", "verify").await;
    let nobody = Who::default();
    for number in 0..10 {
        let guess = format!("guess number {number}");
        if number % 2 == 0 {
            let confirm = json!({ "token": ticket, "password": guess });
            world
                .post(&nobody, "/v1/confirm", confirm)
                .await
                .expect(422);
        } else {
            let login = json!({ "email": "person-0@example.com", "password": guess });
            world.post(&nobody, "/v1/login", login).await.expect(401);
        }
    }
    let confirm = json!({ "token": ticket, "password": PASSWORD });
    world
        .post(&nobody, "/v1/confirm", confirm)
        .await
        .expect(429);
    let right = json!({ "email": "person-0@example.com", "password": PASSWORD });
    world.post(&nobody, "/v1/login", right).await.expect(429);
}

#[tokio::test]
async fn whoever_guesses_from_outside_keeps_nobody_from_proving_themselves_in_their_session() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let guess = json!({ "email": "person-0@example.com", "password": "not the password" });
    for _ in 0..10 {
        world
            .post(&Who::default(), "/v1/login", guess.clone())
            .await
            .expect(401);
    }
    let ann = world.step_up(&ann).await;
    let change = json!({ "password": PASSWORD, "new_password": "a drawbridge over cold water" });
    let mail = world.post(&ann, "/v1/me/password", change).await;
    mail.expect(200);
}

#[tokio::test]
async fn a_wrong_password_costs_and_is_told_the_same_whether_or_not_there_is_an_account() {
    let world = World::new().await;
    world.owner("acme").await;
    let without = world.owner("other").await;
    let email = "person-1@example.com";
    let mut sql = world.database.connect(&world.database.owner).await;
    let done = sqlx::query("update users set password_hash = null where email = $1")
        .bind(email)
        .execute(&mut sql)
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 1);
    let me = world.get(&without, "/v1/me").await.expect(200);
    assert_eq!(me["user"]["has_password"], false);

    let mut told = Vec::new();
    for email in ["person-0@example.com", "nobody@example.com", email] {
        let before = world.app.passwords().verified().get();
        let guess = json!({ "email": email, "password": "not the password" });
        let answer = world.post(&Who::default(), "/v1/login", guess).await;
        let tried = world.app.passwords().verified().get() - before;
        assert_eq!(tried, 1, "{email}: the time it takes is that of one look");
        let names = names(&answer);
        let status = answer.status;
        let mut said = answer.expect(401);
        // Of each request its own.
        said["instance"].take();
        told.push((status, said, names));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

/// Of an answer's headers the names: ids of requests differ.
fn names(answer: &crate::world::Answer) -> Vec<String> {
    let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    names
}

#[tokio::test]
async fn mails_to_one_address_are_asked_for_five_times_an_hour() {
    let world = World::new().await;
    let wish = json!({ "email": "nobody@example.com" });
    for _ in 0..5 {
        world
            .post(&Who::default(), "/v1/forgot", wish.clone())
            .await
            .expect(204);
    }
    world
        .post(&Who::default(), "/v1/forgot", wish)
        .await
        .expect(429);
}
