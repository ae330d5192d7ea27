use super::*;

#[test]
fn clicks_are_answered_at_slack_and_nowhere_else() {
    let strict = Egress::new(Vec::new());
    let own = Egress::new(vec!["127.0.0.0/8".parse().unwrap()]);
    assert!(is_slacks("https://hooks.slack.com/actions/T1/2/x", &strict));
    for other in [
        "http://hooks.slack.com/actions/T1/2/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com.evil.example/x",
        "https://evil.example/hooks.slack.com",
        "https://hooks.slack.com@evil.example/x",
        "https://user@hooks.slack.com/x",
        "https://127.0.0.1/x",
        "https://93.184.216.34/x",
        "https://[::1]/x",
        "https://localhost/x",
        "hooks.slack.com/x",
        "",
    ] {
        assert!(!is_slacks(other, &strict), "{other}");
    }
    assert!(is_slacks("http://127.0.0.1:9/x", &own));
    assert!(!is_slacks("https://93.184.216.34/x", &own));
    assert!(!is_slacks("http://localhost:9/x", &own));
}
