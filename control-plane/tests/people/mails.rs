//! The outbox, against a mail server that behaves and one that does not.

use crate::world::{PASSWORD, Who, World};
use control_plane::mail::{act, outbox};
use serde_json::json;
use std::time::Duration;
use testbed::Mailbox;

#[tokio::test]
async fn a_mail_goes_out_once_as_plain_text_from_the_instances_own_address() {
    let mailbox = Mailbox::start().await;
    let world = World::with_mail_server(&mailbox.url).await;
    world.owner("acme").await;
    assert_eq!(outbox::deliver(&world.app).await.unwrap(), 1);
    assert_eq!(outbox::deliver(&world.app).await.unwrap(), 0);
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_slice()),
        ("gate@example.org", &["person-0@example.com".to_owned()][..])
    );
    let text = &mails[0].text;
    assert!(
        text.contains("Content-Type: text/plain; charset=utf-8\r\n"),
        "{text}"
    );
    assert!(text.contains("http://127.0.0.1:8080/verify/"), "{text}");
    assert!(!text.contains('<') || !text.contains("</"), "{text}");
    // What has left is not kept.
    let mut sql = world.database.connect(&world.database.owner).await;
    let left: i64 = sqlx::query_scalar("select count(*) from mails")
        .fetch_one(&mut sql)
        .await
        .unwrap();
    assert_eq!(left, 0);
    assert!(
        act::kept(&world.app).await.unwrap().is_none(),
        "nothing is shown where mails are sent"
    );
}

#[tokio::test]
async fn a_mail_that_is_refused_is_tried_again_later_and_later_and_given_up_after_a_day() {
    let mailbox = Mailbox::start().await;
    let world = World::with_mail_server(&mailbox.url).await;
    mailbox.refuse(true);
    world.owner("acme").await;
    let mut tried_at = Vec::new();
    for minute in 0..(26 * 60) {
        let before = mailbox.refused();
        assert_eq!(outbox::deliver(&world.app).await.unwrap(), 0);
        if mailbox.refused() > before {
            tried_at.push(minute);
        }
        world.clock.advance(Duration::from_mins(1));
    }
    assert_eq!(tried_at[..6], [0, 1, 3, 7, 15, 31]);
    assert!(
        tried_at.len() < 35 && *tried_at.last().unwrap() < 24 * 60,
        "{tried_at:?}"
    );
    mailbox.refuse(false);
    assert_eq!(outbox::deliver(&world.app).await.unwrap(), 0);
    assert!(mailbox.mails().is_empty(), "what was given up stays so");
}

#[tokio::test]
async fn a_mail_that_was_refused_goes_out_when_the_server_is_well_again() {
    let mailbox = Mailbox::start().await;
    let world = World::with_mail_server(&mailbox.url).await;
    mailbox.refuse(true);
    world.owner("acme").await;
    assert_eq!(outbox::deliver(&world.app).await.unwrap(), 0);
    mailbox.refuse(false);
    // Not before its time.
    assert_eq!(outbox::deliver(&world.app).await.unwrap(), 0);
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(outbox::deliver(&world.app).await.unwrap(), 1);
    assert_eq!(mailbox.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_look_at_once_send_each_mail_once() {
    let mailbox = Mailbox::start().await;
    let world = World::with_mail_server(&mailbox.url).await;
    for _ in 0..20 {
        world.stranger().await;
    }
    let (one, other) = tokio::join!(outbox::deliver(&world.app), outbox::deliver(&world.app));
    assert_eq!(one.unwrap() + other.unwrap(), 20);
    let mut to: Vec<String> = mailbox
        .mails()
        .into_iter()
        .flat_map(|mail| mail.to)
        .collect();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 20);
}

#[tokio::test]
async fn nothing_that_was_not_done_is_told_by_mail() {
    let world = World::new().await;
    world.owner("acme").await;
    let again = json!({ "email": "new@example.com", "password": PASSWORD, "name": "New", "org": { "name": "A", "slug": "acme" } });
    world
        .post(&Who::default(), "/v1/signup", again)
        .await
        .expect(409);
    let to: Vec<String> = world
        .mails()
        .await
        .into_iter()
        .map(|mail| mail.to)
        .collect();
    assert_eq!(to, ["person-0@example.com"]);
}

#[tokio::test]
async fn no_link_of_a_mail_stands_in_the_database() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    world.confirm(&ann).await;
    let invitation = json!({ "email": "bob@example.com", "role": "viewer" });
    world
        .post(&ann, "/v1/orgs/acme/invitations", invitation)
        .await
        .expect(201);
    let wish = json!({ "email": "person-0@example.com" });
    world
        .post(&Who::default(), "/v1/forgot", wish)
        .await
        .expect(204);
    let tickets = [
        world.ticket("bob@example.com", "invitations").await,
        world.ticket("person-0@example.com", "forgot").await,
    ];
    let dump = String::from_utf8(world.database.dump()).unwrap();
    assert!(dump.contains("bob@example.com"));
    for ticket in tickets {
        assert!(!dump.contains(&ticket));
        assert!(!dump.contains(&seal::to_hex(ticket.as_bytes())));
    }
}

#[tokio::test]
async fn a_local_instance_keeps_two_hundred_mails_for_its_screen() {
    let world = World::new().await;
    for _ in 0..205 {
        world.stranger().await;
    }
    let mails = world.mails().await;
    assert_eq!(mails.len(), 200);
    assert_eq!(mails[0].to, "person-204@example.com");
}
