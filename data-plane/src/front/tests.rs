use super::*;
use http::Request;

fn head(host: &str, origin: Option<&str>) -> Parts {
    let mut builder = Request::builder()
        .uri("/acme/files/mcp")
        .header("host", host);
    if let Some(origin) = origin {
        builder = builder.header("origin", origin);
    }
    builder.body(()).unwrap().into_parts().0
}

fn takes(entrance: &Entrance, host: &str, origin: Option<&str>) -> bool {
    entrance.check(&head(host, origin)).is_ok()
}

fn on(listen: &str) -> Entrance {
    Entrance::new(
        listen.parse().unwrap(),
        "https://mcp.example.com/",
        &[
            "other.example.com".to_owned(),
            "exact.example.com:8443".to_owned(),
        ],
        &["https://app.example.com".to_owned()],
    )
}

#[test]
fn a_public_listener_takes_its_own_and_configured_names_only() {
    let entrance = on("0.0.0.0");
    assert!(takes(&entrance, "mcp.example.com", None));
    assert!(takes(
        &entrance,
        "MCP.example.com",
        Some("https://mcp.example.com")
    ));
    assert!(takes(
        &entrance,
        "other.example.com:1",
        Some("https://app.example.com")
    ));
    assert!(takes(&entrance, "exact.example.com:8443", None));
    assert!(!takes(&entrance, "exact.example.com:8444", None));
    assert!(!takes(&entrance, "127.0.0.1:8081", None));
    assert!(!takes(&entrance, "evil.example", None));
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost:1",
        "http://mcp.example.com",
        "https://app.example.com.evil.example",
    ] {
        assert!(
            !takes(&entrance, "mcp.example.com", Some(origin)),
            "{origin}"
        );
    }
}

#[test]
fn a_loopback_listener_takes_loopback_names_at_any_port() {
    let entrance = on("127.0.0.1");
    for host in [
        "localhost",
        "localhost:9",
        "127.0.0.1:8081",
        "[::1]:8081",
        "mcp.example.com",
    ] {
        assert!(takes(&entrance, host, None), "{host}");
        assert!(
            takes(&entrance, host, Some("http://localhost:5173")),
            "{host}"
        );
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:1",
        "::1",
        "[::1",
        "::1]",
        "[127.0.0.1]",
        "[localhost]",
        "",
    ] {
        assert!(!takes(&entrance, host, None), "{host}");
    }
    assert!(!takes(&entrance, "localhost", Some("http://evil.example")));
}

#[test]
fn a_second_host_or_origin_is_none() {
    let entrance = on("127.0.0.1");
    let mut twice = head("localhost", Some("http://localhost"));
    twice
        .headers
        .append("origin", "http://localhost".parse().unwrap());
    assert!(entrance.check(&twice).is_err());
    let mut twice = head("localhost", None);
    twice.headers.append("host", "localhost".parse().unwrap());
    assert!(entrance.check(&twice).is_err());
}

#[test]
fn only_two_shapes_of_path_lead_anywhere() {
    let one = Route {
        org: "acme".into(),
        server: Some("files".into()),
    };
    assert_eq!(Route::of("/acme/files/mcp"), Some(one));
    assert_eq!(
        Route::of("/acme/mcp"),
        Some(Route {
            org: "acme".into(),
            server: None
        })
    );
    let long = "x".repeat(81);
    let nobody = Route::of(&format!("/{long}/{long}/mcp")).unwrap();
    assert_eq!((nobody.org, nobody.server), (long.clone(), Some(long)));
    for path in [
        "/",
        "/mcp",
        "//mcp",
        "/acme",
        "/acme/files",
        "/acme/files/mcp/",
        "/acme/files/mcp/x",
        "/acme//mcp",
        "acme/mcp",
        "",
    ] {
        assert_eq!(Route::of(path), None, "{path}");
    }
}

#[test]
fn a_body_is_json_by_its_own_word() {
    for (value, is) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("text/plain", false),
        ("application/jsonx", false),
    ] {
        let head = Request::builder()
            .header("content-type", value)
            .body(())
            .unwrap()
            .into_parts()
            .0;
        assert_eq!(is_json(&head), is, "{value}");
    }
}
