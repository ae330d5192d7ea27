use super::*;

fn policy(text: &str) -> Policy {
    crate::compile(text).unwrap()
}

const MIXED: &str = r#"{"version":"1","default":"deny","hide":["internal_*"],"tools":{
    "pay":{"action":"require_approval"},"@destructive":{"action":"deny"},"look_*":{},
    "watched":{"mode":"shadow","action":"deny"},"asked":{"rate_limit":"1/minute"}}}"#;

#[test]
fn what_stands_about_a_tool_names_the_rule_and_what_it_does() {
    let policy = policy(MIXED);
    let rows = [
        ("internal_x", Category::Read, "(hidden)", Action::Hide),
        (
            "pay",
            Category::Financial,
            "/tools/pay",
            Action::RequireApproval,
        ),
        (
            "drop",
            Category::Destructive,
            "/tools/@destructive",
            Action::Deny,
        ),
        ("look_up", Category::Read, "/tools/look_*", Action::Allow),
        ("watched", Category::Read, "/tools/watched", Action::Allow),
        ("other", Category::Read, "(default deny)", Action::Deny),
    ];
    for (tool, category, rule, action) in rows {
        let standing = policy.standing(tool, category);
        assert_eq!((standing.rule, standing.action), (rule, action), "{tool}");
        assert_eq!(standing.is_said, tool != "other", "{tool}");
        assert_eq!(standing.is_shadow, tool == "watched", "{tool}");
        assert!(!standing.is_conditional, "{tool}");
    }
    assert!(policy.standing("asked", Category::Read).is_conditional);
}

#[test]
fn what_is_asked_of_every_tool_is_a_condition_of_what_default_lets_through() {
    let policy = policy(
        r#"{"version":"1","default":"allow","all_tools":{"rate_limit":"9/minute"},"tools":{"no":{"action":"deny"}}}"#,
    );
    let standing = policy.standing("any", Category::Unknown);
    assert_eq!(
        (standing.rule, standing.action),
        ("(default allow)", Action::Allow)
    );
    assert!(standing.is_conditional && !standing.is_said);
}
