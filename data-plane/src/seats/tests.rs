use super::*;
use proptest::prelude::*;

const fn most(grant: usize, org: usize, all: usize) -> Most {
    Most { grant, org, all }
}

fn seats(calls: Most) -> Seats {
    Seats::new(Limits {
        calls,
        streams: most(1, 1, 2),
        bytes: 1 << 20,
    })
}

fn org(number: u8) -> OrgId {
    OrgId::new(1, [number; 10])
}

fn grant(number: u8) -> GrantId {
    GrantId::new(1, [number; 10])
}

#[test]
fn a_grant_and_an_organisation_have_no_more_than_their_seats_and_get_them_back() {
    let seats = seats(most(2, 3, 100));
    let take = |number| seats.take(Kind::Call, org(1), grant(number));
    let held = (take(1).unwrap(), take(1).unwrap());
    assert_eq!(take(1).unwrap_err(), Busy::Grant);
    let third = take(2).unwrap();
    assert_eq!(take(2).unwrap_err(), Busy::Org);
    let again = third.clone();
    drop(third);
    assert_eq!(take(2).unwrap_err(), Busy::Org, "a clone is the same seat");
    drop(again);
    let _third = take(2).unwrap();
    drop(held);
    take(1).unwrap();
}

#[test]
fn calls_and_streams_have_seats_of_their_own() {
    let seats = seats(most(1, 1, 4));
    let _call = seats.take(Kind::Call, org(1), grant(1)).unwrap();
    let _stream = seats.take(Kind::Stream, org(1), grant(1)).unwrap();
    assert!(seats.take(Kind::Call, org(1), grant(1)).is_err());
    assert!(seats.take(Kind::Stream, org(1), grant(1)).is_err());
    let used = Use {
        calls: 1,
        streams: 1,
        bytes: 0,
    };
    assert_eq!(seats.used(), used);
}

#[test]
fn whoever_comes_next_finds_a_seat_however_greedy_those_before() {
    let seats = seats(most(1_000, 1_000, 64));
    let mut held = Vec::new();
    for number in 1..=5 {
        let mut own = 0;
        while let Ok(seat) = seats.take(Kind::Call, org(number), grant(1)) {
            held.push(seat);
            own += 1;
        }
        assert!(own > 0, "organisation {number} found nothing");
    }
    assert!(seats.used().calls < 64, "something is left for the next");
}

#[test]
fn what_belongs_to_no_call_weighs_on_its_organisation_too() {
    let seats = seats(most(10, 10, 20));
    let scale = seats.scale(org(1));
    let mut held = scale.empty();
    assert!(held.weigh(FREE_BYTES));
    assert_eq!(seats.used(), Use::default());
    assert!(held.weigh(FREE_BYTES + (400 << 10)));
    assert!(!held.weigh(FREE_BYTES + (600 << 10)), "more than half");
    assert_eq!(seats.used().bytes, 400 << 10);
    let seat = seats.take(Kind::Call, org(1), grant(1)).unwrap();
    assert!(!seat.weigh(Load::Answer, FREE_BYTES + (200 << 10)));
    let mut beside = seats.scale(org(1)).empty();
    assert!(!beside.weigh(FREE_BYTES + (200 << 10)));
    let part = held.part(300 << 10);
    assert_eq!(seats.used().bytes, 400 << 10, "a part weighs what it did");
    drop(held);
    assert_eq!(seats.used().bytes, (300 << 10) - FREE_BYTES);
    assert!(beside.weigh(FREE_BYTES + (200 << 10)));
    drop(seat);
    drop((part, beside));
    assert_eq!(seats.used(), Use::default());
    assert!(seats.0.taken().orgs.is_empty());
}

#[test]
fn a_message_weighs_on_its_organisation_until_it_has_gone() {
    let seats = seats(most(10, 10, 20));
    let one = seats.take(Kind::Call, org(1), grant(1)).unwrap();
    let two = seats.take(Kind::Call, org(1), grant(2)).unwrap();
    let other = seats.take(Kind::Call, org(2), grant(3)).unwrap();
    assert!(one.weigh(Load::Answer, FREE_BYTES));
    assert_eq!(seats.used().bytes, 0);
    assert!(one.weigh(Load::Answer, FREE_BYTES + (400 << 10)));
    assert!(
        !two.weigh(Load::Answer, FREE_BYTES + (400 << 10)),
        "more than is left over"
    );
    assert!(other.weigh(Load::Answer, FREE_BYTES + (200 << 10)));
    assert!(one.weigh(Load::Answer, 10));
    assert!(two.weigh(Load::Answer, FREE_BYTES + (400 << 10)));
    drop((one, two, other));
    assert_eq!(seats.used(), Use::default());
}

#[test]
fn a_question_weighs_on_while_its_answer_comes() {
    let seats = seats(most(10, 10, 20));
    let seat = seats.take(Kind::Call, org(1), grant(1)).unwrap();
    assert!(seat.weigh(Load::Question, FREE_BYTES + 1_000));
    assert!(
        seat.weigh(Load::Answer, 1),
        "what answers at first is small"
    );
    assert_eq!(seats.used().bytes, 1_001);
    assert!(seat.weigh(Load::Answer, 500_000));
    assert_eq!(seats.used().bytes, 501_000);
    assert!(
        !seat.weigh(Load::Question, FREE_BYTES + 100_000),
        "both are held at once"
    );
    assert_eq!(seats.used().bytes, 501_000, "a refusal changes nothing");
    drop(seat);
    assert_eq!(seats.used(), Use::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whatever is taken, weighed and let go, in whatever order: nothing is exceeded, and nothing is left behind.
    #[test]
    fn what_is_counted_is_what_is_held(steps in prop::collection::vec((0..4u8, 0..4u8, 0..4u8, 0..300_000usize), 1..200)) {
        let limits = Limits { calls: most(3, 5, 12), streams: most(2, 4, 9), bytes: 500_000 };
        let seats = Seats::new(limits);
        let mut held: Vec<Seat> = Vec::new();
        for (what, of, by, bytes) in steps {
            match what {
                0 => held.extend(seats.take(Kind::Call, org(of), grant(by)).ok()),
                1 => held.extend(seats.take(Kind::Stream, org(of), grant(by)).ok()),
                2 => {
                    if let Some(seat) = held.get(usize::from(of)) {
                        let load = if by < 2 { Load::Question } else { Load::Answer };
                        let _ = seat.weigh(load, bytes);
                    }
                }
                _ if held.is_empty() => {}
                _ => drop(held.swap_remove(bytes % held.len())),
            }
            let used = seats.used();
            let of_kind = |kind| held.iter().filter(|seat| seat.0.kind == kind).count();
            prop_assert_eq!(used.calls, of_kind(Kind::Call));
            prop_assert_eq!(used.streams, of_kind(Kind::Stream));
            prop_assert!(used.calls <= limits.calls.all && used.streams <= limits.streams.all);
            prop_assert!(used.bytes <= limits.bytes);
            let paid = held.iter().map(|seat| seat.0.load.lock().unwrap().paid()).sum::<usize>();
            prop_assert_eq!(used.bytes, paid);
        }
        held.clear();
        prop_assert!(seats.0.taken().orgs.is_empty());
        prop_assert_eq!(seats.used(), Use::default());
    }
}
