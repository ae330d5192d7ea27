use super::*;

fn asked() -> ConnectionAddr {
    ConnectionAddr::Tcp("asked".into(), 1)
}

fn range(first: i64, last: i64, host: Value, port: i64) -> Value {
    let primary = Value::Array(vec![
        host,
        Value::Int(port),
        Value::BulkString(b"id".to_vec()),
    ]);
    Value::Array(vec![Value::Int(first), Value::Int(last), primary])
}

fn text(host: &str) -> Value {
    Value::BulkString(host.as_bytes().to_vec())
}

/// As `CLUSTER KEYSLOT` of Redis 7.0.15 says.
#[test]
fn a_key_is_in_the_slot_that_redis_puts_it_in() {
    for (key, slot) in [
        ("123456789", 0x31C3),
        ("foo", 12_182),
        ("rl:{foo}:anything", 12_182),
        ("{}foo", 9_500),
        ("foo{}{bar}", 8_363),
        ("foo{{bar}}zap", 4_015),
        ("", 0),
    ] {
        assert_eq!(slot_of(key), slot, "{key}");
    }
}

#[test]
fn what_a_cluster_says_of_its_slots_is_read_and_what_nobody_can_reach_is_left_out() {
    let told = Value::Array(vec![
        range(0, 99, text("10.0.0.1"), 7_000),
        range(100, 199, text(""), 7_001),
        range(200, 299, Value::Nil, 7_002),
        range(300, 399, text("?"), 7_003),
        range(400, 99_999, text("10.0.0.1"), 7_004),
        range(400, 499, text("10.0.0.1"), 99_999),
        Value::Okay,
    ]);
    let found: Vec<(u16, u16, String, u16)> = read(&told, &asked())
        .into_iter()
        .map(|one| (one.first, one.last, one.host, one.port))
        .collect();
    assert_eq!(
        found,
        [
            (0, 99, "10.0.0.1".into(), 7_000),
            (100, 199, "asked".into(), 7_001),
            (200, 299, "asked".into(), 7_002),
        ]
    );
    assert_eq!(read(&Value::Okay, &asked()), []);
}
