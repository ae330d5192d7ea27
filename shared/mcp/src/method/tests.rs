use super::*;

const LEGACY: Era = Era::Legacy(Revision::V2025_11_25);
const MODERN: Era = Era::Modern(Revision::V2026_07_28);

#[test]
fn a_method_of_no_revision_has_no_rule() {
    for method in [
        "",
        "tools/Call",
        "tools/call ",
        "tools",
        "sampling/createMessage",
        "notifications/initialized",
        "x/y",
    ] {
        assert_eq!(rule(method, LEGACY), None, "{method}");
        assert_eq!(rule(method, MODERN), None, "{method}");
    }
}

#[test]
fn each_era_has_its_own_methods() {
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "tasks/list",
    ] {
        assert!(rule(method, LEGACY).is_some(), "{method}");
        assert_eq!(rule(method, MODERN), None, "{method}");
    }
    for method in ["server/discover", "subscriptions/listen", "tasks/update"] {
        assert!(rule(method, MODERN).is_some(), "{method}");
        assert_eq!(rule(method, LEGACY), None, "{method}");
    }
    assert_eq!(rule("tasks/get", Era::Legacy(Revision::V2025_06_18)), None);
}

#[test]
fn whatever_has_a_rule_is_a_request_by_name() {
    for method in REQUESTS {
        assert!(is_request(method));
        assert!(!notification_is_known(method), "{method}");
    }
    let with_rule = REQUESTS
        .iter()
        .filter(|method| rule(method, LEGACY).or(rule(method, MODERN)).is_some());
    assert_eq!(
        with_rule.count(),
        REQUESTS.len() - 3,
        "only the three requests of servers have no rule"
    );
}
