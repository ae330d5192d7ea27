//! Bodies that are no JSON text, no message, or not in the encoding they were judged in.

use super::{POLICY, all_are_refused, with};
use crate::world::call;
use crate::world::session::RESULT;

fn beside(good: &str) -> Vec<Vec<u8>> {
    let before: [&[u8]; 10] = [
        b"\xEF\xBB\xBF",
        b"\xFE\xFF",
        b"\xFF\xFE",
        b"\0",
        b"\x0c",
        b"\xC2\xA0",
        b",",
        b"//x\n",
        b")]}'\n",
        b"\x1e",
    ];
    let after: [&[u8]; 11] = [
        b"\0",
        b"x",
        b",",
        b"}",
        b"{}",
        b"\x0c",
        b"//x",
        b"/**/",
        b"\xEF\xBB\xBF",
        b";",
        b"\n\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"drop\"}}",
    ];
    let good = good.as_bytes();
    let before = before.map(|before| [before, good].concat());
    before
        .into_iter()
        .chain(after.map(|after| [good, after].concat()))
        .collect()
}

/// What some readers take for JSON.
fn almost_json() -> Vec<Vec<u8>> {
    let values = [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "+1",
        "1.",
        ".5",
        "0x1",
        "1_000",
        "1e",
        "--1",
        "-",
        "True",
        "undefined",
        "'x'",
        r#""\x41""#,
        r#""\u12""#,
        r#""\u{41}""#,
        r#""\'""#,
        "\"a\nb\"",
        "\"a\tb\"",
        "\"a\0b\"",
        "1,",
        "[1,]",
        "[,1]",
        "1;",
        "/**/1",
        "1 2",
    ];
    let keys = ["a", "'a'", "1", "null", "[]", "/**/\"a\"", "\"a\" \"b\""];
    let keys = keys.map(|key| call("echo", &format!("{{{key}:1}}")));
    values
        .map(|value| call("echo", &format!(r#"{{"a":{value}}}"#)))
        .into_iter()
        .chain(keys)
        .map(String::into_bytes)
        .collect()
}

/// Overlong, half of a pair, beyond Unicode, cut short, Latin-1.
fn no_utf8() -> Vec<Vec<u8>> {
    let raw: [&[u8]; 8] = [
        b"\xC0\xAE",
        b"\xE0\x80\xAF",
        b"\xED\xA0\x80",
        b"\xED\xB0\x80",
        b"\xF4\x90\x80\x80",
        b"\xE2\x82",
        b"\xE9",
        b"\x80",
    ];
    let body = call("echo", r#"{"a":"?"}"#).into_bytes();
    let at = body.iter().position(|byte| *byte == b'?').unwrap();
    raw.map(|raw| [&body[..at], raw, &body[at + 1..]].concat())
        .into()
}

#[tokio::test]
async fn bytes_that_are_not_exactly_one_json_text_are_refused() {
    let world = with(POLICY).await;
    let good = call("echo", r#"{"a":1}"#);
    let mut bodies = beside(&good);
    bodies.extend(almost_json());
    bodies.extend(no_utf8());
    bodies.push(good.encode_utf16().flat_map(u16::to_le_bytes).collect());
    bodies.push(good.encode_utf16().flat_map(u16::to_be_bytes).collect());
    let code = |character: char| u32::from(character).to_le_bytes();
    bodies.push(good.chars().flat_map(code).collect());
    for half in [
        r"\ud800",
        r"\udc00",
        r"\ud800\ud800",
        r"\udc00\ud800",
        r"\uD83Dx",
        r"\ud800\u0041",
    ] {
        bodies.push(call("echo", &format!(r#"{{"a":"{half}"}}"#)).into());
        bodies.push(call("echo", &format!(r#"{{"{half}":1}}"#)).into());
        bodies.push(call(&format!("echo{half}"), "{}").into());
    }
    bodies.push(call("echo", r#"{"a\u0000":1}"#).into());
    bodies.push(call("echo", r#"{"a":{"\u0000":1}}"#).into());
    for depth in [65, 10_000, 150_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            bodies.push(call("echo", &format!(r#"{{"a":{deep}}}"#)).into());
            bodies.push(open.repeat(depth).into());
        }
    }
    for end in 0..good.len() {
        bodies.push(good.as_bytes()[..end].to_vec());
    }
    all_are_refused(&world, bodies).await;
}

/// A body that called itself UTF-7 would say `name` twice to a server that believed it.
#[tokio::test]
async fn a_body_is_read_by_the_server_in_the_encoding_that_was_judged() {
    let world = with(POLICY).await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","+AG4-ame":"drop"}}"#;
    for said in [
        "application/json; charset=utf-7",
        "application/json; charset=utf-16",
        "application/json;charset=ibm037",
        "application/json; charset=utf-8; charset=utf-7",
        "application/json, text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ] {
        let answer = world.post(&[("content-type", said)], body).await;
        assert_eq!(answer.status, 415, "{said}");
    }
    let twice = [
        ("content-type", "application/json"),
        ("content-type", "application/json; charset=utf-7"),
    ];
    assert_eq!(world.post(&twice, body).await.status, 415);
    assert!(world.upstream.saw().is_empty());
    let headers = [
        ("content-type", "application/json; charset=\"UTF-8\"; x=y"),
        ("content-encoding", "gzip"),
    ];
    assert_eq!(world.post(&headers, body).await.body, RESULT);
    let saw = &world.upstream.saw()[0];
    assert_eq!(saw.header("content-type"), "application/json");
    assert_eq!((saw.header("content-encoding"), saw.text()), ("", body));
}

#[tokio::test]
async fn arguments_that_are_no_object_and_names_that_are_no_string_go_nowhere() {
    let world = with(POLICY).await;
    let mut bodies = Vec::new();
    for value in ["[1]", "[]", "null", "\"{}\"", "1", "true", r#"[{"a":1}]"#] {
        bodies.push(call("echo", value));
    }
    for params in [
        r#"{"name":["echo"]}"#,
        r#"{"name":{"a":"echo"}}"#,
        r#"{"name":1}"#,
        r#"{"name":null}"#,
        r#"{"name":true}"#,
        r#"{"name":"echo","_meta":1}"#,
        r#"["echo",{}]"#,
        "null",
        r#""echo""#,
        "[]",
        "{}",
    ] {
        bodies.push(format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#
        ));
    }
    for method in [r#"["tools/call"]"#, "null", "1", "{}"] {
        bodies.push(format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":{method},"params":{{"name":"drop"}}}}"#
        ));
    }
    all_are_refused(&world, bodies).await;
}
