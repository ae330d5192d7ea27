//! Headers that say another call than the body.

use super::{POLICY, with};
use crate::world::call;
use crate::world::session::RESULT;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const METHOD: (&str, &str) = ("mcp-method", "tools/call");

fn body(tool: &str) -> String {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}",{meta}}}}}"#
    )
}

#[tokio::test]
async fn a_header_that_names_another_call_than_the_body_goes_nowhere() {
    let world = with(POLICY).await;
    let [echo, drop] = ["echo", "drop"].map(|tool| format!("=?base64?{}?=", STANDARD.encode(tool)));
    let cases: &[(&str, &[&str])] = &[
        ("drop", &["echo"]),
        ("echo", &["drop"]),
        ("drop", &[&echo]),
        ("echo", &[&drop]),
        ("drop", &["drop", "echo"]),
        ("drop", &["echo", "drop"]),
        ("echo", &["echo", "echo"]),
        ("drop", &["echo,drop"]),
        ("echo", &["echo, echo"]),
        ("drop", &["Drop"]),
        ("echo", &["ECHO"]),
        ("echo", &["\"echo\""]),
        ("drop", &["=?base64?ZHJvcA?="]),
        ("drop", &["=?BASE64?ZHJvcA==?="]),
        ("drop", &["=?base64?ZHJvcB==?="]),
        ("drop", &["=?utf-8?b?ZHJvcA==?="]),
        ("drop", &["d%72op"]),
        ("drop", &[]),
        ("echo", &[]),
    ];
    for (tool, names) in cases {
        let mut headers = vec![VERSION, METHOD];
        headers.extend(names.iter().map(|name| ("mcp-name", *name)));
        let answer = world.post(&headers, body(tool)).await;
        let code = answer.json()["error"]["code"].as_i64();
        let said = (answer.status.as_u16(), code);
        assert_eq!(said, (400, Some(-32020)), "{tool} {names:?}");
    }
    for said in [
        "tools/list",
        "Tools/Call",
        "tools/call, tools/list",
        "=?base64?dG9vbHMvbGlzdA==?=",
    ] {
        let headers = [VERSION, ("mcp-method", said), ("mcp-name", "echo")];
        assert_eq!(world.post(&headers, body("echo")).await.status, 400);
    }
    // A hop that dropped them would leave the server with other headers than were judged.
    for named in ["mcp-name", "close, Mcp-Method", "mcp-protocol-version"] {
        let headers = [VERSION, METHOD, ("mcp-name", "echo"), ("connection", named)];
        assert_eq!(world.post(&headers, body("echo")).await.status, 400);
    }
    assert!(world.upstream.saw().is_empty());
    for name in ["echo", echo.as_str()] {
        let headers = [VERSION, METHOD, ("mcp-name", name)];
        assert_eq!(world.post(&headers, body("echo")).await.body, RESULT);
    }
    assert_eq!(world.upstream.saw().len(), 2);
}

#[tokio::test]
async fn before_2026_07_28_such_a_header_says_nothing_and_is_not_sent_on() {
    let world = with(POLICY).await;
    for version in ["2025-03-26", "2025-06-18", "2025-11-25", ""] {
        let headers = |name| {
            [
                ("mcp-protocol-version", version),
                METHOD,
                ("mcp-name", name),
            ]
        };
        let denied = world.post(&headers("echo"), call("drop", "{}")).await;
        assert!(denied.body.contains("[POLICY DENIED]"), "{}", denied.body);
        let passed = world.post(&headers("drop"), call("echo", "{}")).await;
        assert_eq!(passed.body, RESULT);
    }
    let saw = world.upstream.saw();
    assert_eq!(saw.len(), 4);
    for saw in saw {
        assert_eq!((saw.header("mcp-name"), saw.header("mcp-method")), ("", ""));
    }
}
