use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 20,
};

fn fault(text: &str) -> FaultKind {
    read(text.as_bytes(), &LIMITS).expect_err(text).kind
}

fn refusals(text: &str) -> Vec<(RefusalKind, String)> {
    let document = read(text.as_bytes(), &LIMITS).expect(text);
    document
        .refusals
        .into_iter()
        .map(|refusal| (refusal.kind, refusal.pointer))
        .collect()
}

#[test]
fn every_part_knows_its_place() {
    let text = r#" {"a": [1, "b\u0063"]} "#;
    let document = read(text.as_bytes(), &LIMITS).unwrap();
    let list = document.root.get("a").unwrap();
    assert_eq!(list.span.of(text), r#"[1, "b\u0063"]"#);
    assert_eq!(list.as_array().unwrap()[1].as_str(), Some("bc"));
    assert_eq!(document.root.span.of(text), text.trim());
}

#[test]
fn numbers_keep_their_spelling() {
    for number in ["0", "-0", "1E400", "9007199254740993", "0.10", "1e+5"] {
        let document = read(number.as_bytes(), &LIMITS).unwrap();
        assert_eq!(document.root.as_number(), Some(number));
    }
}

#[test]
fn what_is_not_json_is_a_fault() {
    assert_eq!(fault("{} x"), FaultKind::TrailingText);
    assert_eq!(fault("\u{feff}{}"), FaultKind::ByteOrderMark);
    assert_eq!(
        read(b"\"\xff\"", &LIMITS).unwrap_err().kind,
        FaultKind::NotUtf8
    );
    for text in [
        "",
        "01",
        "1.",
        ".5",
        "+1",
        "NaN",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "\"\n\"",
        "// c\n1",
        "\"\\x\"",
        "\"\u{1f}\"",
        "{\"a\" 1}",
        "[1 2]",
        "\u{c}1",
        "1e",
        "tru",
    ] {
        assert!(
            matches!(
                fault(text),
                FaultKind::Expected(_) | FaultKind::TrailingText
            ),
            "{text}"
        );
    }
}

#[test]
fn depth_and_length_are_bounded() {
    assert_eq!(fault(&"[".repeat(65)), FaultKind::TooDeep);
    let deepest = "[".repeat(64) + &"]".repeat(64);
    assert!(read(deepest.as_bytes(), &LIMITS).is_ok());
    assert_eq!(
        read(b"123", &Limits { bytes: 2, ..LIMITS })
            .unwrap_err()
            .kind,
        FaultKind::TooLong
    );
}

#[test]
fn every_value_counts_whatever_it_is_and_whoever_holds_it() {
    let text = r#"[{"a":1,"b":[]},"x",null,true,{},-0.5e3]"#;
    let read_with = |values| read(text.as_bytes(), &Limits { values, ..LIMITS });
    assert!(read_with(9).is_ok());
    let fault = read_with(8).unwrap_err();
    assert_eq!(fault.kind, FaultKind::TooMany);
    assert_eq!(&text[fault.offset..], "-0.5e3]", "where it was enough");
    assert!(
        read(
            b"1",
            &Limits {
                values: 0,
                ..LIMITS
            }
        )
        .is_err()
    );
}

#[test]
fn a_repeated_key_is_noticed_at_any_depth_and_after_unescaping() {
    assert_eq!(
        refusals(r#"{"a":[{"name":1,"n\u0061me":2}]}"#),
        [(RefusalKind::RepeatedKey, "/a/0/name".to_owned())]
    );
    let many: Vec<String> = (0..40).map(|n| format!("\"k{}\":0", n % 39)).collect();
    assert_eq!(refusals(&format!("{{{}}}", many.join(","))).len(), 1);
}

#[test]
fn of_a_key_that_stands_twice_the_later_one_is_refused() {
    for count in [2, 16, 17, 300] {
        // Every key but the last stands once, and the last is the first again.
        let members: Vec<String> = (0..count)
            .map(|n| format!("\"k{}\":0", n % (count - 1)))
            .collect();
        let text = format!("{{{}}}", members.join(","));
        let document = read(text.as_bytes(), &LIMITS).unwrap();
        let [refusal] = document.refusals.as_slice() else {
            panic!("{:?}", document.refusals)
        };
        assert_eq!(refusal.span.start as usize, text.rfind("\"k0\"").unwrap());
    }
}

#[test]
fn of_many_that_are_alike_only_the_first_is_not_refused() {
    let members: Vec<String> = (0..90).map(|n| format!("\"k{}\":0", n * 7 % 3)).collect();
    let text = format!("{{{}}}", members.join(","));
    let document = read(text.as_bytes(), &LIMITS).unwrap();
    let mut refused: Vec<u32> = document
        .refusals
        .iter()
        .map(|refusal| refusal.span.start)
        .collect();
    refused.sort_unstable();
    let keys = document
        .root
        .as_object()
        .unwrap()
        .iter()
        .map(|member| member.key_span.start);
    assert_eq!(refused, keys.skip(3).collect::<Vec<_>>());
}

#[test]
fn not_more_than_a_hundred_refusals_are_listed() {
    let text = format!("[{}]", vec!["\"\\ud800\""; 1_000].join(","));
    assert_eq!(refusals(&text).len(), 100);
}

#[test]
fn what_is_wide_and_nested_is_read_as_it_stands() {
    let numbers: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let members: Vec<String> = (100..200).map(|n| format!("\"{n}\":[{n}]")).collect();
    let (list, object) = (
        format!("[{}]", numbers.join(",")),
        format!("{{{}}}", members.join(",")),
    );
    let text =
        format!("[0,{list},{{\"a\":1,\"b\":{object},\"c\":{object}}},{list},[{list},{object}],2]");
    let document = read(text.as_bytes(), &LIMITS).unwrap();
    assert_eq!(crate::canonical(&document.root), text);
}

#[test]
fn depth_counts_what_is_open_and_not_what_was() {
    let text = format!("[{}]", vec!["[{\"a\":[]}]"; 100].join(","));
    assert!(
        read(
            text.as_bytes(),
            &Limits {
                bytes: 1 << 20,
                depth: 4,
                values: 1 << 20,
            }
        )
        .is_ok()
    );
}

#[test]
fn two_halves_make_a_pair_only_in_their_order() {
    let read_as = |text: &str| {
        let document = read(text.as_bytes(), &LIMITS).unwrap();
        (
            document.root.as_str().unwrap().to_owned(),
            document.refusals.len(),
        )
    };
    assert_eq!(
        read_as(r#""\ud800\udc00\udbff\udfff""#),
        ("\u{10000}\u{10ffff}".to_owned(), 0)
    );
    assert_eq!(
        read_as(r#""\udc00\udc00""#),
        ("\u{fffd}\u{fffd}".to_owned(), 2)
    );
    assert_eq!(
        read_as(r#""\ud800\ud800\udc00x""#),
        ("\u{fffd}\u{10000}x".to_owned(), 1)
    );
    assert_eq!(read_as(r#""\ud800\u0041""#), ("\u{fffd}A".to_owned(), 1));
}

#[test]
fn nul_in_a_key_and_half_a_surrogate_are_refused() {
    assert_eq!(
        refusals(r#"{"a\u0000":1}"#).first().unwrap().0,
        RefusalKind::NulInKey
    );
    assert_eq!(
        refusals(r#"{"a":"\ud800"}"#),
        [(RefusalKind::LoneSurrogate, "/a".to_owned())]
    );
    assert_eq!(refusals(r#"["\udc00\ud800"]"#).len(), 2);
    assert_eq!(refusals(r#"["\ud83d\ude00", "\u0000"]"#), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_bytes_give_a_tree_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &LIMITS);
    }

    #[test]
    fn json_like_text_is_read_as_serde_reads_it(text in r#"[\[\]{}",:0-9a-c\\u\. -]{0,40}"#) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        let ours = read(text.as_bytes(), &LIMITS);
        // serde_json refuses a lone surrogate and a number beyond doubles; the tree reader keeps them.
        if theirs.is_ok() {
            prop_assert!(ours.is_ok(), "{text}");
        } else if let Ok(document) = ours {
            let message = theirs.unwrap_err().to_string();
            let known = message.contains("surrogate") || message.contains("number out of range") || message.contains("hex escape");
            prop_assert!(known, "{text}: {message}: {document:?}");
        }
    }
}
