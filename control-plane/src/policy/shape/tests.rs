use super::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned>(real: &impl Serialize) -> T {
    serde_json::from_value(serde_json::to_value(real).unwrap()).unwrap()
}

#[test]
fn the_described_findings_are_the_real_ones() {
    let found = ::policy::check("{\"version\":\"1\",\"defualt\":\"deny\"}", None);
    assert_eq!(read::<Vec<Finding>>(&found).len(), found.len());
    assert!(found.iter().any(|finding| finding.hint.is_some()));
    let warned = ::policy::check(
        r#"{"version":"1","default":"allow","tools":{"@read":{}}}"#,
        None,
    );
    assert!(matches!(
        read::<Vec<Finding>>(&warned)[..],
        [Finding {
            level: Level::Warning,
            ..
        }]
    ));
}

#[test]
fn the_described_explanations_are_the_real_ones() {
    let text = r#"{"version":"1","default":"deny","tools":{
        "a":{"rate_limit":"5/minute","limits":[{"counter":"c","concurrency":2}]},
        "h":{"action":"require_approval"},"d":{"action":"deny"}}}"#;
    let policy = ::policy::compile(text).unwrap();
    let context = ::policy::case::Context::default();
    for tool in ["a", "h", "d", "other"] {
        let explained = policy.explain(&context.question(tool, None));
        let shape: Explanation = read(&explained);
        assert_eq!(
            (shape.limits.len(), shape.trace.len()),
            (explained.limits.len(), explained.trace.len())
        );
        assert!(tool != "a" || shape.limits.len() == 2);
    }
}
