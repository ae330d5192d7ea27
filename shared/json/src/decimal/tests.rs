use super::{Decimal, OutOfRange};
use proptest::prelude::*;
use std::cmp::Ordering;

fn number(text: &str) -> Decimal<'_> {
    Decimal::parse(text).expect(text)
}

#[test]
fn spellings_of_one_number_are_equal() {
    for (left, right) in [
        ("1", "1.0"),
        ("1", "10e-1"),
        ("0.1", "0.10"),
        ("0.1", "1e-1"),
        ("100", "1e2"),
        ("100", "1E+2"),
        ("0", "-0"),
        ("0", "0e999"),
        ("0.000", "0"),
        ("-1.50", "-15e-1"),
        ("12.5", "0.125e2"),
        ("00.5", "0.5"),
    ] {
        assert_eq!(number(left), number(right), "{left} {right}");
    }
}

#[test]
fn order_is_that_of_the_numbers() {
    let rising = [
        "-1e400",
        "-10",
        "-9.99",
        "-1",
        "-0.1",
        "-1e-400",
        "0",
        "1e-400",
        "0.099",
        "0.1",
        "0.11",
        "1",
        "1.0001",
        "2",
        "9007199254740992",
        "9007199254740993",
        "1e20",
        "1e400",
    ];
    for (at, left) in rising.iter().enumerate() {
        for (other, right) in rising.iter().enumerate() {
            assert_eq!(
                number(left).cmp(&number(right)),
                at.cmp(&other),
                "{left} {right}"
            );
        }
    }
}

#[test]
fn the_range_ends_at_exponent_400_and_400_digits() {
    let digits = "9".repeat(400);
    for text in [
        "1e400",
        "1e-400",
        "10e399",
        "0.1e401",
        "0e99999999999999999999",
        &digits,
        &format!("0.{digits}"),
        &format!("000{digits}"),
    ] {
        assert!(Decimal::parse(text).is_ok(), "{text}");
    }
    let more = "1".repeat(401);
    let padded = format!("1.{}", "0".repeat(400));
    let small = format!("0.{}1", "0".repeat(400));
    for text in [
        "1e401",
        "1e-401",
        "10e400",
        "1e99999999999999999999",
        "",
        "-",
        ".",
        "e1",
        "1e",
        "1x",
        "+1",
        "0x1",
        "1.2.3",
        "1e-9223372036854775808",
        "1e9223372036854775807",
        &more,
        &padded,
        &small,
    ] {
        assert_eq!(Decimal::parse(text), Err(OutOfRange), "{text}");
    }
}

#[test]
fn a_rest_is_rounded_up() {
    for (text, scale, units) in [
        ("0.5", 2, Some(50)),
        ("0.001", 2, Some(1)),
        ("1.239", 2, Some(124)),
        ("1.230", 2, Some(123)),
        ("0", 2, Some(0)),
        ("1e-300", 0, Some(1)),
        ("9007199254740991.5", 0, Some(9_007_199_254_740_992)),
        ("-1", 0, None),
        ("-0", 0, Some(0)),
        ("18446744073709551615", 0, Some(u64::MAX)),
        ("18446744073709551616", 0, None),
        ("18446744073709551614.1", 0, Some(u64::MAX)),
        ("18446744073709551615.1", 0, None),
        ("1e400", 0, None),
        ("12e3", 1, Some(120_000)),
    ] {
        assert_eq!(number(text).units_up(scale), units, "{text} {scale}");
    }
}

#[test]
fn only_a_whole_number_is_whole() {
    for (text, whole) in [
        ("10", Some(10)),
        ("10.0", Some(10)),
        ("1e1", Some(10)),
        ("10.5", None),
        ("-1", None),
        ("0.0", Some(0)),
    ] {
        assert_eq!(number(text).whole(), whole, "{text}");
    }
}

#[test]
fn the_canonical_spelling_is_short_and_plain() {
    for (text, canonical) in [
        ("10.0", "10"),
        ("-0", "0"),
        ("1e2", "100"),
        ("0.10", "0.1"),
        ("1E-7", "0.0000001"),
        ("1e-8", "1e-8"),
        ("1e21", "1e+21"),
        ("123456789012345678901", "123456789012345678901"),
        ("15e399", "1.5e+400"),
        ("-12.50", "-12.5"),
        ("0e9", "0"),
        ("1e20", "100000000000000000000"),
    ] {
        assert_eq!(number(text).canonical(), canonical);
    }
    assert_eq!(Decimal::respell("1e999"), "1e999");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_canonical_spelling_is_the_same_number_and_its_own(text in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?") {
        let spelt = number(&text).canonical();
        prop_assert_eq!(number(&spelt), number(&text));
        prop_assert_eq!(number(&spelt).canonical(), spelt);
    }

    #[test]
    fn whole_numbers_compare_as_integers(left in any::<i64>(), right in any::<i64>()) {
        prop_assert_eq!(number(&left.to_string()).cmp(&number(&right.to_string())), left.cmp(&right));
    }

    #[test]
    fn shifting_the_point_and_the_exponent_changes_nothing(digits in 1u64.., shift in 0u32..15) {
        let written = format!("{digits}{}e-{shift}", "0".repeat(shift as usize));
        let plain = digits.to_string();
        prop_assert_eq!(number(&written), number(&plain));
    }

    #[test]
    fn any_text_is_read_or_refused(left in "\\PC{0,30}", right in "[-+0-9.eE]{0,12}") {
        for text in [&left, &right] {
            if let Ok(read) = Decimal::parse(text) {
                prop_assert_eq!(read.cmp(&read), Ordering::Equal);
                let _ = read.units_up(3);
            }
        }
    }
}
