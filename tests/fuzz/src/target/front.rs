//! The front: paths, the names a request comes by, and the headers that go on.

use crate::parts::{parts, text};
use data_plane::front::{Entrance, Route};
use data_plane::upstream::headers::{toward_client, toward_upstream};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use std::net::{IpAddr, Ipv4Addr};

pub fn run(data: &[u8]) {
    let [path, host, origin, lines] = parts(data);
    if let Some(route) = text(path).and_then(Route::of) {
        let server = route
            .server
            .as_deref()
            .map_or_else(String::new, |server| format!("/{server}"));
        assert_eq!(
            text(path),
            Some(format!("/{}{server}/mcp", route.org).as_str())
        );
    }
    known_names(host, origin);
    headers(lines);
}

fn known_names(host: &[u8], origin: &[u8]) {
    let (Ok(host), Ok(origin)) = (
        HeaderValue::from_bytes(host),
        HeaderValue::from_bytes(origin),
    ) else {
        return;
    };
    let mut request = Request::builder().uri("/a/b/mcp").header("host", &host);
    if !origin.is_empty() {
        request = request.header("origin", &origin);
    }
    let (head, ()) = request.body(()).expect("a request").into_parts();
    let lower = |value: &HeaderValue| {
        value
            .to_str()
            .map(str::to_ascii_lowercase)
            .unwrap_or_default()
    };
    let public = Entrance::new(
        Ipv4Addr::UNSPECIFIED.into(),
        "https://gate.example/",
        &["other.example:8443".to_owned()],
        &[],
    );
    if public.check(&head).is_ok() {
        assert!(
            lower(&host).strip_prefix("gate.example").is_some_and(
                |rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_digits)
            ) || lower(&host) == "other.example:8443"
        );
        assert!(origin.is_empty() || lower(&origin) == "https://gate.example");
    }
    let local = Entrance::new(Ipv4Addr::LOCALHOST.into(), "http://127.0.0.1:1", &[], &[]);
    if local.check(&head).is_ok() {
        assert!(is_here(&lower(&host)), "{host:?}");
        let origin = lower(&origin);
        assert!(
            origin.is_empty()
                || origin
                    .strip_prefix("http://")
                    .or(origin.strip_prefix("https://"))
                    .is_some_and(is_here),
            "{origin:?}"
        );
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name or address of this machine, as a browser would read it, with or without a port.
fn is_here(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<http::uri::Authority>() else {
        return false;
    };
    let host = authority.host();
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host == "localhost"
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// `NAME:VALUE` lines: of a client's headers only the listed ones go on, of an upstream's only the listed ones come back.
fn headers(lines: &[u8]) {
    let mut all = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(32) {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(halves.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(halves.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            all.append(name, value);
        }
    }
    let named: Vec<String> = all
        .get_all("connection")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| {
            value
                .split(',')
                .map(|name| name.trim().to_ascii_lowercase())
                .collect::<Vec<_>>()
        })
        .collect();
    for is_modern in [false, true] {
        for (name, value) in &toward_upstream(&all, is_modern) {
            let name = name.as_str();
            let is_mirrored =
                name == "mcp-method" || name == "mcp-name" || name.starts_with("mcp-param-");
            let is_listed = matches!(
                name,
                "accept"
                    | "content-type"
                    | "mcp-protocol-version"
                    | "last-event-id"
                    | "traceparent"
                    | "tracestate"
                    | "user-agent"
            );
            let is_ours = name == "accept-encoding" && value == "identity";
            assert!(
                is_ours
                    || ((is_listed || (is_modern && is_mirrored))
                        && !named.iter().any(|hop| hop == name)),
                "{name}"
            );
        }
    }
    for name in toward_client(&all).keys() {
        assert!(
            matches!(
                name.as_str(),
                "cache-control" | "retry-after" | "x-accel-buffering"
            ),
            "{name}"
        );
    }
}
