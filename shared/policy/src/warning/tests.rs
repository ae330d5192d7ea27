use super::{ServerTool, ServerTools, ShadowAge};
use crate::{Category, Level, check};
use serde_json::json;

fn server() -> ServerTools {
    let tool = |name: &str, category: Category| ServerTool {
        name: name.to_owned(),
        category,
        schema: Some(json!({
            "type": "object",
            "properties": {
                "amount": { "type": "integer" },
                "to": { "type": "array", "items": { "type": "object", "properties": { "mail": { "type": "string" } } } },
                "open": {},
                "ref": { "$ref": "#/$defs/one" },
            },
            "$defs": { "one": { "type": "object", "properties": { "x": { "type": "string" } } } },
        })),
    };
    ServerTools {
        tools: vec![
            tool("create_refund", Category::Financial),
            tool("list_refunds", Category::Read),
            tool("wipe", Category::Destructive),
        ],
        shadows: vec![ShadowAge {
            rule: "/tools/wipe".to_owned(),
            days: 31,
        }],
    }
}

/// Code and pointer of each warning.
fn warnings(text: &str, server: Option<&ServerTools>) -> Vec<(&'static str, String)> {
    let findings = check(text, server);
    assert!(
        findings
            .iter()
            .all(|finding| finding.level == Level::Warning),
        "{findings:#?}"
    );
    findings
        .into_iter()
        .map(|finding| (finding.code, finding.pointer))
        .collect()
}

fn document(default: &str, tools: &str) -> String {
    format!(r#"{{"version":"1","default":"{default}","tools":{{{tools}}}}}"#)
}

#[test]
fn an_entry_that_can_never_apply_is_said() {
    for (text, pointers) in [
        (document("deny", r#""a*":{},"a**":{}"#), vec!["/tools/a*"]),
        (document("deny", r#""?*":{},"*":{},"@read":{}"#), vec![]),
        (
            document("deny", r#""**":{},"*":{},"@read":{}"#),
            vec!["/tools/*", "/tools/@read"],
        ),
        (
            document(
                "deny",
                r#""*":{},"@read":{},"@write":{},"@execute":{},"@destructive":{},"@financial":{},"@unknown":{}"#,
            ),
            vec!["/tools/*"],
        ),
        (
            document("deny", r#""a":{},"b":{},"ab*":{}"#)
                .replace("\"tools\"", "\"hide\":[\"a*\"],\"tools\""),
            vec!["/tools/a", "/tools/ab*"],
        ),
        (document("deny", r#""a":{},"a*":{},"*":{}"#), vec![]),
    ] {
        let expected: Vec<_> = pointers
            .into_iter()
            .map(|pointer| ("never_applies", pointer.to_owned()))
            .collect();
        assert_eq!(warnings(&text, None), expected, "{text}");
    }
}

#[test]
fn what_default_allow_leaves_open_is_said() {
    let server = server();
    assert_eq!(
        warnings(&document("allow", r#""@write":{}"#), None),
        [("unknown_uncovered", "/default".to_owned())]
    );
    assert_eq!(
        warnings(&document("allow", r#""@write":{},"@unknown":{}"#), None),
        []
    );
    assert_eq!(
        warnings(&document("allow", r#""@write":{},"*":{}"#), None),
        []
    );
    let uncovered = document("allow", r#""create_refund":{}"#);
    assert_eq!(warnings(&uncovered, None), []);
    assert_eq!(
        warnings(&uncovered, Some(&server)),
        [("destructive_uncovered", "/default".to_owned())]
    );
    assert_eq!(
        warnings(
            &document("allow", r#""create_refund":{},"w*":{}"#),
            Some(&server)
        ),
        []
    );
}

#[test]
fn a_tool_that_the_server_does_not_have_is_said_with_the_nearest() {
    let findings = check(
        &document("deny", r#""create_refnd":{},"x_*":{}"#),
        Some(&server()),
    );
    assert_eq!(
        (findings[0].code, findings[0].hint.as_deref()),
        ("tool_not_there", Some("create_refund"))
    );
    assert_eq!(
        (findings[1].code, findings[1].pointer.as_str()),
        ("never_applies", "/tools/x_*")
    );
}

#[test]
fn a_budget_that_no_call_fits_and_a_wait_that_no_client_has_are_said() {
    let text = document(
        "deny",
        r#""t":{"limits":[{"counter":"a","window":"day","max":4,"cost":5},{"counter":"b","window":"day","max":0},
           {"counter":"c","window":"day","max":0,"cost":{"from":"args.x"}}],"rate_limit":"0/day","approval":{"wait":"51s"}},
           "u":{"approval":{"wait":"50s"}}"#,
    );
    let pointers = [
        "/tools/t/limits/0",
        "/tools/t/limits/1",
        "/tools/t/rate_limit",
    ];
    let mut expected: Vec<_> = pointers
        .iter()
        .map(|pointer| ("max_below_cost", (*pointer).to_owned()))
        .collect();
    expected.push(("long_wait", "/tools/t/approval/wait".to_owned()));
    assert_eq!(warnings(&text, None), expected);
}

#[test]
fn a_range_that_is_wider_than_it_looks_is_said() {
    let ranges = |value: &str| {
        document(
            "deny",
            &format!(
                r#""a":{{"deny_if":[{{"conditions":[{{"path":"args.ip","op":"ip_in","value":{value}}}]}}]}}"#
            ),
        )
    };
    let said = |text: &str| {
        check(text, None)
            .into_iter()
            .map(|finding| (finding.code, finding.pointer, finding.hint))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said(&ranges(
            r#"["10.0.0.0/8","10.0.0.1/8","fd00::1/8","10.0.0.1/32"]"#
        )),
        [(1, "10.0.0.0/8"), (2, "fd00::/8")].map(|(index, hint)| (
            "wide_cidr",
            format!("/tools/a/deny_if/0/conditions/0/value/{index}"),
            Some(hint.to_owned())
        ))
    );
}

#[test]
fn paths_and_types_are_held_against_the_schema() {
    let test = |path: &str, op: &str, value: &str| {
        document(
            "deny",
            &format!(
                r#""create_refund":{{"deny_if":[{{"conditions":[{{"not":{{"path":"{path}","op":"{op}","value":{value}}}}}]}}]}}"#
            ),
        )
    };
    let server = server();
    for (path, op, value, code) in [
        ("args.amount", "gt", "5", None),
        ("args.amount", "gt", "\"5\"", Some("type_never_met")),
        ("args.amount", "in", "[\"a\",true]", Some("type_never_met")),
        ("args.amount", "in", "[\"a\",1]", None),
        ("args.amount", "regex", "\"a\"", Some("type_never_met")),
        ("args.amount", "exists", "true", None),
        ("args.amont", "gt", "5", Some("path_not_there")),
        ("args.to[*].mail", "eq", "\"x\"", None),
        ("args.to[*].name", "eq", "\"x\"", Some("path_not_there")),
        ("args.to", "length_lte", "3", None),
        ("args.open.deep", "eq", "1", None),
        ("args.ref.x", "eq", "\"a\"", None),
        ("args.ref.y", "eq", "\"a\"", Some("path_not_there")),
        ("args.amount", "gt", "{\"path\":\"args.amount\"}", None),
        (
            "args.amount",
            "gt",
            "{\"path\":\"args.other\"}",
            Some("path_not_there"),
        ),
        ("time.hour", "eq", "\"9\"", Some("type_never_met")),
        ("time.weekday", "eq", "1", Some("type_never_met")),
        ("tool.annotations.readOnlyHint", "eq", "true", None),
    ] {
        let codes: Vec<_> = warnings(&test(path, op, value), Some(&server))
            .into_iter()
            .map(|(code, _)| code)
            .collect();
        assert_eq!(
            codes,
            code.into_iter().collect::<Vec<_>>(),
            "{path} {op} {value}"
        );
    }
    let all = r#"{"version":"1","default":"deny","all_tools":{"deny_if":[{"conditions":[{"path":"args.nowhere","op":"eq","value":1}]}]}}"#;
    assert_eq!(
        warnings(all, Some(&server)),
        [(
            "path_not_there",
            "/all_tools/deny_if/0/conditions/0/path".to_owned()
        )]
    );
    assert_eq!(warnings(all, None), []);
}

#[test]
fn an_old_shadow_is_said() {
    let text = document(
        "deny",
        r#""wipe":{"mode":"shadow","action":"deny"},"create_refund":{"mode":"shadow"}"#,
    );
    assert_eq!(
        warnings(&text, Some(&server())),
        [("old_shadow", "/tools/wipe/mode".to_owned())]
    );
    assert_eq!(
        warnings(&document("deny", r#""wipe":{}"#), Some(&server())),
        []
    );
}
