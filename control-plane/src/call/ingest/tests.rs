use super::*;
use ids::CallId;
use serde_json::json;

fn raw(value: &serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap()
}

fn outcome(id: CallId) -> serde_json::Value {
    json!({
        "kind": "outcome", "id": id, "at": 1_790_000_000_000_u64, "org": "org_0192a3b4c5d670008000000000000001",
        "latency_us": u64::MAX, "added_us": 1, "bytes": 2, "outcome": "ok",
    })
}

#[test]
fn what_cannot_be_read_is_set_apart_and_holds_up_nothing() {
    let good = CallId::new(1_790_000_000_000, [1; 10]);
    let records = vec![
        raw(&json!({"kind": "of_tomorrow"})),
        raw(&json!(7)),
        raw(&outcome(good)),
        raw(&outcome(CallId::new(0, [2; 10]))),
        raw(&outcome(CallId::new(
            1_790_000_000_000 + 3 * 86_400_000,
            [3; 10],
        ))),
        raw(&outcome(CallId::new((1 << 48) - 1, [4; 10]))),
    ];
    let sorted = sort(records, now());
    assert_eq!(sorted.outcomes.len(), 1);
    assert_eq!(sorted.outcomes[&good.uuid()].latency_us, i64::MAX);
    assert_eq!(sorted.unread.len(), 5);
    assert_eq!(sorted.days.len(), 1);
}

#[test]
fn a_record_that_comes_twice_in_a_batch_is_one() {
    let id = CallId::new(1_790_000_000_000, [1; 10]);
    let sorted = sort(vec![raw(&outcome(id)), raw(&outcome(id))], now());
    assert_eq!((sorted.outcomes.len(), sorted.repeated), (1, 1));
}
