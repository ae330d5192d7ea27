use crate::case::Context;
use crate::scene::Scene;
use crate::{MethodGroup, Policy, Verdict, compile};

const LIMITS: json::Limits = json::Limits {
    bytes: 8 << 20,
    depth: 64,
    values: 1 << 20,
};

fn policy(text: &str) -> Policy {
    compile(text).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn rule(policy: &Policy, arguments: &str) -> Option<String> {
    let document = json::read(arguments.as_bytes(), &LIMITS).unwrap();
    let context = Context::default();
    policy
        .decide(&context.question("t", Some(&document.root)))
        .rule()
        .map(str::to_owned)
}

#[test]
fn a_call_that_would_cost_too_much_to_judge_is_denied() {
    let against_each_other = |op: &str| {
        policy(&format!(
            r#"{{"version":"1","default":"deny","tools":{{"t":{{"deny_if":[{{"conditions":[
                {{"path":"args.a[*]","op":"{op}","value":{{"path":"args.b"}}}}]}}]}}}}}}"#
        ))
    };
    let list = |from: u32, count: u32| {
        (from..from + count)
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let arguments = |count: u32| {
        format!(
            "{{\"a\":[{}],\"b\":[{}]}}",
            list(0, count),
            list(1_000_000, count)
        )
    };
    let policy = against_each_other("in");
    assert_eq!(rule(&policy, &arguments(100)), None);
    assert_eq!(
        rule(&policy, &arguments(20_000)).as_deref(),
        Some("/tools/t/deny_if/args.a[*]-in")
    );
}

#[test]
fn a_long_stated_list_costs_a_search() {
    let members: Vec<String> = (0..5_000).map(|number| format!("\"m{number}\"")).collect();
    let spent = |count: usize| {
        let policy = policy(&format!(
            r#"{{"version":"1","default":"deny","tools":{{"t":{{"require":[{{"conditions":[
                {{"path":"args.a","op":"in","value":[{}]}}]}}]}}}}}}"#,
            members[..count].join(",")
        ));
        let document = json::read(b"{\"a\":\"m0\"}", &LIMITS).unwrap();
        let context = Context::default();
        let question = context.question("t", Some(&document.root));
        let scene = Scene::new(&question, &policy.zone);
        assert!(super::judge(&policy, &scene, &mut super::Nobody).is_allow());
        scene.work.spent()
    };
    assert_eq!(spent(1), spent(5_000));
}

#[test]
fn methods_are_off_under_deny_and_on_under_allow_unless_listed() {
    for (text, resources, prompts) in [
        (r#"{"version":"1","default":"deny"}"#, false, false),
        (r#"{"version":"1","default":"allow"}"#, true, true),
        (
            r#"{"version":"1","default":"deny","methods":["resources"]}"#,
            true,
            false,
        ),
        (
            r#"{"version":"1","default":"allow","methods":["prompts"]}"#,
            false,
            true,
        ),
        (
            r#"{"version":"1","default":"allow","methods":[]}"#,
            false,
            false,
        ),
    ] {
        let policy = policy(text);
        assert_eq!(
            policy.allows_methods(MethodGroup::Resources),
            resources,
            "{text}"
        );
        assert_eq!(
            policy.allows_methods(MethodGroup::Prompts),
            prompts,
            "{text}"
        );
    }
}

#[test]
fn a_time_that_no_calendar_has_cannot_be_judged() {
    let policy = policy(
        r#"{"version":"1","default":"deny","tools":{"t":{"deny_if":[{"conditions":[{"path":"time.hour","op":"eq","value":3}]}]}}}"#,
    );
    let context = Context {
        now: i64::MAX,
        ..Context::default()
    };
    assert_eq!(
        policy.decide(&context.question("t", None)).rule(),
        Some("/tools/t/deny_if/time.hour-eq")
    );
}

#[test]
fn a_policy_serves_every_thread() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Policy>();
    is_shared::<crate::CompiledSchema>();
    is_shared::<Verdict<'_>>();
}
