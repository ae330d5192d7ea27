use super::{Arguments, MOST_ROWS, MOST_TEXT};
use crate::page::reveal::Piece;

fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// Each row as `path|type|value`, with a star where it may be left open.
fn rows(arguments: &str) -> Vec<String> {
    let read = Arguments::read(arguments).unwrap();
    let row = |row: &super::Row| {
        let star = if row.may_vary { "*" } else { "" };
        format!("{}{star}|{}|{}", row.pointer, row.kind, text(&row.value))
    };
    read.rows.iter().map(row).collect()
}

#[test]
fn each_argument_has_its_path_its_type_and_its_value() {
    let arguments =
        r#"{"a~b":"","items":[{"price":12.5},"two"],"sure":true,"to":"ann","when":null}"#;
    assert_eq!(
        rows(arguments),
        [
            "/a~0b*|empty text|",
            "/items*|list of 2|",
            "/items/0|object of 1|",
            "/items/0/price*|number|12.5",
            "/items/1|text|two",
            "/sure*|true or false|true",
            "/to*|text|ann",
            "/when*|null|",
        ]
    );
    assert!(rows("{}").is_empty());
}

#[test]
fn a_long_value_is_folded_and_what_hides_in_a_key_is_shown() {
    let arguments = format!(r#"{{"na{}me":"{}"}}"#, '\u{200b}', "é".repeat(300));
    let read = Arguments::read(&arguments).unwrap();
    let row = &read.rows[0];
    assert!(row.path.iter().any(|piece| piece.is_sign));
    let (begins, length) = row.long.as_ref().unwrap();
    assert_eq!((text(begins), *length), ("é".repeat(80), 300));
    assert_eq!(text(&row.value), "é".repeat(300));
}

#[test]
fn what_does_not_fit_on_a_page_is_said_to_be_missing() {
    let many: Vec<String> = (0..=MOST_ROWS).map(|at| format!("\"k{at}\":1")).collect();
    let read = Arguments::read(&format!("{{{}}}", many.join(","))).unwrap();
    assert_eq!(
        (read.rows.len(), read.has_all_rows, read.is_whole),
        (MOST_ROWS, false, true)
    );
    let long = format!(r#"{{"text":"{}"}}"#, "€".repeat(MOST_TEXT));
    let read = Arguments::read(&long).unwrap();
    assert_eq!(
        (read.rows.len(), read.has_all_rows, read.is_whole),
        (0, false, false)
    );
    assert_eq!(read.bytes, long.len());
    assert!(text(&read.whole).len() <= MOST_TEXT);
}
