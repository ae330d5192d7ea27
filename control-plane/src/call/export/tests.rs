use super::*;
use bundle::record::{Ending, Limiter, Verdict};
use ids::{GrantId, ServerId};
use proptest::prelude::*;
use time::OffsetDateTime;

fn call(tool: &str, keys: &[&str]) -> Call {
    Call {
        id: CallId::new(1_790_000_000_000, [1; 10]),
        at: OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap(),
        grant: GrantId::new(1, [2; 10]),
        server: ServerId::new(1, [3; 10]),
        method: "tools/call".into(),
        tool: Some(tool.into()),
        verdict: Verdict::Deny,
        rule: Some("(default deny)".into()),
        policy: None,
        version: None,
        approval: None,
        limiter: Limiter::None,
        argument_keys: keys.iter().map(ToString::to_string).collect(),
        upstream_status: Some(200),
        latency_ms: Some(1.5),
        added_ms: 0.25,
        outcome: Some(Ending::Ok),
    }
}

/// A plain reading of RFC 4180, apart from the writing.
fn read_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {
                chars.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    rows
}

#[test]
fn a_row_has_a_cell_for_every_column() {
    let mut text = Format::Csv.head().to_owned();
    Format::Csv.write(&call("create_refund", &["amount", "currency"]), &mut text);
    let rows = read_csv(&text);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].len(), rows[1].len());
    let cell = |name: &str| &rows[1][rows[0].iter().position(|column| column == name).unwrap()];
    assert_eq!(cell("tool"), "create_refund");
    assert_eq!(cell("argument_keys"), "amount currency");
    assert_eq!(cell("at"), "2026-09-21T14:13:20Z");
    assert_eq!(cell("latency_ms"), "1.5");
    assert_eq!(cell("policy"), "");
    assert_eq!(cell("outcome"), "ok");
}

#[test]
fn a_line_of_json_is_the_call_as_lists_show_it() {
    let mut text = String::new();
    Format::Jsonl.write(&call("a\nb", &[]), &mut text);
    assert_eq!(text.lines().count(), 1);
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read, serde_json::to_value(call("a\nb", &[])).unwrap());
}

#[test]
fn what_a_spreadsheet_would_run_is_made_inert() {
    for formula in [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "=HYPERLINK(\"http://x\",\"y\")",
        "＝1",
        "|calc",
    ] {
        let mut text = String::new();
        Format::Csv.write(&call(formula, &[formula]), &mut text);
        let row = &read_csv(&text)[0];
        assert_eq!(row[5], format!("'{formula}"));
        assert_eq!(row[11], format!("'{formula}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn no_cell_breaks_its_row_or_begins_a_formula(tool in "(?s).{0,20}", key in "(?s).{0,20}") {
        let mut text = String::new();
        Format::Csv.write(&call(&tool, &[&key]), &mut text);
        let rows = read_csv(&text);
        prop_assert_eq!(rows.len(), 1);
        prop_assert_eq!(rows[0].len(), COLUMNS.split(',').count());
        prop_assert!(!rows[0].iter().any(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])));
        let inert = format!("'{tool}");
        prop_assert!(rows[0][5] == tool || rows[0][5] == inert);
    }
}
