//! A server that says back what it was told in confidence: its credential never reaches a client, however it is written.

use crate::world::session::INITIALIZE;
use crate::world::upstream::{Said, Upstream, event, json, status, stream};
use crate::world::{Plan, World, call, plan};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use data_plane::upstream::mark::{Named, Place};
use http::{Method, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;

const SECRET: &str = "sk+live/canary\"1";
const NUMBER: &str = "4929123456789012";

async fn world(upstream: Upstream) -> World {
    let headers = vec![
        ("authorization", "Bearer sk+live/canary\"1"),
        ("x-account", NUMBER),
    ];
    let policy = r#"{"version":"1","default":"allow","methods":["resources","prompts"]}"#;
    let plan = Plan {
        headers,
        policy: Some(policy.to_owned()),
        ..plan()
    };
    World::new(plan, upstream).await
}

/// As a reader of JSON takes escapes away; what is none stays.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let mut ahead = rest.clone();
        match (character, ahead.next()) {
            ('\\', Some('u')) => {
                let digits: String = ahead.clone().take(4).collect();
                match u32::from_str_radix(&digits, 16) {
                    Ok(code) => {
                        out.push(char::from_u32(code).unwrap_or('?'));
                        rest = ahead;
                        rest.nth(3);
                    }
                    Err(_) => out.push(character),
                }
            }
            ('\\', Some(next @ ('"' | '\\' | '/'))) => {
                out.push(next);
                rest = ahead;
            }
            _ => out.push(character),
        }
    }
    out
}

fn holds_none(what: &str, said: &str) {
    let mut text = said.to_owned();
    for _ in 0..4 {
        for secret in [
            "sk+live",
            "live/canary",
            "sk%2Blive",
            NUMBER,
            &STANDARD.encode(SECRET),
            &URL_SAFE_NO_PAD.encode(SECRET),
        ] {
            assert!(!text.contains(secret), "{what}: {said}");
        }
        text = unescaped(&text);
    }
}

/// Head and body of an answer as one text, read until it ends.
async fn whole(mut response: Response<Incoming>) -> String {
    let reason = response.extensions().get::<ReasonPhrase>();
    let mut text = format!("{reason:?} {:?}\n", response.headers());
    while let Some(frame) = response.body_mut().frame().await {
        let data = frame.unwrap().into_data().unwrap_or_default();
        text.push_str(std::str::from_utf8(&data).unwrap());
    }
    text
}

/// A server that says this to everything; what its client hears.
async fn heard(said: impl Fn() -> Said + Send + Sync + 'static) -> String {
    let upstream = Upstream::new(move |_| std::future::ready(said())).await;
    let world = world(upstream).await;
    let request = world.request(Method::POST, &[], call("echo", "{}"));
    let text = whole(world.send(request).await).await;
    let saw = &world.upstream.saw()[0];
    assert_eq!(saw.header("authorization"), format!("Bearer {SECRET}"));
    text
}

fn raw_stream(text: &str) -> Said {
    let mut said = json(text);
    let kind = "text/event-stream".parse().unwrap();
    said.headers_mut().insert("content-type", kind);
    said
}

fn every_character_escaped(text: &str) -> String {
    let units = text.encode_utf16();
    units
        .map(|unit| format!("\\u{unit:04X}"))
        .collect::<Vec<_>>()
        .concat()
}

/// The secret as it may stand inside a JSON string.
fn spellings() -> Vec<String> {
    let quoted = serde_json::to_string(SECRET).unwrap();
    let plain = quoted.trim_matches('"').to_owned();
    let escaped = every_character_escaped(SECRET);
    let in_json = format!(
        "{{\\\"h\\\":\\\"{}\\\"}}",
        plain.replace('\\', "\\\\").replace('"', "\\\"")
    );
    vec![
        format!("Bearer {plain}"),
        plain.replace('/', "\\/"),
        plain.replace('+', "\\u002b"),
        escaped.replace('\\', "\\\\"),
        escaped.replace('\\', "\\\\\\\\"),
        escaped,
        in_json,
        STANDARD.encode(SECRET),
        URL_SAFE_NO_PAD.encode(SECRET),
        "?key=sk%2Blive%2Fcanary%221".to_owned(),
        NUMBER.to_owned(),
        every_character_escaped(NUMBER),
        plain,
    ]
}

#[tokio::test]
async fn a_secret_in_a_message_is_covered_however_it_is_written() {
    for spelling in spellings() {
        for message in [
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{{"type":"text","text":"told {spelling}."}}]}}}}"#
            ),
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[],"structuredContent":{{"{spelling}":[{{"{spelling}":null}}]}}}}}}"#
            ),
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":-1,"message":"{spelling}","data":{{"sent":["{spelling}"]}}}}}}"#
            ),
        ] {
            let (plain, streamed) = (message.clone(), event(&message));
            for (how, text) in [
                ("json", heard(move || json(&plain)).await),
                ("stream", heard(move || raw_stream(&streamed)).await),
            ] {
                assert!(text.contains("[redacted]"), "{how} {spelling}: {text}");
                holds_none(how, &text);
            }
        }
    }
    let number =
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"account":{NUMBER},"more":1{NUMBER}}}}}"#);
    let text = heard(move || json(&number)).await;
    holds_none("a number", &text);
    let body = text.split_once('\n').unwrap().1;
    let read: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(read["result"]["account"], "[redacted]");
}

#[tokio::test]
async fn a_secret_in_a_status_or_a_header_does_not_pass() {
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
    for name in [
        "cache-control",
        "retry-after",
        "x-accel-buffering",
        "set-cookie",
        "www-authenticate",
        "location",
        "link",
        "server",
        "mcp-session-id",
        "x-echo",
        "authorization",
    ] {
        for streamed in [false, true] {
            let text = heard(move || {
                let mut said = if streamed {
                    raw_stream(&event(result))
                } else {
                    json(result)
                };
                let value = r#"Bearer sk+live/canary"1"#.parse().unwrap();
                said.headers_mut().insert(name, value);
                said.extensions_mut()
                    .insert(ReasonPhrase::from_static(b"sk+live/canary"));
                said
            })
            .await;
            assert!(text.contains(result), "{text}");
            holds_none(name, &text);
        }
    }
    let kind = heard(move || {
        let mut said = json(result);
        let kind = "application/json; a=\"sk+live/canary\"".parse().unwrap();
        said.headers_mut().insert("content-type", kind);
        said
    })
    .await;
    holds_none("content-type", &kind);
    for code in [
        200, 204, 301, 307, 400, 401, 403, 404, 405, 407, 409, 429, 500, 503,
    ] {
        let error = format!(
            r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":1,"message":"{NUMBER}","data":"\u0073k+live/canary\"1"}}}}"#
        );
        let text = heard(move || {
            let mut said = status(code, &error);
            for name in ["www-authenticate", "location", "retry-after"] {
                said.headers_mut().insert(name, NUMBER.parse().unwrap());
            }
            said
        })
        .await;
        holds_none(&code.to_string(), &text);
        let page = format!("<html>{NUMBER} sk+live/canary\"1</html>");
        let text = heard(move || {
            let mut said = status(code, &page);
            said.headers_mut()
                .insert("content-type", "text/html".parse().unwrap());
            said
        })
        .await;
        holds_none(&code.to_string(), &text);
    }
}

#[tokio::test]
async fn a_secret_in_any_field_of_an_event_is_covered() {
    let quoted = serde_json::to_string(SECRET).unwrap();
    let note = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progress":1,"message":{quoted}}}}}"#
    );
    let question = format!(
        r#"{{"jsonrpc":"2.0","id":{quoted},"method":"sampling/createMessage","params":{{"systemPrompt":{quoted}}}}}"#
    );
    let unasked = format!(r#"{{"jsonrpc":"2.0","id":{quoted},"method":"made/up"}}"#);
    let result = event(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#);
    for before in [
        format!("id: 7-{SECRET}\nretry: {NUMBER}\nevent: {SECRET}\ndata: {note}\n\n"),
        format!("id: {NUMBER}\ndata:\n\n"),
        format!(": {SECRET}\n\n:{NUMBER}\n"),
        format!("{SECRET}: x\nx: {SECRET}\n{NUMBER}\n\n"),
        format!("event: {NUMBER}\ndata: {question}\n\n"),
        format!("data: {unasked}\n\n"),
        event(&note).replace('\n', "\r\n"),
        note.replace(',', ",\ndata: ").replacen('{', "data: {", 1) + "\n\n",
    ] {
        let said = format!("{before}{result}");
        let text = heard(move || raw_stream(&said)).await;
        assert!(
            text.contains(r#""result":{"content":[]}"#),
            "{before}: {text}"
        );
        holds_none(&before, &text);
    }
}

/// Byte by byte: where a chunk ends means nothing.
#[tokio::test]
async fn a_secret_that_is_split_over_chunks_is_covered() {
    let quoted = serde_json::to_string(SECRET).unwrap();
    let message = event(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"text":{quoted}}}}}"#
    ));
    let upstream = Upstream::new(move |_| {
        let (sender, said) = stream();
        let message = message.clone();
        tokio::spawn(async move {
            for byte in message.chars() {
                if sender.send(byte.to_string()).await.is_err() {
                    break;
                }
            }
        });
        std::future::ready(said)
    })
    .await;
    let world = world(upstream).await;
    for body in [call("echo", "{}"), format!("[{}]", call("echo", "{}"))] {
        let request = world.request(Method::POST, &[], body);
        let text = whole(world.send(request).await).await;
        assert!(text.contains("[redacted]"), "{text}");
        holds_none("split", &text);
    }
    let bearer = world.bearer();
    let place = Place {
        bearer: &bearer,
        session: None,
    };
    let last = world.gateway.seals.mark(Named::Event, place, "1").unwrap();
    let rest = world.request(Method::GET, &[("last-event-id", &last)], "");
    let text = whole(world.send(rest).await).await;
    assert!(text.contains("[redacted]"), "{text}");
    holds_none("the rest of a broken stream", &text);
}

#[tokio::test]
async fn a_secret_is_covered_whatever_was_asked() {
    let quoted = serde_json::to_string(SECRET).unwrap();
    let agreed = format!(
        r#"{{"jsonrpc":"2.0","id":0,"result":{{"protocolVersion":"2025-11-25","capabilities":{{}},"instructions":{quoted},"serverInfo":{{"name":"{NUMBER}","version":"1"}}}}}}"#
    );
    let upstream = Upstream::new(move |saw| {
        let rest = format!(r#""description":{quoted},"cacheScope":"public","nextCursor":{quoted},"requestState":{quoted}"#);
        let said = match saw.method().as_str() {
            "initialize" => agreed.clone(),
            "tools/list" => format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{{"name":"echo","inputSchema":{{}},{rest}}},{{"no":"name"}}],{rest}}}}}"#),
            _ => format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{{rest}}}}}"#),
        };
        let mut said = json(&said);
        said.headers_mut().insert("mcp-session-id", NUMBER.parse().unwrap());
        std::future::ready(said)
    })
    .await;
    let world = world(upstream).await;
    let text = whole(
        world
            .send(world.request(Method::POST, &[], INITIALIZE))
            .await,
    )
    .await;
    assert!(
        text.contains("[redacted]") && text.contains("mcp-session-id"),
        "{text}"
    );
    holds_none("initialize", &text);
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    for (method, name) in [
        ("tools/list", ""),
        ("tools/call", "echo"),
        ("resources/list", ""),
        ("resources/read", "x:y"),
        ("prompts/get", "echo"),
        ("completion/complete", ""),
        ("server/discover", ""),
        ("ping", ""),
    ] {
        let legacy = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"name":"echo","uri":"x:y"}}}}"#
        );
        let modern = legacy.replace("{\"name\"", &format!("{{{meta},\"name\""));
        let mirrored = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
            ("mcp-name", name),
        ];
        for (headers, body) in [(&[][..], legacy), (&mirrored[..], modern)] {
            let request = world.request(Method::POST, headers, body);
            let text = whole(world.send(request).await).await;
            holds_none(method, &text);
        }
    }
}
