use super::*;

const SECRET: &[u8] = b"12345678901234567890";

fn at(second: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(second).unwrap()
}

/// RFC 6238, appendix B: the last six of its eight digits.
#[test]
fn the_codes_are_those_of_the_standard() {
    for (second, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        assert_eq!(code_at(SECRET, second / STEP_S), code);
        assert_eq!(step_of(SECRET, code, at(second)), Some(second / STEP_S));
    }
}

#[test]
fn a_code_is_good_in_its_own_half_minute_and_in_those_beside_it() {
    let code = code_at(SECRET, 100);
    let good: Vec<i64> = (95..106)
        .filter(|step| step_of(SECRET, &code, at(step * STEP_S + 7)) == Some(100))
        .collect();
    assert_eq!(good, [99, 100, 101]);
    assert_eq!(step_of(SECRET, "", at(0)), None);
    assert_eq!(step_of(SECRET, "28708", at(59)), None);
}

/// RFC 4648, section 10, without padding.
#[test]
fn secrets_are_written_as_apps_read_them() {
    for (plain, text) in [
        ("", ""),
        ("f", "MY"),
        ("fo", "MZXQ"),
        ("foo", "MZXW6"),
        ("foob", "MZXW6YQ"),
        ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ] {
        assert_eq!(base32(plain.as_bytes()), text);
    }
    let enrolment = Enrolment::new(SECRET, "ann+x@example.org", "gate example");
    assert_eq!(
        enrolment.uri,
        "otpauth://totp/gate%20example:ann%2Bx%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=gate%20example"
    );
}

#[test]
fn a_recovery_code_is_the_same_however_it_is_typed() {
    let code = recovery_code([7; 10]);
    assert_eq!(code.len(), 19);
    assert_eq!(tidy(&code), tidy(&code.to_uppercase().replace('-', " ")));
    assert_eq!(tidy(&code).len(), 16);
}
