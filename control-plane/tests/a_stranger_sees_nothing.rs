//! Who may call what: a row for every operation of the API's description, and every refusal tried.
//!
//! Nobody gets 401, a member of another organisation 404, a lesser role 403; and whoever may gets what they asked for, so
//! that a refusal is about who asks and not about what. An operation without a row fails the test.

mod stranger;
mod world;

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stranger::org::{Org, marks};
use stranger::{ACCOUNT, OPEN, ROLES, ROWS};
use testbed::Stub;
use world::{Who, World};

#[test]
fn every_operation_has_a_row() {
    let document = serde_json::to_value(control_plane::http::api::document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(
            item.as_object()
                .unwrap()
                .keys()
                .map(|method| format!("{method} {path}")),
        );
    }
    let rows = ROWS
        .iter()
        .map(|row| row.0)
        .chain(ACCOUNT.iter().map(|row| row.0))
        .chain(OPEN);
    let rows: BTreeSet<String> = rows
        .map(|row| row.split('?').next().unwrap().to_owned())
        .map(|row| {
            row.replace("/none/", "/{token}/")
                .replace("/links/T1/U1", "/links/{team}/{user}")
                .replace(&format!("ses_{:032}", 0), "{session}")
                .replace(&format!("idn_{:032}", 0), "{identity}")
        })
        .collect();
    assert_eq!(rows, described);
}

async fn attempt(org: &mut Org<'_>, who: &Who, operation: &str, body: &str) -> (u16, String) {
    let (method, path) = operation.split_once(' ').unwrap();
    let method: Method = method.to_uppercase().parse().unwrap();
    let path = org.fill(path).await;
    if operation.ends_with("/stream") {
        return (follow(org, who, &path).await, String::new());
    }
    let body = org.fill(body).await;
    let body = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
    let answer = org.world.send(who, method, &path, body).await;
    (answer.status.as_u16(), answer.text)
}

/// A stream does not end, so only how it begins is looked at.
async fn follow(org: &Org<'_>, who: &Who, path: &str) -> u16 {
    let mut request = Request::get(path);
    if let Some(cookie) = &who.cookie {
        request = request.header(header::COOKIE, cookie);
    }
    if let Some(key) = &who.key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    org.world
        .open(request.body(Body::empty()).unwrap())
        .await
        .status()
        .as_u16()
}

#[tokio::test]
async fn nobody_a_stranger_and_a_lesser_role_are_each_refused_in_their_way() {
    let (world, stub) = (World::new().await, Stub::start(&["search"]).await);
    let owner = world.stranger().await;
    let mut org = Org::found(&world, &stub, &owner, "acme".to_owned()).await;
    let stranger = world.owner("other").await;
    let made = world
        .post(
            &stranger,
            "/v1/orgs/other/api-keys",
            json!({ "name": "spy", "role": "admin" }),
        )
        .await;
    let spy = Who {
        key: Some(made.expect(201)["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    let homeless = world.stranger().await;
    let impostor = Who {
        key: Some("pck_none".to_owned()),
        ..Who::default()
    };
    let mut lesser = BTreeMap::new();
    for role in ROLES {
        lesser.insert(role, org.someone(role).await);
    }
    // Everything is made before anybody is refused, so that what the refusals leave behind can be seen.
    for (operation, _, body) in ROWS {
        org.fill(operation).await;
        org.fill(body).await;
    }
    let events = format!("/v1/orgs/{}/events?limit=200", org.slug);
    let before = world.get(&owner, &events).await.expect(200);
    for (operation, row, body) in ROWS {
        for (who, status) in [
            (&Who::default(), 401),
            (&impostor, 401),
            (&stranger, 404),
            (&spy, 404),
            (&homeless, 404),
        ] {
            let (got, text) = attempt(&mut org, who, operation, body).await;
            assert_eq!(got, status, "{operation} by {who:?}: {text}");
        }
        for (role, _) in marks(row).into_iter().filter(|(_, may)| !may) {
            let (got, text) = attempt(&mut org, &lesser[role], operation, body).await;
            assert_eq!(got, 403, "{operation} by {role}: {text}");
        }
    }
    assert_eq!(
        world.get(&owner, &events).await.expect(200),
        before,
        "what was refused left nothing behind"
    );
}

#[tokio::test]
async fn whoever_may_gets_what_they_ask_for() {
    let (world, stub) = (World::new().await, Stub::start(&["search"]).await);
    let owner = world.stranger().await;
    let mut number = 0;
    for (operation, row, body) in ROWS {
        for (role, _) in marks(row).into_iter().filter(|(_, may)| *may) {
            // An organisation of its own for each, since some of them end what the others need.
            number += 1;
            let mut org = Org::found(&world, &stub, &owner, format!("org-{number}")).await;
            let who = org.someone(role).await;
            let (got, text) = attempt(&mut org, &who, operation, body).await;
            assert!(
                (200..300).contains(&got),
                "{operation} by {role}: {got} {text}"
            );
        }
    }
}

#[tokio::test]
async fn what_belongs_to_a_person_is_for_a_person_who_is_signed_in() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let made = world
        .post(
            &ann,
            "/v1/orgs/acme/api-keys",
            json!({ "name": "robot", "role": "admin" }),
        )
        .await
        .expect(201);
    let robot = Who {
        key: Some(made["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    for (operation, body, status) in ACCOUNT {
        let (method, path) = operation.split_once(' ').unwrap();
        let method: Method = method.to_uppercase().parse().unwrap();
        let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(body).unwrap());
        world
            .send(&Who::default(), method.clone(), path, body.clone())
            .await
            .expect(401);
        // A key may ask which organisation it is of, and nothing else of a person's.
        let by_key = world.send(&robot, method.clone(), path, body.clone()).await;
        let expected = if operation == "get /v1/orgs" {
            200
        } else {
            401
        };
        assert_eq!(by_key.status.as_u16(), expected, "{operation}");
        let person = world.stranger().await;
        let answer = world
            .send(&person, method.clone(), path, body.clone())
            .await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{operation}: {}",
            answer.text
        );
        if method != Method::GET {
            world
                .send(
                    &Who {
                        csrf: None,
                        ..world.stranger().await
                    },
                    method,
                    path,
                    body,
                )
                .await
                .expect(403);
        }
    }
}
