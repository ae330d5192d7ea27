//! Acme with a desk of tools, and pages of it as a browser gets them.

use crate::fake::Fake;
use crate::world::{Who, World};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub struct Page {
    pub status: StatusCode,
    pub location: String,
    pub cookies: Vec<String>,
    pub html: String,
}

impl Page {
    #[track_caller]
    pub fn has(&self, text: &str) -> &Self {
        assert!(self.html.contains(text), "no `{text}` in {}", self.html);
        self
    }

    #[track_caller]
    pub fn has_not(&self, text: &str) -> &Self {
        assert!(!self.html.contains(text), "`{text}` in {}", self.html);
        self
    }

    pub fn etag(&self) -> String {
        self.html.split(r#"name="etag" value=""#).nth(1).unwrap()[..36].to_owned()
    }
}

pub struct Acme {
    pub world: World,
    pub ada: Who,
    pub fake: Fake,
}

pub fn desk() -> Value {
    json!([
        { "name": "list_customers", "description": "Lists them", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } },
        { "name": "create_refund", "description": "Pays back", "annotations": { "readOnlyHint": false, "destructiveHint": false },
          "inputSchema": { "type": "object", "required": ["amount"], "properties": { "amount": { "type": "number", "minimum": 5 }, "reason": { "type": "string" } } } },
        { "name": "delete_customer", "inputSchema": { "type": "object" }, "annotations": { "destructiveHint": true } },
        { "name": "internal_reset", "inputSchema": { "type": "object" } },
    ])
}

impl Acme {
    /// With a server `desk`, and a policy `calls` whose draft is this document.
    pub async fn with(document: &Value) -> Self {
        let world = World::new().await;
        let ada = world.owner("acme").await;
        let fake = Fake::legacy(Arc::new(Mutex::new(desk()))).await;
        let server = json!({ "slug": "desk", "name": "Desk", "url": fake.url });
        world
            .post(&ada, "/v1/orgs/acme/servers", server)
            .await
            .expect(201);
        world
            .post(&ada, "/v1/orgs/acme/servers/desk/discover", json!({}))
            .await
            .expect(200);
        let policy = json!({ "slug": "calls", "name": "Calls", "document": document });
        world
            .post(&ada, "/v1/orgs/acme/policies", policy)
            .await
            .expect(201);
        Self { world, ada, fake }
    }

    pub async fn draft(&self) -> Value {
        let policy = self
            .world
            .get(&self.ada, "/v1/orgs/acme/policies/calls")
            .await
            .expect(200);
        policy["draft"]["document"].clone()
    }

    /// Below the policy's own page.
    pub async fn get(&self, path: &str) -> Page {
        let request = Request::builder()
            .uri(format!("/acme/policies/calls{path}"))
            .header(header::COOKIE, self.ada.cookie.as_deref().unwrap());
        self.page(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        form.append_pair("csrf", self.ada.csrf.as_deref().unwrap());
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/acme/policies/calls{path}"))
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, self.ada.cookie.as_deref().unwrap());
        self.page(request.body(Body::from(form.finish())).unwrap())
            .await
    }

    pub async fn page(&self, request: Request<Body>) -> Page {
        let response = self.world.open(request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = |name: header::HeaderName| -> Vec<String> {
            let values = headers.get_all(name).iter();
            values
                .map(|value| value.to_str().unwrap().to_owned())
                .collect()
        };
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Page {
            status,
            location: text(header::LOCATION).pop().unwrap_or_default(),
            cookies: text(header::SET_COOKIE),
            html: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}
