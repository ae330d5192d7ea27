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
                .replace(&format!("ses_{:032}", 0), "{session}")
        })
        .collect();
    assert_eq!(rows, described);
}

/// An organisation with everything in it that the rows name.
struct Org<'a> {
    world: &'a World,
    stub: &'a Stub,
    owner: &'a Who,
    slug: String,
    made: BTreeMap<&'static str, String>,
}

impl<'a> Org<'a> {
    async fn found(world: &'a World, stub: &'a Stub, owner: &'a Who, slug: String) -> Self {
        world
            .post(owner, "/v1/orgs", json!({ "slug": slug, "name": slug }))
            .await
            .expect(201);
        Self {
            world,
            stub,
            owner,
            made: BTreeMap::from([("{org}", slug.clone())]),
            slug,
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self
            .world
            .post(self.owner, &format!("/v1/orgs/{}/{path}", self.slug), body)
            .await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        answer.json()
    }

    /// The text with its braces filled, and what they name made where it was not yet.
    async fn fill(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for word in [
            "{member}",
            "{invitation}",
            "{key}",
            "{server}",
            "{tool}",
            "{policy}",
            "{grant}",
            "{call}",
            "{number}",
            "{other}",
            "{org}",
        ] {
            if text.contains(word) {
                if !self.made.contains_key(word) {
                    let made = self.make(word).await;
                    self.made.insert(word, made);
                }
                text = text.replace(word, &self.made[word]);
            }
        }
        text
    }

    async fn make(&mut self, word: &str) -> String {
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        match word {
            "{member}" => self.member().await,
            "{invitation}" => id(&self
                .post(
                    "invitations",
                    json!({ "email": "late@example.com", "role": "viewer" }),
                )
                .await),
            "{key}" => id(&self
                .post("api-keys", json!({ "name": "idle", "role": "viewer" }))
                .await),
            "{server}" => {
                let server = json!({ "slug": "desk", "name": "Desk", "url": self.stub.url, "auth": { "type": "none" } });
                self.post("servers", server).await;
                "desk".to_owned()
            }
            "{tool}" => {
                self.post("servers/desk/discover", json!({})).await;
                "search".to_owned()
            }
            "{policy}" => {
                self.post("policies", json!({ "slug": "rules", "name": "Rules" }))
                    .await;
                self.post("policies/rules/publish", json!({ "note": "one" }))
                    .await;
                let document =
                    json!({ "version": "1", "default": "deny", "tools": { "search": {} } });
                let path = format!("/v1/orgs/{}/policies/rules/draft", self.slug);
                self.world
                    .put(self.owner, &path, json!({ "document": document }))
                    .await
                    .expect(200);
                self.post("policies/rules/publish", json!({ "note": "two" }))
                    .await;
                "rules".to_owned()
            }
            "{grant}" => {
                let servers =
                    Box::pin(self.fill(r#"[{"server": "{server}", "policy": "{policy}"}]"#)).await;
                let servers: Value = serde_json::from_str(&servers).unwrap();
                id(&self
                    .post("grants", json!({ "name": "agent", "servers": servers }))
                    .await)
            }
            "{call}" => self.call().await,
            "{number}" => "1".to_owned(),
            "{other}" => "2".to_owned(),
            _ => panic!("{word} is not made here"),
        }
    }

    /// As an accepted invitation leaves one.
    async fn member(&self) -> String {
        let mut owner = self
            .world
            .database
            .connect(&self.world.database.owner)
            .await;
        let id = self.world.app.now().id(ids::MemberId::new);
        sqlx::query(
            "with made as (
                insert into users (id, email, name, created_at)
                values ($1, $2 || '-member@example.com', 'Member', now()) returning id
            )
            insert into members (id, org_id, user_id, role, created_at)
            select $1, orgs.id, made.id, 'viewer', now() from orgs, made where slug = $2",
        )
        .bind(id.uuid())
        .bind(&self.slug)
        .execute(&mut owner)
        .await
        .unwrap();
        id.to_string()
    }

    /// As a replica's record leaves it.
    async fn call(&self) -> String {
        let mut owner = self
            .world
            .database
            .connect(&self.world.database.owner)
            .await;
        let id = self.world.app.now().id(ids::CallId::new);
        sqlx::query("select make_call_day('2026-11-22')")
            .execute(&mut owner)
            .await
            .unwrap();
        sqlx::query(
            "insert into calls (org_id, at, id, judged_at, replica, grant_id, server_id, method, verdict, bundle_version,
                limiter, argument_keys, shadow, added_us)
            select id, to_timestamp($2 / 1000.0), $3, to_timestamp($2 / 1000.0), 'r', id, id, 'tools/call', 'allow', 1,
                'none', '{}', '[]', 1
            from orgs where slug = $1",
        )
        .bind(&self.slug)
        .bind(i64::try_from(id.unix_ms()).unwrap())
        .bind(id.uuid())
        .execute(&mut owner)
        .await
        .unwrap();
        id.to_string()
    }

    async fn someone(&self, role: &str) -> Who {
        if role == "owner" {
            return self.owner.clone();
        }
        let made = self
            .post("api-keys", json!({ "name": role, "role": role }))
            .await;
        Who {
            key: Some(made["secret"].as_str().unwrap().to_owned()),
            ..Who::default()
        }
    }

    async fn attempt(&mut self, who: &Who, operation: &str, body: &str) -> (u16, String) {
        let (method, path) = operation.split_once(' ').unwrap();
        let method: Method = method.to_uppercase().parse().unwrap();
        let path = self.fill(path).await;
        if operation.ends_with("/stream") {
            return (self.follow(who, &path).await, String::new());
        }
        let body = self.fill(body).await;
        let body = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
        let answer = self.world.send(who, method, &path, body).await;
        (answer.status.as_u16(), answer.text)
    }

    /// A stream does not end, so only how it begins is looked at.
    async fn follow(&self, who: &Who, path: &str) -> u16 {
        let mut request = Request::get(path);
        if let Some(cookie) = &who.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(key) = &who.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        self.world
            .open(request.body(Body::empty()).unwrap())
            .await
            .status()
            .as_u16()
    }
}

fn marks(row: &str) -> Vec<(&'static str, bool)> {
    let marks: Vec<&str> = row.split(' ').collect();
    assert_eq!(marks.len(), ROLES.len());
    ROLES
        .into_iter()
        .zip(marks.into_iter().map(|mark| mark == "x"))
        .collect()
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
            let (got, text) = org.attempt(who, operation, body).await;
            assert_eq!(got, status, "{operation} by {who:?}: {text}");
        }
        for (role, _) in marks(row).into_iter().filter(|(_, may)| !may) {
            let (got, text) = org.attempt(&lesser[role], operation, body).await;
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
            let (got, text) = org.attempt(&who, operation, body).await;
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
