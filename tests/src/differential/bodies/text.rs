//! Strings and numbers in the spellings that JSON has, and some that it has not.

use super::super::chance::Chance;

const PIECES: &[&str] = &[
    "a",
    "name",
    "drop",
    " ",
    "\u{e9}",
    "e\u{301}",
    "\u{df}",
    "\u{130}",
    "\u{200b}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{7f}",
    "\u{80}",
    "\u{1f600}",
    "\u{10ffff}",
    "'",
    "/",
    "</script>",
    "{}",
    ",\\\"x\\\":1",
    "\\u0000",
    "\\u0041",
    "\\u00e9",
    "\\uD83D\\uDE00",
    "\\ud83d\\ude00",
    "\\n",
    "\\t",
    "\\b\\f\\r",
    "\\/",
    "\\\\",
    "\\\"",
    "\\u2028",
    "\\ufeff",
    "\\uFFFF",
    "\\u0022",
    "\\u005c",
];

const EVIL_PIECES: &[&[u8]] = &[
    b"\\ud800",
    b"\\udc00",
    b"\\ud800\\u0041",
    b"\\udc00\\ud800",
    b"\\x41",
    b"\\u12",
    b"\\u{41}",
    b"\\'",
    b"\\",
    b"\n",
    b"\t",
    b"\0",
    b"\"",
    b"\xC0\xAE",
    b"\xED\xA0\x80",
    b"\xF4\x90\x80\x80",
    b"\xE9",
    b"\xFF",
];

pub fn string(chance: &mut Chance, evil: usize) -> Vec<u8> {
    let mut out = b"\"".to_vec();
    let most = if chance.below(50) == 0 { 60 } else { 5 };
    for _ in 0..chance.below(most) {
        if evil > 0 && chance.percent(evil) {
            out.extend_from_slice(chance.one(EVIL_PIECES));
        } else {
            out.extend(chance.one(PIECES).bytes());
        }
    }
    out.push(b'"');
    out
}

/// The text, some of its characters escaped in one way or the other.
pub fn spelled(chance: &mut Chance, text: &str) -> Vec<u8> {
    let often = if chance.percent(80) { 0 } else { 50 };
    let mut out = String::from("\"");
    for character in text.chars() {
        let must = matches!(character, '"' | '\\') || character < ' ';
        if must && chance.percent(50) && matches!(character, '"' | '\\') {
            out.push('\\');
            out.push(character);
        } else if must || chance.percent(often) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let escape = if chance.percent(50) {
                    format!("\\u{unit:04x}")
                } else {
                    format!("\\u{unit:04X}")
                };
                out.push_str(&escape);
            }
        } else {
            out.push(character);
        }
    }
    out.push('"');
    out.into_bytes()
}

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-0.0",
    "0e0",
    "0E+99999",
    "1.0",
    "10e-1",
    "1E3",
    "1e+3",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "0.1",
    "0.30000000000000004",
    "2.2250738585072014e-308",
    "4.9e-324",
    "2e-324",
    "1e-400",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "1e309",
    "-1e400",
    "123456789012345678901234567890",
    "3.141592653589793238462643383279",
    "1e22",
    "1e23",
    "5e-1",
    "100000000000000000000000000000000e-32",
];

const EVIL_NUMBERS: &[&str] = &[
    "01",
    "+1",
    "1.",
    ".5",
    "-",
    "1e",
    "1e+",
    "0x10",
    "1_000",
    "--1",
    "1.2.3",
    "00",
    "-01",
    "1d",
    "\u{661}",
    "1,5",
    "NaN",
    "Infinity",
    "-Infinity",
    "0b1",
    "1n",
];

pub fn number(chance: &mut Chance, evil: usize) -> Vec<u8> {
    if evil > 0 && chance.percent(evil) {
        return chance.one(EVIL_NUMBERS).as_bytes().to_vec();
    }
    match chance.below(10) {
        0..=2 => chance.below(100_000).to_string(),
        3..=5 => chance.one(NUMBERS).to_owned(),
        6 => {
            let (units, tens) = (chance.below(1_000_000), chance.below(700));
            let shift = i64::try_from(tens).unwrap_or(0) - 350;
            format!("{units}.{}e{shift}", chance.below(1_000_000))
        }
        7 => format!("-{}.{:017}", chance.below(1000), chance.draw() >> 8),
        8 => f64::from_bits(chance.draw() & 0xBFEF_FFFF_FFFF_FFFF).to_string(),
        _ => {
            let most = if chance.below(2_000) == 0 { 6_000 } else { 60 };
            let digits: String = (0..chance.below(most))
                .map(|_| chance.one(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]))
                .collect();
            format!("{}{digits}", 1 + chance.below(9))
        }
    }
    .into_bytes()
}
