use super::canonical;
use crate::{Limits, read};
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 32,
    values: 1 << 20,
};

fn spelt(text: &str) -> String {
    canonical(&read(text.as_bytes(), &LIMITS).expect(text).root)
}

#[test]
fn keys_are_sorted_and_space_is_gone() {
    assert_eq!(
        spelt(" { \"b\" : [ 1.0 , -0, 1e2 ] , \"a\\u0062\" : null, \"\" : true } "),
        r#"{"":true,"ab":null,"b":[1,0,100]}"#
    );
}

#[test]
fn escapes_are_the_fewest() {
    assert_eq!(
        spelt(r#""\u0041\/\u001f\n\"\\\u007f\ud83d\ude00""#),
        "\"A/\\u001f\\n\\\"\\\\\u{7f}\u{1f600}\""
    );
}

#[test]
fn a_number_out_of_range_stays_as_it_was_written() {
    assert_eq!(spelt("[1E999]"), "[1E999]");
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_canonical_form_is_a_fixed_point_and_the_same_value(value in value()) {
        let once = spelt(&value.to_string());
        prop_assert_eq!(&spelt(&once), &once);
        prop_assert_eq!(&spelt(&serde_json::to_string_pretty(&value).unwrap()), &once);
    }
}
