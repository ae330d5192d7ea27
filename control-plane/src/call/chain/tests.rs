use super::*;

#[test]
fn a_time_is_spelled_as_postgres_does() {
    for (nanos, text) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_795_348_800_012_000_000, "2026-11-22T12:00:00.012000Z"),
        (253_402_300_799_999_999_000, "9999-12-31T23:59:59.999999Z"),
    ] {
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap();
        assert_eq!(spelled(time), text);
    }
}

#[test]
fn each_record_follows_from_the_one_before_in_its_own_chain() {
    let (org, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let day = OffsetDateTime::UNIX_EPOCH.date();
    let mut ends = BTreeMap::new();
    let mut seqs = Vec::new();
    for key in [(org, day), (other, day), (org, day)] {
        let linked = step(&mut ends, key, "one", &[7; 32]);
        seqs.push((linked.seq, linked.hash));
    }
    let chain = Chain {
        day: "1970-01-01".into(),
        writer: "one".into(),
    };
    let first = chain::next(&chain::start(OrgId::from_uuid(org), &chain), &[7; 32]);
    let second = chain::next(&first, &[7; 32]);
    assert_eq!(seqs[0], (1, format!("\\x{}", seal::to_hex(&first))));
    assert_eq!(seqs[1].0, 1);
    assert_ne!(seqs[1].1, seqs[0].1);
    assert_eq!(seqs[2], (2, format!("\\x{}", seal::to_hex(&second))));
}
