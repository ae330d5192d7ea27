//! Arguments that are nearly the allowed ones.

use super::with;
use crate::world::session::RESULT;
use serde_json::Value;

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"echo":{"require":[{"conditions":[{"path":"args.to","op":"eq","value":"/srv/Caf\u00e9"},{"path":"args.n","op":"eq","value":10}]}]}}}"#;
const TO: &str = "/srv/Caf\u{e9}";

/// The text with one thing changed at each of its places.
fn texts() -> Vec<String> {
    let letters: Vec<char> = TO.chars().collect();
    let mut all = Vec::new();
    for at in 0..=letters.len() {
        let (before, after) = letters.split_at(at);
        let join = |middle: &str, after: &[char]| {
            let (before, after): (String, String) =
                (before.iter().collect(), after.iter().collect());
            format!("{before}{middle}{after}")
        };
        let put = "\u{200b},\u{200d},\u{feff},\u{ad},\u{202e},\u{2066},\u{301},\u{fe0f}, ,\\t,\\n,\\u0000,\\u200b,.,/,%00,\u{3000}";
        all.extend(put.split(',').map(|put| join(put, after)));
        let Some((letter, rest)) = after.split_first() else {
            continue;
        };
        all.push(join("", rest));
        all.push(join(&format!("{letter}{letter}"), rest));
        all.push(join(&format!("%{:02x}", u32::from(*letter)), rest));
        all.push(join(&letter.to_uppercase().to_string(), rest));
        all.push(join(&letter.to_lowercase().to_string(), rest));
        let wide = u32::from(*letter) + 0xFEE0;
        all.extend(char::from_u32(wide).map(|wide| join(&wide.to_string(), rest)));
        all.push(join(&format!("\\u{:04X}", u32::from(*letter)), rest));
    }
    all.extend(
        [
            "/srv/Cafe\u{301}",
            "/srv/../srv/Caf\u{e9}",
            "/srv//Caf\u{e9}",
            "",
            "/srv/Caf*",
            "\u{2f}srv\u{2f}Caf\\u00e9",
        ]
        .map(str::to_owned),
    );
    all
}

fn arguments() -> Vec<String> {
    let mut all: Vec<String> = texts()
        .iter()
        .map(|to| format!(r#"{{"to":"{to}","n":10}}"#))
        .collect();
    let values = [
        r#"["/srv/Café"]"#,
        r#"{"to":"/srv/Café"}"#,
        "null",
        "true",
        "10",
        "[]",
        r#"[["/srv/Café"]]"#,
    ];
    all.extend(values.map(|to| format!(r#"{{"to":{to},"n":10}}"#)));
    let numbers = [
        "10",
        "10.0",
        "1e1",
        "1.0E+1",
        "100e-1",
        "0.1e2",
        "10.00000000000000000000001",
        "9.99999999999999999999999",
        "-10",
        "11",
        "1",
        "\"10\"",
        "[10]",
        "{\"n\":10}",
        "null",
        "true",
        "10e0",
        "1e400",
        "1e-400",
        "10000000000000000000000e-21",
        "1010",
    ];
    all.extend(numbers.map(|n| format!(r#"{{"to":"/srv/Café","n":{n}}}"#)));
    for rest in [
        r#""To":"/srv/Café","n":10"#,
        r#""to ":"/srv/Café","n":10"#,
        r#""args":{"to":"/srv/Café","n":10}"#,
        r#""to":"/srv/Café""#,
        r#""n":10"#,
        "",
        r#""args.to":"/srv/Café","args.n":10"#,
        r#""to\u200b":"/srv/Café","n":10"#,
        r#""to":"/srv/Café","n":10,"TO":"/etc""#,
    ] {
        all.push(format!("{{{rest}}}"));
    }
    all
}

/// What JSON itself says is the same value.
fn is_allowed(arguments: &str) -> bool {
    let Ok(read) = serde_json::from_str::<Value>(arguments) else {
        return false;
    };
    // Beyond doubles only the text tells.
    let odd = ["10.00000000000000000000001", "9.99999999999999999999999"];
    read["to"] == TO
        && read["n"].as_f64() == Some(10.0)
        && !odd.iter().any(|odd| arguments.contains(odd))
}

#[tokio::test]
async fn arguments_pass_only_where_they_are_the_allowed_ones_in_another_spelling() {
    let world = with(POLICY).await;
    let (mut passed, mut all) = (0, 0);
    for arguments in arguments() {
        let answer = world.call("echo", &arguments).await;
        let allowed = is_allowed(&arguments);
        assert_eq!(
            answer.body == RESULT,
            allowed,
            "{arguments}: {}",
            answer.body
        );
        (passed, all) = (passed + usize::from(allowed), all + 1);
    }
    assert_eq!(world.calls().len(), passed);
    assert!(passed > 15 && all > 250, "{passed} of {all}");
}
