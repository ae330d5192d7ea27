//! Pages and forms, as a browser without scripts asks for them.

#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::world::{Who, World};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;

/// A page as a browser gets it.
pub struct Page {
    pub status: StatusCode,
    pub location: String,
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

    /// The value of the hidden field of this name that comes first.
    #[track_caller]
    pub fn hidden(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let (_, rest) = self
            .html
            .split_once(&begin)
            .unwrap_or_else(|| panic!("no field `{name}`"));
        rest.split('"').next().unwrap().to_owned()
    }
}

pub async fn get(world: &World, who: &Who, path: &str) -> Page {
    send(world, who, Request::get(path), Body::empty()).await
}

/// A form as a browser posts it from one of our own pages.
pub async fn post(world: &World, who: &Who, path: &str, fields: &[(&str, &str)]) -> Page {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    if let Some(csrf) = &who.csrf {
        form.append_pair("csrf", csrf);
    }
    let request = Request::post(path)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(world, who, request, Body::from(form.finish())).await
}

async fn send(
    world: &World,
    who: &Who,
    mut request: axum::http::request::Builder,
    body: Body,
) -> Page {
    if let Some(cookie) = &who.cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let response = world.open(request.body(body).unwrap()).await;
    let location = response.headers().get(header::LOCATION);
    let location = location
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Page {
        status,
        location,
        html: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}
