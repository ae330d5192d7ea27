use super::*;
use crate::message::{Body, Message, parse};

fn checked(method: &str, params: &str, header_method: Copies<'_>, header_name: Copies<'_>) -> bool {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let document = parse(text.as_bytes()).unwrap();
    let Body::One(Message::Request(request)) = Body::of(&document).unwrap() else {
        panic!("not a request")
    };
    check_mirror(
        &request,
        &Mirror {
            method: header_method,
            name: header_name,
        },
    )
    .is_ok()
}

#[test]
fn a_name_in_the_header_must_be_the_name_in_the_body() {
    let call = Copies::One(b"tools/call");
    let cases: &[(&str, Copies<'_>, bool)] = &[
        (r#"{"name":"a"}"#, Copies::One(b"a"), true),
        (r#"{"name":"a"}"#, Copies::One(b"b"), false),
        (r#"{"name":"a"}"#, Copies::One(b"A"), false),
        (r#"{"name":"a"}"#, Copies::None, false),
        (r#"{"name":"a"}"#, Copies::Many, false),
        (
            r#"{"name":"ä"}"#,
            Copies::One("=?base64?w6Q=?=".as_bytes()),
            true,
        ),
        (r#"{"name":"a"}"#, Copies::One(b"=?base64?YQ==?="), true),
        (r#"{"name":"b"}"#, Copies::One(b"=?base64?YQ==?="), false),
        (r#"{"name":"a"}"#, Copies::One(b"=?Base64?YQ==?="), false),
        (r#"{"name":"a"}"#, Copies::One(b"=?base64?!!?="), false),
        (r#"{"name":"ä"}"#, Copies::One("ä".as_bytes()), false),
        ("{\"name\":\"a\\u0001\"}", Copies::One(b"a\x01"), false),
        (r#"{"name":1}"#, Copies::One(b"1"), false),
        (r#"{"name":1}"#, Copies::None, true),
    ];
    for (params, name, fits) in cases {
        assert_eq!(
            checked("tools/call", params, call, *name),
            *fits,
            "{params} {name:?}"
        );
    }
}

#[test]
fn the_method_header_stands_once_and_is_the_method() {
    let none = Copies::None;
    assert!(checked(
        "tools/list",
        "{}",
        Copies::One(b"tools/list"),
        none
    ));
    assert!(!checked(
        "tools/list",
        "{}",
        Copies::One(b"tools/call"),
        none
    ));
    assert!(!checked("tools/list", "{}", none, none));
    assert!(!checked("tools/list", "{}", Copies::Many, none));
    // Twice is wrong also where once need not be.
    assert!(!checked(
        "resources/subscribe",
        r#"{"uri":"x:y"}"#,
        Copies::One(b"resources/subscribe"),
        Copies::Many
    ));
    assert!(checked(
        "resources/read",
        r#"{"uri":"x:y"}"#,
        Copies::One(b"resources/read"),
        Copies::One(b"x:y")
    ));
    assert!(!checked(
        "resources/read",
        r#"{"uri":"x:y"}"#,
        Copies::One(b"resources/read"),
        none
    ));
}

#[test]
fn an_argument_that_the_schema_mirrors_must_be_in_its_header() {
    let schema = r#"{"properties":{"region":{"type":"string","x-mcp-header":"Region"},
        "deep":{"properties":{"count":{"type":"integer","x-mcp-header":"Count"}}},
        "items":{"items":{"x-mcp-header":"Never"}}}}"#;
    let document = crate::reply::parse(schema.as_bytes()).unwrap();
    let known = param_headers(&document.root);
    let names: Vec<&str> = known.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["region", "count"]);
    let fits = |arguments: &str, region: Copies<'static>, count: Copies<'static>| {
        let document = parse(arguments.as_bytes()).unwrap();
        check_param_headers(&known, Some(&document.root), |name| match name {
            "region" => region,
            "count" => count,
            other => panic!("asked for {other}"),
        })
        .is_ok()
    };
    let none = Copies::None;
    assert!(fits("{}", none, none));
    assert!(fits(
        r#"{"region":"eu","deep":{"count":3}}"#,
        Copies::One(b"eu"),
        Copies::One(b"3")
    ));
    assert!(!fits(r#"{"region":"eu"}"#, none, none));
    assert!(!fits(r#"{"region":"eu"}"#, Copies::One(b"us"), none));
    assert!(!fits(r#"{"region":null}"#, Copies::One(b"eu"), none));
    assert!(!fits("{}", none, Copies::One(b"3")));
    assert!(!fits(r#"{"region":"eu"}"#, Copies::Many, none));
    assert!(!fits("{}", Copies::Many, none));
}

#[test]
fn a_schema_mirrors_no_more_and_no_deeper_than_is_checked() {
    let headers =
        |schema: &str| param_headers(&crate::reply::parse(schema.as_bytes()).unwrap().root);
    let wide: Vec<String> = (0..100)
        .map(|n| format!(r#""p{n}":{{"x-mcp-header":"H{n}"}}"#))
        .collect();
    let wide = headers(&format!(r#"{{"properties":{{{}}}}}"#, wide.join(",")));
    assert_eq!(wide.len(), MOST_PARAM_HEADERS);
    let deep = (0..=DEEPEST_PARAM).fold("{}".to_owned(), |inner, _| {
        let rest = inner.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
        let comma = if rest.is_empty() { "" } else { "," };
        format!(r#"{{"properties":{{"p":{{"x-mcp-header":"H"{comma}{rest}}}}}}}"#)
    });
    let deep = headers(&deep);
    assert_eq!(
        deep.last().map(|header| header.path.len()),
        Some(DEEPEST_PARAM)
    );
    assert_eq!(deep.len(), DEEPEST_PARAM);
    assert_eq!(
        headers(r#"{"properties":{"p":{"x-mcp-header":""},"q":{"x-mcp-header":1}}}"#),
        []
    );
}

#[test]
fn what_is_mirrored_reads_back() {
    for text in [
        "t_a.b",
        "",
        " padded ",
        "ü",
        "=?base64?YQ==?=",
        "a\nb",
        "\"q\"",
    ] {
        let header = mirrored(text);
        assert_eq!(decode(header.as_bytes()).as_deref(), Some(text));
        assert_eq!(header.trim(), header);
    }
    assert_eq!(mirrored("t_a.b"), "t_a.b");
}
