//! Costs that would make a budget larger.

use super::with;
use crate::world::session::RESULT;

const POLICY: &str = r#"{"version":"1","default":"allow","tools":{"echo":{"limits":[{"counter":"spent","window":"day","max":10,"cost":{"from":"args.n"}}]}}}"#;

#[tokio::test]
async fn a_cost_that_is_no_cost_is_denied_and_nothing_is_charged() {
    let world = with(POLICY).await;
    for hostile in [
        r#"{"n":-1}"#,
        r#"{"n":-0.5}"#,
        r#"{"n":-1e300}"#,
        r#"{"n":-1e-300}"#,
        r#"{"n":"5"}"#,
        r#"{"n":"-5"}"#,
        r#"{"n":""}"#,
        r#"{"n":null}"#,
        r#"{"n":true}"#,
        r#"{"n":[1]}"#,
        r#"{"n":{"n":1}}"#,
        "{}",
        r#"{"N":1}"#,
        r#"{"n ":1}"#,
        r#"{"n":9007199254740992}"#,
        r#"{"n":18446744073709551617}"#,
        r#"{"n":1e400}"#,
        r#"{"n":1e99999999999999999999}"#,
        r#"{"n":1e-401}"#,
        r#"{"args":{"n":1}}"#,
        r#"{"n\u200b":1}"#,
    ] {
        let answer = world.call("echo", hostile).await;
        let decision = &answer.json()["result"]["_meta"]["dev.portcullis/decision"];
        let said = (&decision["rule"], &decision["verdict"]);
        let expected = (&"/tools/echo/limits/spent/cost".into(), &"deny".into());
        assert_eq!(said, expected, "{hostile}: {}", answer.body);
    }
    for refused in [r#"{"n":1,"n":0}"#, r#"{"n":0,"\u006e":0}"#, "[1]"] {
        let answer = world.call("echo", refused).await;
        assert!(answer.json()["error"]["code"].is_i64(), "{}", answer.body);
    }
    for above in ["11", "10.000001", "9007199254740991"] {
        let answer = world.call("echo", &format!(r#"{{"n":{above}}}"#)).await;
        assert!(answer.body.contains("[RATE LIMITED]"), "{}", answer.body);
    }
    assert_eq!(world.calls(), Vec::<String>::new());
    // The whole budget is there still, and a part of a unit costs a unit.
    for (cost, passes) in [
        ("8.5", true),
        ("0", true),
        ("-0", true),
        ("1e-300", true),
        ("1e-300", false),
        ("0.0", true),
    ] {
        let answer = world.call("echo", &format!(r#"{{"n":{cost}}}"#)).await;
        assert_eq!(answer.body == RESULT, passes, "{cost}: {}", answer.body);
    }
}
