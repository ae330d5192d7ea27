use super::*;
use http::Request;

fn head(headers: &[(&str, &str)]) -> Parts {
    let mut builder = Request::builder().uri("/a/b/mcp");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

#[test]
fn a_body_calls_itself_json_in_utf_8_once() {
    for (said, fits) in [
        ("application/json", true),
        ("Application/JSON", true),
        ("application/json;charset=UTF-8", true),
        ("application/json; charset=\"utf-8\" ; v=1", true),
        ("application/json; charset=utf8", true),
        ("application/json; charset=utf-7", false),
        ("application/json; charset=utf-16le", false),
        ("application/json; charset=utf-8; CHARSET=utf-7", false),
        ("application/json; charset", false),
        ("application/json; x=\";charset=utf-7;\"", false),
        ("application/jsonp", false),
        ("text/plain", false),
        ("", false),
    ] {
        assert_eq!(is_json(&head(&[("content-type", said)])), fits, "{said}");
    }
    let json = ("content-type", "application/json");
    assert!(!is_json(&head(&[])));
    assert!(!is_json(&head(&[json, json])));
}

#[test]
fn a_body_is_whole_or_in_chunks() {
    for (said, fits) in [
        (&[][..], true),
        (&["chunked"], true),
        (&["Chunked"], true),
        (&["gzip, chunked"], false),
        (&["identity"], false),
        (&["identity", "chunked"], false),
        (&["chunked", "chunked"], false),
        (&["chunked, chunked"], false),
        (&[""], false),
    ] {
        let headers: Vec<_> = said
            .iter()
            .map(|value| ("transfer-encoding", *value))
            .collect();
        assert_eq!(check(&head(&headers)).is_ok(), fits, "{said:?}");
    }
}

#[test]
fn a_header_that_is_judged_by_is_no_header_of_the_connection() {
    for (said, fits) in [
        ("close", true),
        ("keep-alive, x-vendor, user-agent", true),
        ("close, Mcp-Name", false),
        ("mcp-method", false),
        ("MCP-Protocol-Version", false),
        ("keep-alive,\tmcp-session-id ", false),
        ("mcp-param-region", false),
        ("Content-Type", false),
    ] {
        assert_eq!(
            check(&head(&[("connection", said)])).is_ok(),
            fits,
            "{said}"
        );
    }
}
