use crate::case::Context;
use crate::compile;

#[test]
fn a_trace_names_every_step_with_what_it_saw() {
    let policy = compile(
        r#"{"version":"1","default":"deny","tools":{"t":{
            "require":[{"conditions":[{"path":"args.to[*]","op":"email_domain_in","value":["a.example"]}]}],
            "deny_if":[{"conditions":[{"path":"args.x","op":"eq","value":{"path":"args.y"}}]}],
            "limits":[{"counter":"c","window":"day","max":7,"by":["args.x"]}]}},
            "all_tools":{"mode":"shadow","deny_if":[{"conditions":[]}]}}"#,
    )
    .unwrap();
    let limits = json::Limits {
        bytes: 1_000,
        depth: 8,
        values: 1 << 20,
    };
    let document = json::read(br#"{"to":["x@a.example"],"x":1,"y":2}"#, &limits).unwrap();
    let context = Context::default();
    let explained = policy.explain(&context.question("t", Some(&document.root)));
    let steps: Vec<(&str, &str)> = explained
        .trace
        .iter()
        .map(|step| (step.outcome, step.rule.as_str()))
        .collect();
    assert_eq!(
        steps,
        [
            ("applies", "/tools/t"),
            ("passed", "/tools/t/require/args.to[*]-email_domain_in"),
            ("passed", "/tools/t/deny_if/args.x-eq"),
            ("would_deny", "/all_tools/deny_if/always"),
        ]
    );
    assert_eq!(
        explained.trace[2].why,
        "false; `args.x` is 1, `eq` `args.y`, which is 2: false"
    );
    assert_eq!(
        (
            explained.limits[0].subject.as_str(),
            explained.limits[0].window
        ),
        ("grant, number:1", Some(86_400))
    );
    assert_eq!(
        (explained.verdict, explained.rule, explained.message),
        ("allow", None, None)
    );
}

#[test]
fn long_values_are_cut() {
    let policy = compile(
        r#"{"version":"1","default":"deny","tools":{"t":{"require":[{"conditions":[{"path":"args.l[*]","op":"eq","value":"x"}]}]}}}"#,
    )
    .unwrap();
    let limits = json::Limits {
        bytes: 100_000,
        depth: 8,
        values: 1 << 20,
    };
    let text = format!(
        "{{\"l\":[{}]}}",
        vec![format!("\"{}\"", "ü".repeat(500)); 50].join(",")
    );
    let document = json::read(text.as_bytes(), &limits).unwrap();
    let context = Context::default();
    let explained = policy.explain(&context.question("t", Some(&document.root)));
    assert!(
        explained
            .trace
            .iter()
            .all(|step| step.why.chars().count() < 700)
    );
}
