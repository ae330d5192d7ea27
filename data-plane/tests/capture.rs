//! The arguments of calls, where their organisation wants them kept: what is in the record, and what is not.

mod world;

use bundle::record::{Arguments, Record};
use bundle::{Capture, OrgBundle};
use world::upstream::Upstream;
use world::{Plan, World, plan, ring};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
const POLICY: &str =
    r#"{"version":"1","default":"deny","tools":{"echo":{},"ask":{"action":"require_approval"}}}"#;

fn keeping(redact: &[&str]) -> Box<dyn FnOnce(&mut OrgBundle)> {
    let redact = redact.iter().map(|path| (*path).to_owned()).collect();
    Box::new(|bundle| bundle.org.capture = Some(Capture { redact }))
}

async fn begun(change: Box<dyn FnOnce(&mut OrgBundle)>) -> World {
    let plan = Plan {
        policy: Some(POLICY.to_owned()),
        tools: Some(vec!["echo", "other"]),
        headers: vec![("x-api-key", "upstream-secret-1")],
        change,
        ..plan()
    };
    World::new(plan, Upstream::saying(RESULT).await).await
}

fn kept(records: &[Record]) -> Vec<&Arguments> {
    let kept = records.iter().filter_map(|record| match record {
        Record::Arguments(arguments) => Some(&**arguments),
        _ => None,
    });
    kept.collect()
}

#[tokio::test]
async fn arguments_are_kept_without_what_is_to_be_left_out_and_without_secrets() {
    let world = begun(keeping(&["args.card.number", "args.to[*].mail"])).await;
    let sent = r#"{"to":[{"mail":"ann@example.org","as":"Ann"}],"card":{"number":"4111","year":27},"key":"upstream-\u0073ecret-1"}"#;
    assert_eq!(world.call("echo", sent).await.status, 200);
    assert!(
        world.calls()[0].contains("4111"),
        "the server gets all of it"
    );
    // Those of a call that is refused, too.
    world.call("other", r#"{"card":"4111"}"#).await;
    let is_intent = |record: &&Record| matches!(record, Record::Intent(_));
    let records = world
        .recorded(|records| records.iter().filter(is_intent).count() == 2)
        .await;
    let texts: Vec<String> = kept(&records)
        .iter()
        .map(|kept| kept.open(&ring()).unwrap())
        .collect();
    assert_eq!(
        texts,
        [
            r#"{"card":{"number":"[left out]","year":27},"key":"[redacted]","to":[{"as":"Ann","mail":"[left out]"}]}"#,
            r#"{"card":"[left out]"}"#,
        ]
    );
    let ids: Vec<_> = records.iter().filter(is_intent).map(Record::id).collect();
    let of: Vec<_> = kept(&records).iter().map(|kept| kept.id).collect();
    assert_eq!(of, ids, "each beside its call");
    let wire = serde_json::to_string(&records).unwrap();
    assert!(!wire.contains("4111") && !wire.contains("upstream-secret"));
}

#[tokio::test]
async fn nothing_is_kept_where_nobody_asked_or_what_to_leave_out_cannot_be_read() {
    for change in [
        Box::new(|_: &mut OrgBundle| {}) as Box<dyn FnOnce(&mut OrgBundle)>,
        keeping(&["args.a", "/of/tomorrow"]),
    ] {
        let world = begun(change).await;
        assert_eq!(world.call("echo", r#"{"a":1}"#).await.status, 200);
        let is_over = |record: &Record| matches!(record, Record::Outcome(_));
        let records = world.recorded(|records| records.iter().any(is_over)).await;
        assert_eq!(kept(&records).len(), 0);
    }
}

#[tokio::test]
async fn arguments_that_find_no_room_keep_no_call_from_being_made() {
    let plan = Plan {
        change: keeping(&[]),
        spool: 64 * 1024,
        ..plan()
    };
    let world = World::new(plan, Upstream::saying(RESULT).await).await;
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(40_000));
    assert_eq!(world.call("echo", &long).await.status, 200);
    let is_over = |record: &Record| matches!(record, Record::Outcome(_));
    let records = world.recorded(|records| records.iter().any(is_over)).await;
    assert_eq!(kept(&records).len(), 0);
}
