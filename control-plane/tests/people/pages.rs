//! The same by page: what a person with a browser meets, and what it refuses.

use crate::world::page::{Page, get, post};
use crate::world::{PASSWORD, Who, World};
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use std::time::Duration;

const NEW: &str = "a drawbridge over cold water";

/// Who the cookie of an answer lets one be, with the token of the forms of `/account`.
pub async fn admitted(world: &World, page: &Page) -> Who {
    let cookie = page.headers[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    let account = get(world, &Who::with(&cookie, ""), "/account").await;
    Who::with(&cookie, &account.html)
}

pub async fn sign_in(world: &World, email: &str, password: &str) -> Page {
    let fields = [("email", email), ("password", password)];
    post(world, &Who::default(), "/login", &fields).await
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_page_that_the_mail_leads_to() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let nobody = Who::default();
    let known = post(
        &world,
        &nobody,
        "/forgot",
        &[("email", "person-0@example.com")],
    )
    .await;
    let unknown = post(
        &world,
        &nobody,
        "/forgot",
        &[("email", "person-9@example.com")],
    )
    .await;
    assert_eq!(
        known.html.replace("person-0", "person-9"),
        unknown.html,
        "the same for an address with an account and for one without"
    );
    let ticket = world.ticket("person-0@example.com", "forgot").await;
    let path = format!("/forgot/{ticket}");
    for _ in 0..2 {
        get(&world, &nobody, &path)
            .await
            .has("person-0@example.com");
    }
    let weak = post(&world, &nobody, &path, &[("password", "1234567890")]).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    weak.has(r#"id="password-fault""#);
    let reset = post(&world, &nobody, &path, &[("password", NEW)]).await;
    assert_eq!(reset.location(), "/login?done=reset");
    get(&world, &nobody, reset.location())
        .await
        .has("The password is changed");
    assert_eq!(
        get(&world, &ann, "/account").await.status,
        StatusCode::SEE_OTHER,
        "every session has ended"
    );
    let dead = post(&world, &nobody, &path, &[("password", NEW)]).await;
    assert_eq!(dead.status, StatusCode::NOT_FOUND);
    dead.has("leads nowhere any more");
    assert_eq!(
        sign_in(&world, "person-0@example.com", NEW)
            .await
            .location(),
        "/"
    );
}

#[tokio::test]
async fn an_address_is_confirmed_by_a_form_and_never_by_looking() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    get(&world, &ann, "/acme").await.has("is not confirmed yet");
    let ticket = world.ticket("person-0@example.com", "verify").await;
    let path = format!("/verify/{ticket}");
    for who in [&Who::default(), &ann] {
        get(&world, who, &path).await.has("Confirm your address");
    }
    get(&world, &ann, "/acme").await.has("is not confirmed yet");
    let wrong = post(&world, &Who::default(), &path, &[("password", "something")]).await;
    wrong.has("the password is wrong");
    let other = world.stranger().await;
    post(&world, &other, &path, &[("password", "")])
        .await
        .has("expected the account&#39;s password");
    let again = post(&world, &ann, "/account/confirmation", &[]).await;
    assert_eq!(again.location(), "/account?done=sent");
    let confirmed = post(&world, &ann, &path, &[]).await;
    assert_eq!(confirmed.location(), "/account?done=confirmed");
    get(&world, &ann, "/acme")
        .await
        .has_not("is not confirmed yet");
    get(&world, &ann, &path).await.has("leads nowhere any more");
}

#[tokio::test]
async fn an_invitation_is_accepted_by_a_form_by_the_person_it_is_for_and_once() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    world.confirm(&ann).await;
    let invite = [("email", "new@example.com"), ("role", "auditor")];
    let invited = post(&world, &ann, "/acme/invitations", &invite).await;
    assert_eq!(invited.location(), "/acme/members?done=invited");
    get(&world, &ann, "/acme/members")
        .await
        .has("new@example.com");
    let ticket = world.ticket("new@example.com", "invitations").await;
    let path = format!("/invitations/{ticket}");
    let nobody = Who::default();
    for _ in 0..2 {
        get(&world, &nobody, &path)
            .await
            .has("Join The acme company")
            .has("as auditor");
    }
    let eve = world.stranger().await;
    get(&world, &eve, &path)
        .await
        .has("for new@example.com alone");
    let not_hers = post(&world, &eve, &path, &[]).await;
    assert_eq!(not_hers.status, StatusCode::FORBIDDEN);
    let sign_up = format!("{path}/signup");
    let weak = [("name", "Grace"), ("password", "short")];
    post(&world, &nobody, &sign_up, &weak)
        .await
        .has(r#"id="password-fault""#)
        .has(r#"value="Grace""#);
    let fields = [("name", "Grace"), ("password", PASSWORD)];
    let joined = post(&world, &nobody, &sign_up, &fields).await;
    assert_eq!(joined.location(), "/acme?done=joined");
    let grace = admitted(&world, &joined).await;
    get(&world, &grace, "/acme/events").await.has("Grace");
    for used in [
        get(&world, &nobody, &path).await,
        post(&world, &grace, &path, &[]).await,
        post(&world, &nobody, &sign_up, &fields).await,
    ] {
        assert_eq!(used.status, StatusCode::NOT_FOUND);
        used.has("leads nowhere any more");
    }
}

async fn members(world: &World, who: &Who) -> Vec<Value> {
    let listed = world.get(who, "/v1/orgs/acme/members").await.expect(200);
    listed["items"].as_array().unwrap().clone()
}

async fn own_seat(world: &World, owner: &Who, who: &Who) -> String {
    let me = world.get(who, "/v1/me").await.expect(200);
    let all = members(world, owner).await;
    let seat = all
        .iter()
        .find(|member| member["user"] == me["user"]["id"])
        .unwrap();
    seat["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_last_owner_stays_and_nobody_gives_themselves_more() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let admin = world.member(&ann, "acme", "admin").await;
    let (own, hers) = (
        own_seat(&world, &ann, &ann).await,
        own_seat(&world, &ann, &admin).await,
    );
    let demoted = post(
        &world,
        &ann,
        &format!("/acme/members/{own}"),
        &[("role", "admin")],
    )
    .await;
    assert_eq!(demoted.status, StatusCode::CONFLICT);
    demoted.has("an organisation has an owner");
    let left = post(&world, &ann, "/acme/settings/leave", &[("sure", "acme")]).await;
    assert_eq!(left.status, StatusCode::CONFLICT);
    left.has("an organisation has an owner");

    let path = format!("/acme/members/{hers}");
    get(&world, &admin, &path)
        .await
        .has_not(r#"<option value="owner""#);
    for (path, role) in [
        (path.clone(), "owner"),
        (format!("/acme/members/{own}"), "viewer"),
    ] {
        let refused = post(&world, &admin, &path, &[("role", role)]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path} {role}");
    }
    get(&world, &admin, &format!("/acme/members/{own}"))
        .await
        .has_not("Another role");
    let invite = [("email", "friend@example.com"), ("role", "owner")];
    let refused = post(&world, &admin, "/acme/invitations", &invite).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    let promoted = post(&world, &ann, &path, &[("role", "owner")]).await;
    assert_eq!(promoted.location(), "/acme/members?done=saved");
    let unsure = post(&world, &ann, "/acme/settings/leave", &[("sure", "")]).await;
    assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY);
    let left = post(&world, &ann, "/acme/settings/leave", &[("sure", "acme")]).await;
    assert_eq!(left.location(), "/?done=left");
    get(&world, &ann, left.location())
        .await
        .has("You have left.");
    assert_eq!(
        get(&world, &ann, "/acme").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_belongs_to_another_organisation_is_not_there() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let eve = world.owner("evil").await;
    let viewer = world.member(&ann, "acme", "viewer").await;
    let seat = own_seat(&world, &ann, &viewer).await;
    let invite = json!({ "email": "late@example.com", "role": "viewer" });
    let invitation = world
        .post(&ann, "/v1/orgs/acme/invitations", invite)
        .await
        .expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let key = world
        .post(
            &ann,
            "/v1/orgs/acme/api-keys",
            json!({ "name": "robot", "role": "viewer" }),
        )
        .await
        .expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let session = world.get(&ann, "/v1/me/sessions").await.expect(200)["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (path, fields) in [
        (format!("/evil/members/{seat}"), [("role", "owner")]),
        (
            format!("/evil/members/{seat}/remove"),
            [("sure", "person-2@example.com")],
        ),
        (
            format!("/evil/invitations/{invitation}/withdraw"),
            [("sure", "")],
        ),
        (format!("/evil/settings/keys/{key}/delete"), [("sure", "")]),
        (format!("/account/sessions/{session}/end"), [("sure", "")]),
    ] {
        let page = post(&world, &eve, &path, &fields).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(members(&world, &ann).await.len(), 2);
    get(&world, &ann, "/acme/members")
        .await
        .has("late@example.com");
    get(&world, &ann, "/acme/settings/keys").await.has("robot");
}

#[tokio::test]
async fn a_stale_session_proves_itself_before_what_is_sensitive() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    world.clock.advance(Duration::from_mins(16));
    let invite = [("email", "new@example.com"), ("role", "viewer")];
    let sensitive: [(&str, &[(&str, &str)]); 4] = [
        ("/acme/invitations", &invite),
        ("/acme/settings/keys", &[("name", "x"), ("role", "viewer")]),
        ("/acme/settings/delete", &[("sure", "acme")]),
        ("/account/totp", &[]),
    ];
    for (path, fields) in sensitive {
        let page = post(&world, &ann, path, fields).await;
        assert!(
            page.location().starts_with("/login/again"),
            "{path}: {} {}",
            page.status,
            page.html
        );
    }
    get(&world, &ann, "/acme/members")
        .await
        .has_not("new@example.com");
    let proof = [("password", PASSWORD), ("next", "/acme/members")];
    let proven = post(&world, &ann, "/login/again", &proof).await;
    assert_eq!(proven.location(), "/acme/members");
    let ann = admitted(&world, &proven).await;
    let invited = post(&world, &ann, "/acme/invitations", &invite).await;
    assert_eq!(invited.location(), "/acme/members?done=invited");
}

#[tokio::test]
async fn codes_are_set_up_used_and_turned_off_by_page() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let enrolled = post(&world, &ann, "/account/totp", &[]).await;
    enrolled.has(r#"<svg class="qr""#).has("otpauth://totp/");
    let secret = enrolled
        .html
        .split("<code>")
        .nth(1)
        .and_then(|rest| rest.split("</code>").next())
        .unwrap();
    let enrolment = json!({ "secret": secret });
    let wrong = post(&world, &ann, "/account/totp/confirm", &[("code", "abcdef")]).await;
    wrong.has("the code is wrong").has_not(secret);
    let code = crate::totp::code(&enrolment, &world);
    let on = post(&world, &ann, "/account/totp/confirm", &[("code", &code)]).await;
    on.has("Recovery codes");
    get(&world, &ann, "/account").await.has("Turn codes off");
    world.clock.advance(Duration::from_secs(30));

    let asked = sign_in(&world, "person-0@example.com", PASSWORD).await;
    asked.has("One more step");
    let challenge = asked
        .html
        .split(r#"name="challenge" value=""#)
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let code = crate::totp::code(&enrolment, &world);
    let fields = [("challenge", challenge), ("code", code.as_str())];
    let done = post(&world, &Who::default(), "/login/code", &fields).await;
    let ann = admitted(&world, &done).await;
    let renewed = post(&world, &ann, "/account/totp/recovery-codes", &[]).await;
    renewed.has("Keep these, this once");
    let off = post(&world, &ann, "/account/totp/off", &[]).await;
    assert_eq!(off.location(), "/account?done=codes-off");
    get(&world, &ann, "/account").await.has("Set codes up");
}

#[tokio::test]
async fn sessions_are_seen_and_ended_and_a_password_is_changed_by_page() {
    let world = World::new().await;
    let here = world.owner("acme").await;
    let there = sign_in(&world, "person-0@example.com", PASSWORD).await;
    let there = admitted(&world, &there).await;
    let page = get(&world, &here, "/account").await;
    let path = page.html.split(r#"action="/account/sessions/ses_"#).nth(1);
    let id = path.unwrap().split('/').next().unwrap();
    let path = format!("/account/sessions/ses_{id}/end");
    let ended = post(&world, &here, &path, &[]).await;
    assert_eq!(ended.location(), "/account?done=ended");
    assert_eq!(
        get(&world, &there, "/account").await.status,
        StatusCode::SEE_OTHER
    );
    let wrong = [("password", "something else"), ("new_password", NEW)];
    post(&world, &here, "/account/password", &wrong)
        .await
        .has("the password is wrong");
    let right = [("password", PASSWORD), ("new_password", NEW)];
    let changed = post(&world, &here, "/account/password", &right).await;
    assert_eq!(changed.location(), "/account?done=saved");
    assert_eq!(
        get(&world, &here, "/account").await.status,
        StatusCode::SEE_OTHER,
        "the session has another cookie"
    );
    let here = admitted(&world, &changed).await;
    get(&world, &here, "/acme").await.has("Overview");
}

#[tokio::test]
async fn the_kill_switch_is_thrown_by_form_and_every_page_says_so() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let viewer = world.member(&ann, "acme", "viewer").await;
    get(&world, &ann, "/acme/settings")
        .await
        .has("Stop every call");
    let stop = |on| [("target", "org"), ("on", on)];
    let stopped = post(&world, &ann, "/acme/kill", &stop("true")).await;
    assert_eq!(stopped.location(), "/acme/settings?done=stopped");
    for path in ["/acme", "/acme/calls", "/acme/settings"] {
        get(&world, &viewer, path)
            .await
            .has("This organisation is stopped.")
            .has_not("Let its calls go on");
        get(&world, &ann, path).await.has("Let its calls go on");
    }
    let refused = post(&world, &viewer, "/acme/kill", &stop("false")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    post(&world, &ann, "/acme/kill", &stop("false")).await;
    get(&world, &ann, "/acme").await.has_not("is stopped");
}

#[tokio::test]
async fn an_organisation_is_renamed_and_deleted_by_page_and_only_by_its_name() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let rename = [("name", "Acme Mills"), ("max_stale", "3600")];
    let renamed = post(&world, &ann, "/acme/settings", &rename).await;
    assert_eq!(renamed.location(), "/acme/settings?done=saved");
    get(&world, &ann, "/acme/settings")
        .await
        .has(r#"value="Acme Mills""#)
        .has(r#"value="3600""#);
    let wrong = [("name", "Acme Mills"), ("max_stale", "soon")];
    post(&world, &ann, "/acme/settings", &wrong)
        .await
        .has(r#"id="max_stale-fault""#)
        .has(r#"value="soon""#);
    let unsure = post(&world, &ann, "/acme/settings/delete", &[("sure", "Acme")]).await;
    unsure.has("nothing was done");
    let deleted = post(&world, &ann, "/acme/settings/delete", &[("sure", "acme")]).await;
    assert_eq!(deleted.location(), "/?done=deleted");
    assert_eq!(
        get(&world, &ann, "/acme").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn mails_are_on_screen_only_where_there_is_no_server_to_send_them() {
    let local = World::new().await;
    local.owner("acme").await;
    local.mails().await;
    get(&local, &Who::default(), "/dev/mail")
        .await
        .has("Confirm your address")
        .has(r#"<a href="http://127.0.0.1:8080/verify/"#);
    let sending = World::with_mail_server("smtp://127.0.0.1:9").await;
    let page = get(&sending, &Who::default(), "/dev/mail").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}
