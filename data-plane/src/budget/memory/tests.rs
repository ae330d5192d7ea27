use super::*;
use crate::budget::charge::{Count, OnOutage};
use uuid::Uuid;

const START: u64 = 5_000_000;

fn rate(subject: u128, window_ms: u64, max: u64) -> Part {
    Part {
        index: 0,
        key: Key {
            org: OrgId::from_uuid(Uuid::from_u128(1)),
            limit: [1; 16],
            subject: subject.to_be_bytes(),
        },
        measure: Measure::Rate {
            geometry: Geometry::of(window_ms),
            cost: 1,
            max,
        },
        count: Count::Attempts,
        on_outage: OnOutage::Share,
        is_kept: false,
    }
}

fn passes(memory: &Memory, part: Part, now: u64) -> bool {
    matches!(memory.charge(&[part], now), Tally::Passed { .. })
}

#[test]
fn a_retry_at_the_time_told_passes_and_one_before_does_not() {
    let memory = Memory::default();
    let part = rate(1, 60_000, 3);
    let admitted = (0..5)
        .filter(|_| passes(&memory, part, START + 250))
        .count();
    assert_eq!(admitted, 3);
    let refusal = memory.refusal(&[part], START + 400).expect("it is full");
    let then = START + 400 + refusal.wait.expect("waiting helps");
    assert!(
        then >= START + 250 + 60_000,
        "no interval of a minute holds four"
    );
    assert!(then <= START + 250 + 61_000, "late by more than a slot");
    assert!(!passes(&memory, part, then - 1));
    let admitted = (0..5).filter(|_| passes(&memory, part, then)).count();
    assert_eq!(admitted, 3);
}

#[test]
fn budgets_that_are_over_leave_no_trace() {
    let memory = Memory::default();
    for subject in 0..500 {
        assert!(passes(&memory, rate(subject, 1_000, 5), START));
    }
    assert_eq!(memory.state().rings.len(), 500);
    assert!(passes(&memory, rate(9_999, 1_000, 5), START + 1_100));
    let state = memory.state();
    assert_eq!((state.rings.len(), state.ends.len()), (1, 1));
    assert_eq!(state.per_org.values().sum::<u32>(), 1);
}

#[test]
fn a_live_budget_is_not_swept() {
    let memory = Memory::default();
    let part = rate(1, 1_000, 100);
    for step in 0..100 {
        assert!(passes(&memory, part, START + step * 20));
    }
    let now = START + 99 * 20;
    // All of the last second and of the slot before it, and nothing older.
    let counted = memory.state().rings[&part.key].sum();
    assert!((50..=53).contains(&counted), "{counted}");
    assert_eq!(memory.refusal(&[part], now), None);
}

#[test]
fn a_seed_raises_once_and_ages() {
    let memory = Memory::default();
    let part = rate(1, 1_000, 10);
    memory.raise(part.key, Geometry::of(1_000), START, 8);
    let now = START + 100;
    assert!(passes(&memory, part, now) && passes(&memory, part, now));
    assert!(!passes(&memory, part, now));
    memory.raise(part.key, Geometry::of(1_000), now, 4);
    assert_eq!(memory.state().rings[&part.key].sum(), 10, "already above");
    assert!(passes(&memory, part, START + 1_050), "the seed has left");
}

#[test]
fn places_never_go_below_none() {
    let memory = Memory::default();
    let part = Part {
        measure: Measure::InFlight { max: 1 },
        ..rate(1, 0, 0)
    };
    memory.leave(&[part.key]);
    assert!(passes(&memory, part, START));
    assert!(!passes(&memory, part, START));
    memory.leave(&[part.key, part.key]);
    assert!(passes(&memory, part, START));
    assert!(!passes(&memory, part, START));
}
