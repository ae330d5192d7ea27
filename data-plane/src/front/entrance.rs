//! Who may knock: the `Host` and `Origin` of a request, and the CORS answers for origins that the configuration names.
//! PURE.

use crate::refusal::Refusal;
use http::header::{HOST, HeaderMap, HeaderValue, ORIGIN, VARY};
use http::request::Parts;
use http::{Method, Response, Uri, header};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the configuration says about names.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// Our own origin, without a slash at the end.
    public_url: String,
    hosts: Vec<String>,
    origins: Vec<String>,
    is_loopback: bool,
}

impl Entrance {
    /// `hosts` are names with or without a port; without one any port fits.
    pub fn new(listen: IpAddr, public_url: &str, hosts: &[String], origins: &[String]) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        let own = public_url.parse::<Uri>().ok();
        let own_host = own
            .as_ref()
            .and_then(|uri| uri.authority().map(|own| own.as_str().to_ascii_lowercase()));
        let lower = |texts: &[String]| {
            texts
                .iter()
                .map(|text| text.trim_end_matches('/').to_ascii_lowercase())
                .collect::<Vec<_>>()
        };
        let mut hosts = lower(hosts);
        hosts.extend(own_host);
        let mut origins = lower(origins);
        origins.push(public_url.to_ascii_lowercase());
        Self {
            public_url,
            hosts,
            origins,
            is_loopback: listen.is_loopback(),
        }
    }

    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    pub fn check(&self, head: &Parts) -> Result<(), Refusal> {
        let host = host(head).ok_or(Refusal::ForeignHost)?;
        if !self.takes_host(host) {
            return Err(Refusal::ForeignHost);
        }
        match origin(&head.headers) {
            Sent::None => Ok(()),
            Sent::One(origin) if self.takes_origin(origin) => Ok(()),
            Sent::One(_) | Sent::Unreadable => Err(Refusal::ForeignOrigin),
        }
    }

    fn takes_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let name = without_port(&host);
        (self.is_loopback && is_loopback_name(name))
            || self
                .hosts
                .iter()
                .any(|known| *known == host || (without_port(known) == known && known == name))
    }

    fn takes_origin(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let from_here = origin.split_once("://").is_some_and(|(scheme, host)| {
            matches!(scheme, "http" | "https") && is_loopback_name(without_port(host))
        });
        (self.is_loopback && from_here) || self.origins.contains(&origin)
    }

    /// Lets a browser at an allowed origin read the answer. Ours alone: an upstream's CORS headers never pass.
    pub fn share(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        let Sent::One(origin) = origin(asked) else {
            return;
        };
        answer.append(VARY, HeaderValue::from_static("Origin"));
        if !self.takes_origin(origin) {
            return;
        }
        if let Ok(value) = HeaderValue::from_str(origin) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
            answer.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("Mcp-Session-Id, WWW-Authenticate, Retry-After"),
            );
        }
    }

    /// The answer to a browser's question before its request; the origin has been checked.
    pub fn preflight(head: &Parts) -> Option<Response<super::Body>> {
        let asks = head.method == Method::OPTIONS
            && head.headers.contains_key(ORIGIN)
            && head
                .headers
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let mut response = Response::new(super::full(""));
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("POST, GET, DELETE"),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            head.headers
                .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
                .cloned()
                .unwrap_or_else(|| HeaderValue::from_static("Authorization, Content-Type")),
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("600"),
        );
        Some(response)
    }
}

enum Sent<'a> {
    None,
    One(&'a str),
    /// Twice, or no text.
    Unreadable,
}

fn origin(headers: &HeaderMap) -> Sent<'_> {
    let mut all = headers.get_all(ORIGIN).iter();
    match (all.next(), all.next()) {
        (None, _) => Sent::None,
        (Some(one), None) => one.to_str().map_or(Sent::Unreadable, Sent::One),
        (Some(_), Some(_)) => Sent::Unreadable,
    }
}

/// HTTP/2 says it in the target, HTTP/1.1 in a header; where both are, they agree.
fn host(head: &Parts) -> Option<&str> {
    let mut all = head.headers.get_all(HOST).iter();
    let (first, second) = (all.next(), all.next());
    let header = match (first, second) {
        (Some(one), None) => Some(one.to_str().ok()?),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    let target = head.uri.authority().map(http::uri::Authority::as_str);
    match (target, header) {
        (Some(target), Some(header)) if !target.eq_ignore_ascii_case(header) => None,
        (Some(host), _) | (None, Some(host)) => Some(host),
        (None, None) => None,
    }
}

/// `a:1` → `a`, `[::1]:1` → `[::1]`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit())
                && !name.ends_with(':')
                && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

fn is_loopback_name(name: &str) -> bool {
    let bracketed = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    name == "localhost"
        || match bracketed {
            Some(inner) => inner
                .parse::<Ipv6Addr>()
                .is_ok_and(|address| address.is_loopback()),
            None => name
                .parse::<Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback()),
        }
}
