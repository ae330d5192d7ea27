//! The organisation `acme`, and what is often done in it.

use crate::world::{Answer, Who, World};
use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

pub const POLICIES: &str = "/v1/orgs/acme/policies";

pub async fn acme() -> (World, Who) {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    (world, ann)
}

pub async fn created(world: &World, who: &Who, slug: &str, document: Value) -> Value {
    let body = json!({ "slug": slug, "name": format!("The {slug} policy"), "document": document });
    world.post(who, POLICIES, body).await.expect(201)
}

pub async fn published(world: &World, who: &Who, slug: &str) -> Value {
    let path = format!("{POLICIES}/{slug}/publish");
    world
        .post(who, &path, json!({ "note": "why not" }))
        .await
        .expect(201)
}

pub async fn with_role(world: &World, ann: &Who, role: &str) -> Who {
    let body = json!({ "name": role, "role": role });
    let key = world
        .post(ann, "/v1/orgs/acme/api-keys", body)
        .await
        .expect(201);
    Who {
        key: Some(key["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    }
}

/// A body exactly as it is written.
pub async fn send_text(world: &World, who: &Who, method: Method, path: &str, text: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, who.cookie.as_deref().unwrap())
        .header("x-csrf-token", who.csrf.as_deref().unwrap())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(text.to_owned()))
        .unwrap();
    let (parts, body) = world.open(request).await.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

pub fn allows(tools: &[&str]) -> Value {
    let tools: serde_json::Map<_, _> = tools
        .iter()
        .map(|tool| ((*tool).to_owned(), json!({})))
        .collect();
    json!({ "version": "1", "default": "deny", "tools": tools })
}
