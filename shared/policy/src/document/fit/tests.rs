use crate::{Finding, Level, check, compile};

fn errors(text: &str) -> Vec<Finding> {
    let findings = compile(text).expect_err(text);
    assert!(findings.iter().all(|finding| finding.level == Level::Error));
    findings
}

/// The code, pointer and hint of the only error.
fn only(text: &str) -> (&'static str, String, Option<String>) {
    let mut errors = errors(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:#?}");
    let error = errors.remove(0);
    (error.code, error.pointer, error.hint)
}

fn with_rules(rules: &str) -> String {
    format!(r#"{{"version":"1","default":"deny","tools":{{"t":{rules}}}}}"#)
}

fn with_test(test: &str) -> String {
    with_rules(&format!(r#"{{"deny_if":[{{"conditions":[{test}]}}]}}"#))
}

#[test]
fn each_kind_of_mistake_has_its_code_place_and_hint() {
    let cases = [
        (r#"{"version":"1","default":"deny","tols":{}}"#.to_owned(), "unknown_key", "/tols", Some("tools")),
        (r#"{"default":"deny"}"#.to_owned(), "missing_key", "", Some("version")),
        (r#"{"version":"2","default":"deny"}"#.to_owned(), "unknown_word", "/version", Some("1")),
        (r#"{"version":1,"default":"deny"}"#.to_owned(), "wrong_type", "/version", None),
        (r#"{"version":"1","default":"deny","timezone":"europe/berlin"}"#.to_owned(), "bad_zone", "/timezone", Some("Europe/Berlin")),
        (r#"{"version":"1","default":"deny","timezone":"Europe/Berln"}"#.to_owned(), "bad_zone", "/timezone", Some("Europe/Berlin")),
        (r#"{"version":"1","default":"deny","hide":["@reed"]}"#.to_owned(), "unknown_category", "/hide/0", Some("@read")),
        (r#"{"version":"1","default":"deny","tools":{"":{}}}"#.to_owned(), "empty_selector", "/tools/", None),
        (r#"{"version":"1","default":"deny","tools":{"a":{},"\u0061":{}}}"#.to_owned(), "repeated_key", "/tools/a", None),
        (r#"{"version":"1","default":"deny","methods":["prompt"]}"#.to_owned(), "unknown_word", "/methods/0", Some("prompts")),
        (r#"{"version":"1","default":"deny","all_tools":{"action":"deny"}}"#.to_owned(), "unknown_key", "/all_tools/action", None),
        (with_rules(r#"{"mode":"shadw"}"#), "unknown_word", "/tools/t/mode", Some("shadow")),
        (with_rules(r#"{"action":"hide","record":"host"}"#), "unreachable", "/tools/t/record", None),
        (with_rules(r#"{"rate_limit":"10 per minute"}"#), "bad_rate", "/tools/t/rate_limit", Some("10/minute")),
        (with_rules(r#"{"rate_limit":{"max":1,"window":"minutes"}}"#), "unknown_word", "/tools/t/rate_limit/window", Some("minute")),
        (with_rules(r#"{"approval":{"timeout":"1 hour"}}"#), "bad_duration", "/tools/t/approval/timeout", None),
        (with_rules(r#"{"approval":{"wait":"301s"}}"#), "out_of_range", "/tools/t/approval/wait", None),
        (with_rules(r#"{"require":[{"conditions":[],"id":"a/b"}]}"#), "bad_id", "/tools/t/require/0/id", None),
        (with_test(r#"{"path":"arg.a","op":"eq","value":1}"#), "bad_path", "/tools/t/deny_if/0/conditions/0/path", None),
        (with_test(r#"{"path":"args.a","op":"equals","value":1}"#), "unknown_word", "/tools/t/deny_if/0/conditions/0/op", None),
        (with_test(r#"{"path":"args.a","op":"start_with","value":"x"}"#), "unknown_word", "/tools/t/deny_if/0/conditions/0/op", Some("starts_with")),
        (with_test(r#"{"path":"args.a","op":"eq","value":null}"#), "null_literal", "/tools/t/deny_if/0/conditions/0/value", Some("exists")),
        (with_test(r#"{"path":"args.a","op":"in","value":["x",null]}"#), "null_literal", "/tools/t/deny_if/0/conditions/0/value/1", Some("exists")),
        (with_test(r#"{"path":"args.a","op":"gt","value":true}"#), "wrong_type", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"gt","value":1e401}"#), "bad_number", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"eq","value":{"b":[1e999]}}"#), "bad_number", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"regex","value":"(a"}"#), "bad_regex", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"regex","value":"(?=a)"}"#), "bad_regex", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"regex","value":"(?i)^drop"}"#), "bad_regex", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"regex","value":"^(?m:a|b$)"}"#), "bad_regex", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"regex","value":"(a)(?-u)b"}"#), "bad_regex", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"regex","value":"((\\w{200}){200}){9}"}"#), "bad_regex", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(&format!(r#"{{"path":"args.a","op":"regex","value":"{}"}}"#, "a".repeat(1_001))), "bad_regex", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"regex","value":{"path":"args.b"}}"#), "wrong_type", "/tools/t/deny_if/0/conditions/0/value", None),
        (with_test(r#"{"path":"args.a","op":"eq","value":{"path":"args.b[*]"}}"#), "bad_path", "/tools/t/deny_if/0/conditions/0/value/path", None),
        (with_test(r#"{"path":"args.a","op":"ip_in","value":["10.0.0.0/8","10.0.0.1"]}"#), "bad_cidr", "/tools/t/deny_if/0/conditions/0/value/1", Some("10.0.0.1/32")),
        (with_test(r#"{"path":"args.a","op":"ip_in","value":["05.0.1.7/2"]}"#), "bad_cidr", "/tools/t/deny_if/0/conditions/0/value/0", None),
        (with_test(r#"{"path":"args.a","op":"host_in","value":["https://a.example"]}"#), "bad_host", "/tools/t/deny_if/0/conditions/0/value/0", None),
        (with_test(r#"{"path":"args.a","op":"under_path","value":["data"]}"#), "bad_prefix", "/tools/t/deny_if/0/conditions/0/value/0", None),
        (with_test(r#"{"path":"args.a","op":"email_domain_in","value":["@a.example"]}"#), "bad_domain", "/tools/t/deny_if/0/conditions/0/value/0", Some("a.example")),
        (with_test(r#"{"any":[]}"#), "empty_group", "/tools/t/deny_if/0/conditions/0/any", None),
        (with_test(r#"{"path":"args.a","op":"eq","value":1,"any":[{"path":"args.a","op":"eq","value":1}]}"#).replace(r#""path":"args.a","op":"eq","value":1,"any""#, r#""path":"args.a","any""#), "unknown_key", "/tools/t/deny_if/0/conditions/0/path", None),
        (with_rules(r#"{"limits":[{"counter":"c","window":"day","max":1.5}]}"#), "out_of_range", "/tools/t/limits/0/max", None),
        (with_rules(r#"{"limits":[{"counter":"c","window":2678401,"max":1}]}"#), "out_of_range", "/tools/t/limits/0/window", None),
        (with_rules(r#"{"limits":[{"counter":"c","window":"day","max":1,"by":["args.a[*]"]}]}"#), "bad_path", "/tools/t/limits/0/by/0", None),
        (with_rules(r#"{"limits":[{"counter":"c","window":"day","max":1,"cost":{"from":"time.hour"}}]}"#), "bad_path", "/tools/t/limits/0/cost/from", None),
        (with_rules(r#"{"limits":[{"counter":"c","window":"day","max":1},{"counter":"c","window":"hour","max":1}]}"#), "counter_differs", "/tools/t/limits/1/window", None),
        (with_rules(r#"{"limits":[{"counter":"c","window":"day","max":1},{"counter":"c","window":"day","max":1,"by":["args.a"]}]}"#), "counter_differs", "/tools/t/limits/1/by", None),
        (r#"{"version":"1","default":"deny","all_tools":{"limits":[{"counter":"c","window":"day","max":1,"methods":"all","by":["args.a"]}]}}"#.to_owned(), "unreachable", "/all_tools/limits/0/by", None),
    ];
    for (text, code, pointer, hint) in cases {
        assert_eq!(
            only(&text),
            (code, pointer.to_owned(), hint.map(str::to_owned)),
            "{text}"
        );
    }
}

#[test]
fn lines_and_columns_count_characters_of_the_text_as_it_was_sent() {
    let text = "{\n  \"version\": \"1\",\n  \"default\": \"deny\", \"ü\": 1,\n\t\"tools\": { \"ä\": { \"mode\": 5 } } }";
    let places: Vec<(u32, u32)> = errors(text)
        .iter()
        .map(|finding| (finding.line, finding.column))
        .collect();
    assert_eq!(places, [(3, 22), (4, 28)]);
}

#[test]
fn a_text_that_is_no_json_is_one_finding_with_its_place() {
    for (text, code, line, column) in [
        ("", "not_json", 1, 1),
        ("{\n \"version\" \"1\"}", "not_json", 2, 12),
        ("\u{feff}{}", "not_json", 1, 1),
        ("{} x", "not_json", 1, 4),
    ] {
        let errors = errors(text);
        assert_eq!(
            (errors[0].code, errors[0].line, errors[0].column),
            (code, line, column),
            "{text}"
        );
    }
    assert_eq!(only(&" ".repeat((256 << 10) + 1)).0, "too_long");
    assert_eq!(only(&"[".repeat(33)).0, "too_deep");
    let many = format!("[{}0]", "0,".repeat(1 << 16));
    assert_eq!(only(&many).0, "too_many_values");
}

#[test]
fn bounds_hold_at_their_edge() {
    let entries = |count: usize| {
        let entries: Vec<String> = (0..count)
            .map(|number| format!("\"t{number}\":{{}}"))
            .collect();
        format!(
            r#"{{"version":"1","default":"deny","tools":{{{}}}}}"#,
            entries.join(",")
        )
    };
    assert!(compile(&entries(2_000)).is_ok());
    assert_eq!(only(&entries(2_001)).0, "too_many");
    let predicates = |require: usize, deny: usize| {
        let some = |count: usize| vec![r#"{"conditions":[]}"#; count].join(",");
        with_rules(&format!(
            r#"{{"require":[{}],"deny_if":[{}]}}"#,
            some(require),
            some(deny)
        ))
    };
    assert!(compile(&predicates(32, 32)).is_ok());
    assert_eq!(only(&predicates(32, 33)).1, "/tools/t");
    assert_eq!(only(&predicates(65, 0)).1, "/tools/t/require");
    let limits = |own: usize, all: usize| {
        let some = |name: &str, count: usize| {
            let limits = (0..count)
                .map(|number| format!(r#"{{"counter":"{name}{number}","window":"day","max":1}}"#));
            limits.collect::<Vec<_>>().join(",")
        };
        format!(
            r#"{{"version":"1","default":"deny","all_tools":{{"limits":[{}]}},"tools":{{"t":{{"limits":[{}]}}}}}}"#,
            some("a", all),
            some("o", own)
        )
    };
    assert!(compile(&limits(16, 16)).is_ok());
    assert_eq!(only(&limits(16, 17)).0, "too_many");
    let nested = |depth: usize| {
        let test = r#"{"path":"args.a","op":"exists","value":true}"#.to_owned();
        with_test(&(0..depth).fold(test, |inside, _| format!(r#"{{"not":{inside}}}"#)))
    };
    assert!(compile(&nested(8)).is_ok());
    assert_eq!(only(&nested(9)).0, "too_deep");
}

#[test]
fn a_flood_of_findings_is_counted_and_not_listed() {
    let keys: Vec<String> = (0..5_000)
        .map(|number| format!("\"k{number}\":1"))
        .collect();
    let text = format!(r#"{{"version":"1","default":"deny",{}}}"#, keys.join(","));
    let findings = check(&text, None);
    assert_eq!(findings.len(), 1_001);
    assert!(findings.last().unwrap().message.starts_with("4000 more"));
}

#[test]
fn patterns_together_are_bounded() {
    let tests: Vec<String> = (0..300)
        .map(|number| format!(r#"{{"path":"args.a","op":"regex","value":"\\pL{{60}}{number}"}}"#))
        .collect();
    let text = with_test(&tests.join(","));
    assert!(
        errors(&text)
            .iter()
            .any(|finding| finding.message.contains("together are too large"))
    );
}
