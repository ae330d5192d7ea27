use super::*;

fn secrets() -> Secrets {
    Secrets::of(["Bearer sk+live/1234", "20260101"].into_iter())
}

/// `text` with every character written as an escape.
fn escaped(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect::<Vec<_>>()
        .concat()
}

#[test]
fn a_secret_is_covered_however_its_characters_are_written() {
    let once = escaped("sk+live/1234");
    let twice = once.replace('\\', "\\\\");
    let thrice = twice.replace('\\', "\\\\");
    for said in [
        r#"{"a":"sk+live/1234"}"#.to_owned(),
        r#"{"a":"sk\u002Blive\/1234"}"#.to_owned(),
        r#"{"a":"{\"auth\":\"sk\\u002Blive/1234\"}"}"#.to_owned(),
        format!(r#"{{"a":["x",{{"b":"{once}"}}]}}"#),
        format!(r#"{{"{once}":1}}"#),
        format!(r#"{{"a":"{twice}"}}"#),
        format!(r#"{{"a":"{thrice}"}}"#),
        r#"{"a":20260101}"#.to_owned(),
        r#"{"a":1202601015}"#.to_owned(),
    ] {
        let covered = message(&said, &secrets()).unwrap_or_else(|| panic!("{said} passed"));
        assert!(covered.contains("[redacted]"), "{covered}");
        let read: serde_json::Value = serde_json::from_str(&covered).unwrap();
        let mut read = read.to_string();
        for _ in 0..4 {
            assert!(
                !read.contains("sk+live") && !read.contains("20260101"),
                "{read}"
            );
            read = unescaped(&read);
        }
    }
}

#[test]
fn what_holds_no_secret_keeps_its_bytes() {
    for said in [
        r#"{"a":"\u0041\\u00e9 \ud83d\ude00 \\","b":[1.50,null]}"#,
        r#"{"a":"\\u12"}"#,
        "{}",
    ] {
        assert_eq!(message(said, &secrets()), None, "{said}");
    }
    assert_eq!(message("20260101", &Secrets::default()), None);
}

#[test]
fn the_fields_of_an_event_are_covered_too() {
    let mut event = Event {
        name: Some(b"x sk+live/1234".to_vec()),
        id: Some(b"7-sk+live/1234".to_vec()),
        retry: Some(b"20260101".to_vec()),
        data: Some(b"untouched".to_vec()),
    };
    fields(&mut event, &secrets());
    let text = String::from_utf8(event.to_bytes()).unwrap();
    assert!(
        !text.contains("sk+live") && !text.contains("2026"),
        "{text}"
    );
    assert!(
        text.contains("id: 7-[redacted]") && text.contains("data: untouched"),
        "{text}"
    );
}
