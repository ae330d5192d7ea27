use super::*;
use serde_json::json;

fn read(auth: Value) -> Result<Headers, Vec<crate::problem::Fault>> {
    let mut faults = Faults::default();
    let headers = NewAuth(auth).read(&mut faults);
    faults.into_result().map(|()| headers)
}

#[test]
fn headers_are_kept_under_their_lower_case_names() {
    let headers = read(
        json!({ "type": "headers", "headers": { "Authorization": "Bearer abc", "Cookie": "a=b" } }),
    )
    .unwrap();
    let names: Vec<&str> = headers.keys().map(String::as_str).collect();
    assert_eq!(names, ["authorization", "cookie"]);
    assert_eq!(headers["authorization"].expose(), "Bearer abc");
    assert!(read(json!({ "type": "none" })).unwrap().is_empty());
    assert!(read(Value::Null).unwrap().is_empty());
}

#[test]
fn every_fault_is_told_at_its_place_and_no_value_with_it() {
    for (auth, pointer) in [
        (json!("secret-text"), "/auth"),
        (json!({}), "/auth/type"),
        (json!({ "type": "oauth", "client": "x" }), "/auth/type"),
        (
            json!({ "type": "none", "headers": { "a": "secret-text" } }),
            "/auth/headers",
        ),
        (json!({ "type": "headers" }), "/auth/headers"),
        (json!({ "type": "headers", "headers": {} }), "/auth/headers"),
        (
            json!({ "type": "headers", "headers": { "Host": "secret-text" } }),
            "/auth/headers/Host",
        ),
        (
            json!({ "type": "headers", "headers": { "Mcp-Session-Id": "secret-text" } }),
            "/auth/headers/Mcp-Session-Id",
        ),
        (
            json!({ "type": "headers", "headers": { "Transfer-Encoding": "chunked" } }),
            "/auth/headers/Transfer-Encoding",
        ),
        (
            json!({ "type": "headers", "headers": { "a b": "secret-text" } }),
            "/auth/headers/a b",
        ),
        (
            json!({ "type": "headers", "headers": { "X/Y": 5 } }),
            "/auth/headers/X~1Y",
        ),
        (
            json!({ "type": "headers", "headers": { "X-Y": "secret-text\r\nHost: b" } }),
            "/auth/headers/X-Y",
        ),
        (
            json!({ "type": "headers", "headers": { "X-Y": "" } }),
            "/auth/headers/X-Y",
        ),
        (
            json!({ "type": "headers", "headers": { "X-Y": "é" } }),
            "/auth/headers/X-Y",
        ),
        (
            json!({ "type": "headers", "headers": { "X-Y": "a", "x-y": "b" } }),
            "/auth/headers/x-y",
        ),
    ] {
        let faults = read(auth.clone()).unwrap_err();
        assert_eq!(faults[0].pointer, pointer, "{auth}");
        assert!(!faults[0].detail.contains("secret-text"), "{faults:?}");
    }
}

#[test]
fn what_was_given_is_never_printed() {
    let auth = NewAuth(json!({ "type": "headers", "headers": { "X": "canary" } }));
    assert_eq!(format!("{auth:?}"), "[secret]");
}
