use super::*;

#[test]
fn ids_come_in_the_order_of_their_making_within_one_millisecond_and_when_the_clock_steps_back() {
    let sequence = Arc::new(Sequence::default());
    let at = |unix_ms: u64| Now {
        time: OffsetDateTime::UNIX_EPOCH
            + time::Duration::milliseconds(i64::try_from(unix_ms).unwrap()),
        random: Random::seeded(7),
        sequence: sequence.clone(),
    };
    let mut ids: Vec<ids::EventId> = (0..5_000)
        .map(|_| at(1_000).id(ids::EventId::new))
        .collect();
    ids.push(at(900).id(ids::EventId::new));
    ids.push(at(5_000).id(ids::EventId::new));
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), 5_002);
}
