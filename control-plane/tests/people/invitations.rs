//! Invitations: for one address, once, for a time.

use crate::world::{PASSWORD, Who, World, signed_in};
use axum::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn invite(world: &World, who: &Who, email: &str, role: &str) -> Value {
    let invitation = json!({ "email": email, "role": role });
    world
        .post(who, "/v1/orgs/acme/invitations", invitation)
        .await
        .expect(201)
}

async fn accept(world: &World, who: &Who, ticket: &str) -> crate::world::Answer {
    let path = format!("/v1/invitations/{ticket}/accept");
    world.send(who, Method::POST, &path, None).await
}

/// An organisation whose owner has confirmed their address.
async fn acme(world: &World) -> Who {
    let ann = world.owner("acme").await;
    world.confirm(&ann).await;
    ann
}

#[tokio::test]
async fn an_invitation_leads_the_person_it_is_for_in_and_nobody_else() {
    let world = World::new().await;
    let ann = acme(&world).await;
    let (bob, eve) = (world.stranger().await, world.stranger().await);
    let made = invite(&world, &ann, " Person-1@Example.com", "auditor").await;
    assert_eq!(made["email"], "person-1@example.com");
    let ticket = world.ticket("person-1@example.com", "invitations").await;
    assert!(
        !made.to_string().contains(&ticket),
        "the one who invites never sees the link"
    );
    let offer = world
        .get(&Who::default(), &format!("/v1/invitations/{ticket}"))
        .await
        .expect(200);
    assert_eq!(
        [
            &offer["slug"],
            &offer["role"],
            &offer["by"],
            &offer["email"]
        ],
        ["acme", "auditor", "Person 0", "person-1@example.com"]
    );
    accept(&world, &Who::default(), &ticket).await.expect(401);
    accept(&world, &eve, &ticket).await.expect(403);
    let org = accept(&world, &bob, &ticket).await.expect(200);
    assert_eq!([&org["slug"], &org["role"]], ["acme", "auditor"]);
    world.get(&bob, "/v1/orgs/acme/events").await.expect(200);
    accept(&world, &bob, &ticket).await.expect(404);
    world
        .get(&Who::default(), &format!("/v1/invitations/{ticket}"))
        .await
        .expect(404);
    // The link came by mail, so the address is confirmed.
    let me = world.get(&bob, "/v1/me").await.expect(200);
    assert_eq!(me["user"]["is_confirmed"], true);
}

#[tokio::test]
async fn of_two_who_follow_one_link_at_once_one_gets_in() {
    let world = World::new().await;
    let ann = acme(&world).await;
    let bob = world.stranger().await;
    invite(&world, &ann, "person-1@example.com", "viewer").await;
    let ticket = world.ticket("person-1@example.com", "invitations").await;
    let (one, other) = tokio::join!(accept(&world, &bob, &ticket), accept(&world, &bob, &ticket));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
}

#[tokio::test]
async fn a_person_without_an_account_comes_in_by_signing_up() {
    let world = World::new().await;
    let ann = acme(&world).await;
    invite(&world, &ann, "new@example.com", "policy_manager").await;
    let ticket = world.ticket("new@example.com", "invitations").await;
    let sign_up = |email: &str, org: Value| json!({ "email": email, "password": PASSWORD, "name": "New", "invitation": ticket, "org": org });
    let nobody = Who::default();
    let elsewhere = sign_up("eve@example.com", Value::Null);
    world
        .post(&nobody, "/v1/signup", elsewhere)
        .await
        .expect(403);
    let both = sign_up(
        "new@example.com",
        json!({ "name": "New", "slug": "new-org" }),
    );
    world.post(&nobody, "/v1/signup", both).await.expect(422);
    let answer = world
        .post(
            &nobody,
            "/v1/signup",
            sign_up("new@example.com", Value::Null),
        )
        .await;
    let body = answer.json();
    assert_eq!(
        [&body["org"]["slug"], &body["org"]["role"]],
        ["acme", "policy_manager"]
    );
    assert_eq!(body["user"]["is_confirmed"], true);
    let new = signed_in(answer, 201);
    world.get(&new, "/v1/orgs/acme/policies").await.expect(200);
    // What failed left no account behind.
    let login = json!({ "email": "eve@example.com", "password": PASSWORD });
    world.post(&nobody, "/v1/login", login).await.expect(401);
}

#[tokio::test]
async fn an_invitation_ends_after_seven_days_when_withdrawn_and_when_another_takes_its_place() {
    let world = World::new().await;
    let ann = acme(&world).await;
    let bob = world.stranger().await;
    let made = invite(&world, &ann, "person-1@example.com", "viewer").await;
    let withdrawn = world.ticket("person-1@example.com", "invitations").await;
    let path = format!("/v1/orgs/acme/invitations/{}", made["id"].as_str().unwrap());
    world.delete(&ann, &path).await.expect(204);
    world.delete(&ann, &path).await.expect(404);
    accept(&world, &bob, &withdrawn).await.expect(404);

    invite(&world, &ann, "person-1@example.com", "admin").await;
    let replaced = world.ticket("person-1@example.com", "invitations").await;
    invite(&world, &ann, "person-1@example.com", "viewer").await;
    let fresh = world.ticket("person-1@example.com", "invitations").await;
    accept(&world, &bob, &replaced).await.expect(404);
    let open = world
        .get(&ann, "/v1/orgs/acme/invitations")
        .await
        .expect(200);
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
    for _ in 0..(7 * 24 / 8) {
        world.clock.advance(Duration::from_hours(8));
        world.get(&bob, "/v1/me").await.expect(200);
        world.get(&ann, "/v1/me").await.expect(200);
    }
    accept(&world, &bob, &fresh).await.expect(404);
    let open = world
        .get(&ann, "/v1/orgs/acme/invitations")
        .await
        .expect(200);
    assert_eq!(open["items"], json!([]));
    let events = world.get(&ann, "/v1/orgs/acme/events").await.expect(200);
    assert_eq!(events["items"][2]["action"], "invitation.withdrawn");
}

#[tokio::test]
async fn mail_to_others_waits_until_the_address_of_who_invites_is_confirmed() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    invite(&world, &ann, "bob@example.com", "viewer").await;
    let gone = invite(&world, &ann, "eve@example.com", "viewer").await;
    let to = |mails: Vec<control_plane::mail::Kept>| {
        mails.into_iter().map(|mail| mail.to).collect::<Vec<_>>()
    };
    assert_eq!(to(world.mails().await), ["person-0@example.com"]);
    let path = format!("/v1/orgs/acme/invitations/{}", gone["id"].as_str().unwrap());
    world.delete(&ann, &path).await.expect(204);
    world.confirm(&ann).await;
    assert_eq!(
        to(world.mails().await),
        ["bob@example.com", "person-0@example.com"]
    );
}

#[tokio::test]
async fn whether_an_address_has_an_account_shows_in_no_invitation() {
    let world = World::new().await;
    let ann = acme(&world).await;
    world.stranger().await;
    let mut made = Vec::new();
    for email in ["person-1@example.com", "person-9@example.com"] {
        let mut invitation = invite(&world, &ann, email, "viewer").await;
        let fields = invitation.as_object_mut().unwrap();
        fields.remove("id");
        fields.remove("email");
        made.push(invitation);
    }
    assert_eq!(made[0], made[1]);
    let own = json!({ "email": "person-0@example.com", "role": "viewer" });
    world
        .post(&ann, "/v1/orgs/acme/invitations", own)
        .await
        .expect(409);
    let none = json!({ "email": "nobody", "role": "viewer" });
    world
        .post(&ann, "/v1/orgs/acme/invitations", none)
        .await
        .expect(422);
}

#[tokio::test]
async fn an_invitation_gives_no_more_than_its_maker_still_has() {
    let world = World::new().await;
    let ann = acme(&world).await;
    let adam = world.member(&ann, "acme", "admin").await;
    let bob = world.stranger().await;
    let address = world.get(&bob, "/v1/me").await.expect(200)["user"]["email"].clone();
    let address = address.as_str().unwrap();
    invite(&world, &adam, address, "admin").await;
    let ticket = world.ticket(address, "invitations").await;
    let mut sql = world.database.connect(&world.database.owner).await;
    sqlx::query("update members set role = 'auditor' where role = 'admin'")
        .execute(&mut sql)
        .await
        .unwrap();
    accept(&world, &bob, &ticket).await.expect(404);
    world.get(&bob, "/v1/orgs/acme").await.expect(404);
}

#[tokio::test]
async fn an_organisation_invites_two_hundred_times_a_day() {
    let world = World::new().await;
    let ann = acme(&world).await;
    for number in 0..200 {
        invite(
            &world,
            &ann,
            &format!("guest-{number}@example.com"),
            "viewer",
        )
        .await;
    }
    let one_more = json!({ "email": "guest-200@example.com", "role": "viewer" });
    world
        .post(&ann, "/v1/orgs/acme/invitations", one_more)
        .await
        .expect(429);
}
