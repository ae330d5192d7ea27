use super::*;

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    map
}

#[test]
fn what_the_client_sent_for_us_stays_here() {
    let client = map(&[
        ("authorization", "Bearer pcl_x"),
        ("cookie", "a=b"),
        ("x-api-key", "k"),
        ("forwarded", "for=1"),
        ("x-forwarded-for", "1"),
        ("x-forwarded-host", "h"),
        ("connection", "close, User-Agent"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("host", "gateway"),
        ("mcp-session-id", "ours"),
        ("proxy-authorization", "x"),
        ("user-agent", "agent"),
        ("origin", "http://x"),
        ("content-length", "3"),
        ("accept-encoding", "gzip"),
        ("accept", "application/json"),
        ("content-type", "application/json; charset=utf-8; x=1"),
        ("x-vendor", "y"),
    ]);
    let out = toward_upstream(&client, false);
    let mut names: Vec<&str> = out.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "content-type"]);
    assert_eq!(out["accept-encoding"], "identity");
    assert_eq!(out["content-type"], "application/json");
}

#[test]
fn mirrored_headers_go_on_only_where_they_are_checked() {
    let client = map(&[
        ("mcp-method", "tools/call"),
        ("mcp-name", "a"),
        ("mcp-param-region", "eu"),
        ("mcp-protocol-version", "2026-07-28"),
    ]);
    assert_eq!(toward_upstream(&client, true).len(), 6);
    let legacy = toward_upstream(&client, false);
    assert!(
        !legacy.contains_key(METHOD)
            && !legacy.contains_key(NAME)
            && !legacy.contains_key("mcp-param-region")
    );
    assert!(legacy.contains_key(PROTOCOL_VERSION));
}

#[test]
fn what_the_upstream_says_about_itself_stays_there() {
    let upstream = map(&[
        ("set-cookie", "a=b"),
        ("www-authenticate", "Bearer"),
        ("access-control-allow-origin", "*"),
        ("server", "x"),
        ("mcp-session-id", "theirs"),
        ("retry-after", "3"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
        ("location", "/x"),
    ]);
    let mut names: Vec<String> = toward_client(&upstream)
        .keys()
        .map(ToString::to_string)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["cache-control", "retry-after", "x-accel-buffering"]);
}
