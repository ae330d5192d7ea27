use super::*;
use serde_json::{Value, json};

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_denial_is_a_result_that_says_why() {
    let decision = Decision {
        call: "call_1".into(),
        verdict: "limit",
        rule: "/tools/a \"b\"/limits/x".into(),
        policy: Some("refunds".into()),
        version: Some(7),
        retry_after_ms: Some(2100),
        ..Decision::default()
    };
    let text = tool_error(
        "1.50",
        "[RATE LIMITED] wait\n3 s \u{1}",
        Some(&decision),
        true,
    );
    assert!(text.contains(r#""id":1.50,"#));
    assert_eq!(
        value(&text)["result"],
        json!({
            "content": [{"type": "text", "text": "[RATE LIMITED] wait\n3 s \u{1}"}],
            "isError": true,
            "_meta": {"dev.portcullis/decision": {
                "call": "call_1", "verdict": "limit", "rule": "/tools/a \"b\"/limits/x",
                "policy": "refunds", "version": 7, "retry_after_ms": 2100
            }},
            "resultType": "complete"
        })
    );
    assert!(!tool_error("1", "x", None, false).contains("resultType"));
}

#[test]
fn an_error_echoes_the_id_or_null() {
    assert_eq!(
        error(Some("\"\\u0061\""), -32602, "Unknown tool: a", None),
        r#"{"jsonrpc":"2.0","id":"\u0061","error":{"code":-32602,"message":"Unknown tool: a"}}"#
    );
    assert_eq!(
        value(&error(None, 1000, "no", Some("{}")))["id"],
        Value::Null
    );
}

#[test]
fn an_empty_list_is_private_and_stale_at_once() {
    assert_eq!(
        empty_list("1", "prompts", true),
        r#"{"jsonrpc":"2.0","id":1,"result":{"prompts":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"}}"#
    );
    assert_eq!(
        empty_list("1", "prompts", false),
        r#"{"jsonrpc":"2.0","id":1,"result":{"prompts":[]}}"#
    );
}
