//! Which headers pass, in both directions: lists of what may, never of what may not. PURE.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, RETRY_AFTER, USER_AGENT,
};

pub const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
pub const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub const METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// Goes on where a stream is asked for again, once it is known whose event it names.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
pub const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
pub const PARAM_PREFIX: &str = "mcp-param-";

static FORWARDED: [HeaderName; 5] = [
    ACCEPT,
    PROTOCOL_VERSION,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    USER_AGENT,
];

static RETURNED: [HeaderName; 3] = [CACHE_CONTROL, RETRY_AFTER, ACCEL_BUFFERING];

/// Longer ones are no names of events.
const LONGEST_VALUE: usize = 8 * 1024;

/// The client's headers as far as they go on. The mirrored ones are trusted, and so sent, only in the modern era. An
/// answer is read here, so it is asked for as it is.
pub fn toward_upstream(client: &HeaderMap, is_modern: bool) -> HeaderMap {
    let named: Vec<String> = client
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut out = HeaderMap::new();
    for (name, value) in client {
        let passes = FORWARDED.contains(name) || (is_modern && is_mirrored(name));
        if passes && value.len() <= LONGEST_VALUE && !named.iter().any(|hop| hop == name.as_str()) {
            if *name == ACCEPT {
                out.append(name, value.clone());
            } else {
                // One copy: what stands twice is read here as its first.
                out.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    out.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    // As it was read, whatever else the client's own header could be taken for.
    out.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    out
}

fn is_mirrored(name: &HeaderName) -> bool {
    *name == METHOD || *name == NAME || name.as_str().starts_with(PARAM_PREFIX)
}

/// The upstream's headers as far as they come back, besides those the answer is made with.
pub fn toward_client(upstream: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::new();
    for name in &RETURNED {
        if let Some(value) = upstream
            .get(name)
            .filter(|value| value.len() <= LONGEST_VALUE)
        {
            out.insert(name, value.clone());
        }
    }
    out
}

#[cfg(test)]
mod tests;
