use super::*;
use crate::reply::parse;
use proptest::prelude::*;

fn cut_to(text: &str, keep: &[&str]) -> Result<Option<String>, Unreadable> {
    let document = parse(text.as_bytes())?;
    let page = Page::of(&document)?.unwrap();
    let cuts = page.cuts(|entry| keep.contains(&entry.name));
    Ok((!cuts.is_empty()).then(|| crate::splice(text, cuts).unwrap()))
}

const PAGE: &str = "{ \"jsonrpc\":\"2.0\", \"result\" : {\"tools\":[ {\"name\":\"a\",\"x\":1.50} ,\n {\"name\":\"b\"}, {\"name\":\"\\u0063\",\"big\":12345678901234567890123}\t],\"z\":[]},\"id\":1}";

#[test]
fn what_stays_is_as_it_was_to_the_byte() {
    let cut = |keep: &[&str]| cut_to(PAGE, keep).unwrap().unwrap();
    assert_eq!(
        cut(&["a"]),
        PAGE.replace(
            " ,\n {\"name\":\"b\"}, {\"name\":\"\\u0063\",\"big\":12345678901234567890123}",
            ""
        )
    );
    assert_eq!(
        cut(&["b"]),
        PAGE.replace("{\"name\":\"a\",\"x\":1.50} ,\n ", "")
            .replace(
                ", {\"name\":\"\\u0063\",\"big\":12345678901234567890123}",
                ""
            )
    );
    assert_eq!(cut(&["a", "c"]), PAGE.replace("{\"name\":\"b\"}, ", ""));
    assert_eq!(
        cut(&[]),
        "{ \"jsonrpc\":\"2.0\", \"result\" : {\"tools\":[ \t],\"z\":[]},\"id\":1}"
    );
    assert_eq!(cut_to(PAGE, &["a", "b", "c"]).unwrap(), None);
}

#[test]
fn a_filtered_list_is_nobody_elses() {
    let text = r#"{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"public","tools":[],"ttlMs":5}}"#;
    assert_eq!(
        cut_to(text, &[]).unwrap().unwrap(),
        text.replace("public", "private")
    );
    let private = text.replace("public", "private");
    assert_eq!(cut_to(&private, &[]).unwrap(), None);
}

#[test]
fn a_list_that_can_be_read_in_two_ways_is_no_list() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"tools":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"Tools":[{"name":"x"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]},"Result":{"tools":[{"name":"x"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","name":"b"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","NAME":"b"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"[{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}]"#,
    ] {
        assert!(cut_to(text, &[]).is_err(), "{text}");
    }
}

#[test]
fn an_error_lists_nothing() {
    let document = parse(br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#).unwrap();
    assert!(Page::of(&document).unwrap().is_none());
}

#[test]
fn a_tool_without_a_name_goes() {
    let text = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"title":"x"},{"name":"a"},7]}}"#;
    assert_eq!(
        cut_to(text, &["a"]).unwrap().unwrap(),
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn exactly_the_kept_entries_are_left_each_as_it_was(
        entries in proptest::collection::vec((any::<bool>(), "[ \n\t]{0,2}", "[a-z]{0,6}", "[ \n\t]{0,2}"), 0..12),
    ) {
        let written: Vec<(bool, String, String)> = entries
            .iter()
            .enumerate()
            .map(|(index, (keep, before, extra, after))| {
                let entry = format!(r#"{{"name":"{}{index}","{extra}x":[1, 2.0]}}"#, if *keep { "keep" } else { "cut" });
                (*keep, entry.clone(), format!("{before}{entry}{after}"))
            })
            .collect();
        let page = |parts: Vec<&str>| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}],"rest":1e3}}}}"#, parts.join(","));
        let text = page(written.iter().map(|(_, _, spaced)| spaced.as_str()).collect());
        let document = parse(text.as_bytes()).unwrap();
        let cuts = Page::of(&document).unwrap().unwrap().cuts(|entry| entry.name.starts_with("keep"));
        let cut = crate::splice(&text, cuts).unwrap();
        let opening = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":["#;
        prop_assert!(cut.starts_with(opening), "{}", cut);
        let ending = r#"],"rest":1e3}}"#;
        prop_assert!(cut.ends_with(ending), "{}", cut);
        let again = parse(cut.as_bytes()).unwrap();
        let left: Vec<&str> = Page::of(&again).unwrap().unwrap().entries().map(|entry| entry.definition.span.of(&cut).to_owned()).map(|text| &*text.leak()).collect();
        let expected: Vec<&str> = written.iter().filter(|(keep, ..)| *keep).map(|(_, entry, _)| entry.as_str()).collect();
        prop_assert_eq!(left, expected);
    }

    #[test]
    fn any_bytes_are_a_page_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..120), inner in "[\\[\\]{}:,\"a-z0-9]{0,40}") {
        for text in [bytes, format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{inner}]}}}}"#).into_bytes()] {
            if let Ok(document) = parse(&text)
                && let Ok(Some(page)) = Page::of(&document)
            {
                let cuts = page.cuts(|entry| entry.name.len() % 2 == 0);
                prop_assert!(crate::splice(document.text, cuts).is_some());
            }
        }
    }
}
