use ids::{CallId, GrantId, OrgId, PolicyId, ServerId};
use proptest::prelude::*;

use super::*;

/// An id from text: tests own their chance.
fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str) -> T {
    format!("{prefix}_0192a3b4c5d670008000000000000001")
        .parse()
        .unwrap()
}

fn longest(text: &str) -> Intent {
    let long = text.repeat(5_000);
    Intent {
        id: id::<CallId>("call"),
        at: u64::MAX,
        org: id::<OrgId>("org"),
        replica: long.as_str().into(),
        grant: id::<GrantId>("grt"),
        server: id::<ServerId>("srv"),
        method: long.as_str().into(),
        tool: Some(long.as_str().into()),
        verdict: Verdict::UnknownTool,
        rule: Some(long.as_str().into()),
        policy: Some(PolicyVersion {
            id: id::<PolicyId>("pol"),
            version: u32::MAX,
        }),
        bundle_version: u64::MAX,
        limiter: Limiter::Closed,
        charges: (0..5_000)
            .map(|_| Charge {
                limit: [0xff; 16],
                subject: [0xff; 16],
                slot_ms: 1,
                slots: 120,
                slot: (1 << 53) - 1_000,
                cost: (1 << 53) - 1,
                is_of_forwarded: true,
            })
            .collect(),
        argument_keys: (0..5_000).map(|_| long.as_str()).collect(),
        shadow: (0..5_000)
            .map(|_| Shadow {
                would: Would::Limit,
                rule: long.as_str().into(),
            })
            .collect(),
        approval: Some(ids::ApprovalId::new(1, [1; 10])),
        client: Some(Client {
            name: long.as_str().into(),
            version: long.as_str().into(),
        }),
        protocol: Some(long.as_str().into()),
        added_us: u64::MAX,
    }
}

#[test]
fn the_longest_record_fits_its_bound_whatever_it_is_made_of() {
    // A control character is the dearest: one byte that JSON writes as six.
    for text in ["\u{1}", "\0", "\"", "é", "🦀", "a"] {
        let record = Record::Intent(Box::new(longest(text)));
        let written = serde_json::to_vec(&record).unwrap();
        assert!(
            written.len() <= MAX_RECORD,
            "{text:?}: {} bytes",
            written.len()
        );
        assert_eq!(serde_json::from_slice::<Record>(&written).unwrap(), record);
    }
}

#[test]
fn a_newer_replicas_extra_field_does_not_make_its_record_unreadable() {
    let record = Record::Outcome(Outcome {
        id: id::<CallId>("call"),
        at: 1,
        org: id::<OrgId>("org"),
        upstream_status: Some(200),
        latency_us: 2,
        added_us: 3,
        bytes: 4,
        outcome: Ending::ToolError,
        refunded: true,
    });
    let mut value = serde_json::to_value(&record).unwrap();
    value["of_tomorrow"] = serde_json::json!({"a": [1]});
    assert_eq!(serde_json::from_value::<Record>(value).unwrap(), record);
}

#[test]
fn every_word_is_the_same_in_json_and_in_text() {
    fn same<T: Copy + PartialEq + std::fmt::Debug + Serialize>(
        all: &[T],
        text: fn(T) -> &'static str,
        of: fn(&str) -> Option<T>,
    ) {
        for &word in all {
            assert_eq!(
                serde_json::to_value(word).unwrap(),
                serde_json::json!(text(word))
            );
            assert_eq!(of(text(word)), Some(word));
        }
        assert_eq!(of("something else"), None);
    }
    same(Verdict::ALL, Verdict::as_str, Verdict::of);
    same(Limiter::ALL, Limiter::as_str, Limiter::of);
    same(Ending::ALL, Ending::as_str, Ending::of);
    same(Would::ALL, Would::as_str, Would::of);
}

#[test]
fn what_is_cut_says_so() {
    assert_eq!(Short::<8>::new("12345678").as_str(), "12345678");
    assert_eq!(Short::<8>::new("123456789").as_str(), "12345…");
    assert_eq!(Short::<8>::new("a\0b").as_str(), "a\u{fffd}b");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn short_text_is_short_and_holds_no_nul(text in "(?s).{0,40}") {
        let short = Short::<16>::new(&text);
        prop_assert!(short.as_str().len() <= 16);
        prop_assert!(!short.as_str().contains('\0'));
        if text.len() <= 16 && !text.contains('\0') {
            prop_assert_eq!(short.as_str(), text.as_str());
        }
        prop_assert_eq!(Short::<16>::new(short.as_str()), short);
    }
}

#[test]
fn a_record_with_its_place_is_read_by_who_knows_of_places_and_by_who_does_not() {
    let record = Record::Intent(Box::new(longest("a")));
    let bytes = serde_json::to_vec(&record).unwrap();
    let place = Place {
        epoch: u64::MAX,
        seq: u64::MAX,
    };
    let mut placed = Vec::new();
    place.join(&bytes, &mut placed);
    assert_eq!(placed.len(), bytes.len() + Place::MOST);
    let text = String::from_utf8(placed).unwrap();
    assert_eq!(Place::of(&text), Some(place));
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    assert_eq!(Place::of(std::str::from_utf8(&bytes).unwrap()), None);
    for odd in ["", "{}", "[1]"] {
        let mut out = Vec::new();
        place.join(odd.as_bytes(), &mut out);
        assert_eq!(out, odd.as_bytes());
    }
}
