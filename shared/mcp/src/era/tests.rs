use super::*;
use crate::message::{Body, Message, parse};

fn judged(meta: &str, header: Option<&str>, session: Option<Revision>) -> Result<Era, i32> {
    framed(meta, header, session).map_err(|framing| framing.code)
}

fn framed(meta: &str, header: Option<&str>, session: Option<Revision>) -> Result<Era, Framing> {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{meta}}}}}"#);
    let document = parse(text.as_bytes()).unwrap();
    let Body::One(Message::Request(request)) = Body::of(&document).unwrap() else {
        panic!("not a request")
    };
    let copies = header.map_or(Copies::None, |header| Copies::One(header.as_bytes()));
    era(&request, copies, session)
}

const MODERN: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

#[test]
fn header_and_meta_together_make_a_request_modern() {
    assert_eq!(
        judged(MODERN, Some("2026-07-28"), None),
        Ok(Era::Modern(Revision::V2026_07_28))
    );
    assert_eq!(judged(MODERN, None, None), Err(HEADER_MISMATCH));
    assert_eq!(
        judged(MODERN, Some("2025-11-25"), None),
        Err(HEADER_MISMATCH)
    );
    assert_eq!(judged("", Some("2026-07-28"), None), Err(INVALID_PARAMS));
    let without_capabilities =
        r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    assert_eq!(
        judged(without_capabilities, Some("2026-07-28"), None),
        Err(INVALID_PARAMS)
    );
}

#[test]
fn a_legacy_request_speaks_its_sessions_revision_else_its_headers_else_the_oldest() {
    let legacy = |revision| Ok(Era::Legacy(revision));
    assert_eq!(judged("", None, None), legacy(Revision::V2025_03_26));
    assert_eq!(
        judged("", Some("2025-06-18"), None),
        legacy(Revision::V2025_06_18)
    );
    assert_eq!(
        judged("", None, Some(Revision::V2025_11_25)),
        legacy(Revision::V2025_11_25)
    );
    assert_eq!(
        judged("", Some("2025-03-26"), Some(Revision::V2025_11_25)),
        legacy(Revision::V2025_11_25)
    );
}

#[test]
fn a_version_nobody_speaks_is_answered_with_those_we_do() {
    assert_eq!(
        judged("", Some("2099-01-01"), None),
        Err(UNSUPPORTED_VERSION)
    );
    let future = MODERN.replace("2026-07-28", "2099-01-01");
    assert_eq!(
        judged(&future, Some("2099-01-01"), None),
        Err(UNSUPPORTED_VERSION)
    );
    let data = era_of_header(Copies::One(b"2099-01-01"), Revision::UNSAID)
        .unwrap_err()
        .data;
    assert_eq!(
        data.unwrap(),
        r#"{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26"],"requested":"2099-01-01"}"#
    );
}

#[test]
fn who_names_a_version_in_the_body_is_told_only_what_a_body_can_name() {
    for version in ["2099-01-01", "2025-11-25"] {
        let body = MODERN.replace("2026-07-28", version);
        let data = framed(&body, Some(version), None)
            .unwrap_err()
            .data
            .unwrap();
        assert_eq!(
            data,
            format!(r#"{{"supported":["2026-07-28"],"requested":"{version}"}}"#)
        );
    }
}

#[test]
fn a_version_header_stands_once() {
    assert_eq!(
        era_of_header(Copies::Many, Revision::UNSAID)
            .unwrap_err()
            .code,
        HEADER_MISMATCH
    );
    assert_eq!(
        era_of_header(Copies::One(b"\xff"), Revision::UNSAID)
            .unwrap_err()
            .code,
        HEADER_MISMATCH
    );
}

#[test]
fn a_version_in_the_body_is_a_text() {
    let number = MODERN.replace("\"2026-07-28\"", "20260728");
    assert_eq!(judged(&number, Some("20260728"), None), Err(INVALID_PARAMS));
    assert_eq!(
        judged(&number, Some("2026-07-28"), None),
        Err(INVALID_PARAMS)
    );
}
