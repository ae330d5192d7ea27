use super::*;

#[test]
fn a_stored_header_cannot_shape_the_connection_or_the_message() {
    for name in ["authorization", "x-api-key", "cookie", "x-tenant"] {
        assert!(may_be_stored(name), "{name}");
    }
    for name in [
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "mcp-name",
        "mcp-param-a",
        "mcp-session-id",
        "proxy-connection",
        "te",
    ] {
        assert!(!may_be_stored(name), "{name}");
    }
}
