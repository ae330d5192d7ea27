use super::*;

fn means(said: &str) -> Option<String> {
    let server: Uri = "https://mcp.example:8443/a/sse?x=1".parse().unwrap();
    endpoint(&server, said.as_bytes()).map(|uri| uri.to_string())
}

#[test]
fn an_endpoint_is_seen_from_the_servers_own_address() {
    for (said, meant) in [
        (
            "/message?sessionId=7",
            "https://mcp.example:8443/message?sessionId=7",
        ),
        ("message?s=7#x", "https://mcp.example:8443/a/message?s=7"),
        ("?s=7", "https://mcp.example:8443/a/sse?s=7"),
        ("https://MCP.example:8443/m", "https://mcp.example:8443/m"),
        ("//mcp.example:8443/m", "https://mcp.example:8443/m"),
    ] {
        assert_eq!(means(said).as_deref(), Some(meant), "{said}");
    }
}

#[test]
fn an_endpoint_at_another_origin_is_none() {
    let long = format!("/{}", "x".repeat(LONGEST));
    for said in [
        "http://mcp.example:8443/m",
        "https://mcp.example/m",
        "https://evil.example:8443/m",
        "//evil.example/m",
        "\\\\evil.example/m",
        "https://mcp.example:8443@evil.example/m",
        "https://user:secret@mcp.example:8443/m",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "javascript:1",
        &long,
    ] {
        assert_eq!(means(said), None, "{said}");
    }
}
