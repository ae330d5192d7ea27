//! Reading allocates what the tree keeps: a list for each object and array, a text for each string with escapes.

use json::{Document, Limits, MOST_OF_A_VALUE, Member, Node, Value, read};
use proptest::prelude::*;
use std::borrow::Cow;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 20,
};

/// What is kept, in allocations and in bytes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept {
    count: u64,
    bytes: u64,
}

impl Kept {
    fn by(node: &Node<'_>) -> Self {
        let mut kept = Self::default();
        kept.node(node);
        kept
    }

    fn node(&mut self, node: &Node<'_>) {
        match &node.value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                self.list::<Node<'_>>(items.len());
                for item in items {
                    self.node(item);
                }
            }
            Value::Object(members) => {
                self.list::<Member<'_>>(members.len());
                for member in members {
                    self.text(&member.key);
                    self.node(&member.node);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn list<T>(&mut self, length: usize) {
        self.add(length * size_of::<T>());
    }

    #[expect(clippy::ptr_arg, reason = "whether it is owned is the question")]
    fn text(&mut self, text: &Cow<'_, str>) {
        if let Cow::Owned(text) = text {
            self.add(text.len());
        }
    }

    fn add(&mut self, bytes: usize) {
        if bytes > 0 {
            self.count += 1;
            self.bytes += bytes as u64;
        }
    }
}

/// What was allocated while reading: in all, at most at once, and still when it was read.
struct Measured {
    all: Kept,
    most: u64,
    still: Kept,
}

fn measured(text: &str) -> (Document<'_>, Measured) {
    let mut document = None;
    let info = allocation_counter::measure(|| document = Some(read(text.as_bytes(), &LIMITS)));
    let kept = |count: u64, bytes: u64| Kept { count, bytes };
    let still = |number: i64| u64::try_from(number).expect("no less than before");
    let measured = Measured {
        all: kept(info.count_total, info.bytes_total),
        most: info.bytes_max,
        still: kept(still(info.count_current), still(info.bytes_current)),
    };
    (document.expect("it was read").expect(text), measured)
}

/// INVARIANT for what has few parts open at a time: nothing is allocated that is not kept.
fn only_what_is_kept(text: &str) -> u64 {
    let (document, measured) = measured(text);
    let kept = Kept::by(&document.root);
    assert_eq!(measured.all, kept, "{text}");
    assert_eq!(measured.still, kept, "{text}");
    assert_eq!(document.kept as u64, kept.bytes, "{text}");
    kept.count
}

#[test]
fn a_plain_message_is_read_with_an_allocation_for_each_of_its_objects() {
    let call = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"create_refund",
        "arguments":{"order":"A-1007","amount":12.50,"currency":"EUR"},"_meta":{"progressToken":"p-7"}}}"#;
    assert_eq!(only_what_is_kept(call), 4);
    assert_eq!(
        only_what_is_kept(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
        1
    );
    assert_eq!(only_what_is_kept("[[], {}, 1, \"a\", null]"), 1);
    assert_eq!(only_what_is_kept("\"plain\""), 0);
}

#[test]
fn a_string_with_escapes_is_one_text_of_its_size() {
    for text in [
        r#""\n""#,
        r#""a\u0062c\"d\\e\/f""#,
        r#""\ud83d\ude00 x\t""#,
        r#"{"\u006eame":"plain"}"#,
    ] {
        only_what_is_kept(text);
    }
}

#[test]
fn a_key_that_stands_twice_is_found_without_a_copy() {
    let members: Vec<String> = (0..30).map(|n| format!("\"k{n}\":{n}")).collect();
    assert_eq!(only_what_is_kept(&format!("{{{}}}", members.join(","))), 1);
}

#[test]
fn a_wide_text_keeps_just_its_size_and_needs_at_most_three_times_that_to_be_read() {
    for text in [
        format!("[{}]", vec!["0"; 10_000].join(",")),
        format!(
            "[[{}],[{}]]",
            vec!["0"; 5_000].join(","),
            vec!["1"; 300].join(",")
        ),
        format!("[{}]", vec!["{\"a\":[1,2]}"; 3_000].join(",")),
        format!(
            "{{{}}}",
            (0..5_000)
                .map(|n| format!("\"{n}\":0"))
                .collect::<Vec<_>>()
                .join(",")
        ),
    ] {
        let (document, measured) = measured(&text);
        let kept = Kept::by(&document.root);
        assert_eq!(measured.still, kept);
        assert_eq!(document.kept as u64, kept.bytes);
        assert!(
            measured.most <= 3 * kept.bytes + (1 << 16),
            "{} for {}",
            measured.most,
            kept.bytes
        );
    }
}

/// Whatever the values are that a text is filled with, none takes more than is said, nor the tree than they together.
#[test]
fn a_value_takes_no_more_than_is_said() {
    for (part, values) in [
        ("0", 1),
        ("\"\"", 1),
        ("[0]", 2),
        ("[[],[]]", 3),
        ("{\"\":0}", 2),
        ("{\"a\":{\"b\":[1]}}", 4),
    ] {
        let count = (1 << 18) / values;
        let text = format!("[{}]", vec![part; count].join(","));
        let values = count * values + 1;
        let limits = Limits {
            values,
            bytes: usize::MAX,
            ..LIMITS
        };
        let document = read(text.as_bytes(), &limits).unwrap();
        let each = document.kept / values;
        println!(
            "`{part}`: {each} bytes a value, {} a byte of text",
            document.kept / text.len()
        );
        assert!(document.kept <= values * MOST_OF_A_VALUE, "{part}: {each}");
        let fewer = Limits {
            values: values - 1,
            ..limits
        };
        assert!(read(text.as_bytes(), &fewer).is_err(), "{part}");
    }
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1.50".to_owned()),
        Just("null".to_owned()),
        "\"[a-z]{0,5}\"",
        r#""(\\n|\\u00e9|\\ud83d\\ude00|\\ud83d|ab){1,4}""#,
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        let key = prop_oneof!["\"[a-c]{1,2}\"", r#""\\u006[1-3]""#];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec((key, inner), 0..5).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{key}:{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_allocated_that_is_not_kept(text in value()) {
        let (document, measured) = measured(&text);
        // What is refused is told besides.
        if document.refusals.is_empty() {
            let kept = Kept::by(&document.root);
            prop_assert_eq!(&measured.still, &kept);
            prop_assert_eq!(document.kept as u64, kept.bytes);
            prop_assert_eq!(&measured.all, &kept);
        }
    }
}
