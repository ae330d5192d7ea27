//! The dashboard as a browser sees it: pages, and forms that are posted from them.

use super::{Who, World};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;

/// A page as a browser gets it.
pub struct Page {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub html: String,
}

impl Page {
    pub fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        location.map_or("", |value| value.to_str().unwrap())
    }

    /// The cookie that is set and begins so.
    #[track_caller]
    pub fn cookie(&self, begin: &str) -> &str {
        let set = self.headers.get_all(header::SET_COOKIE).iter();
        let mut set = set.map(|cookie| cookie.to_str().unwrap());
        set.find(|cookie| cookie.starts_with(begin))
            .unwrap_or_else(|| panic!("no cookie `{begin}` in {:?}", self.headers))
    }

    #[track_caller]
    pub fn has(&self, text: &str) -> &Self {
        assert!(self.html.contains(text), "no `{text}` in {}", self.html);
        self
    }

    /// The value of the hidden field of this name that comes first.
    #[track_caller]
    pub fn hidden(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let field = self.html.split_once(&begin);
        let (_, rest) = field.unwrap_or_else(|| panic!("no field `{name}`"));
        rest.split('"').next().unwrap().to_owned()
    }

    #[track_caller]
    pub fn has_not(&self, text: &str) -> &Self {
        assert!(!self.html.contains(text), "`{text}` in {}", self.html);
        self
    }
}

async fn page(world: &World, request: Request<Body>) -> Page {
    let response = world.open(request).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Page {
        status,
        headers,
        html: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

pub async fn get(world: &World, who: &Who, path: &str) -> Page {
    let mut request = Request::builder().uri(path);
    if let Some(cookie) = &who.cookie {
        request = request.header(header::COOKIE, cookie);
    }
    page(world, request.body(Body::empty()).unwrap()).await
}

/// A form as a browser posts it from one of our own pages.
pub async fn post(world: &World, who: &Who, path: &str, fields: &[(&str, &str)]) -> Page {
    post_from(world, who, path, fields, "same-origin").await
}

/// The same, with what else a browser says of it.
pub async fn post_with(
    world: &World,
    who: &Who,
    path: &str,
    fields: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Page {
    let mut all = vec![("sec-fetch-site", "same-origin")];
    all.extend(headers);
    send(world, who, path, fields, &all).await
}

pub async fn post_from(
    world: &World,
    who: &Who,
    path: &str,
    fields: &[(&str, &str)],
    site: &str,
) -> Page {
    send(world, who, path, fields, &[("sec-fetch-site", site)]).await
}

async fn send(
    world: &World,
    who: &Who,
    path: &str,
    fields: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Page {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    if let Some(csrf) = &who.csrf {
        form.append_pair("csrf", csrf);
    }
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(cookie) = &who.cookie {
        request = request.header(header::COOKIE, cookie);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    page(world, request.body(Body::from(form.finish())).unwrap()).await
}
