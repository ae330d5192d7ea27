use super::spell::{Json, Layout};
use super::splice::{Step, look, put, read, take};
use super::{Edit, Of, Word};
use ::policy::{Level, check};
use proptest::prelude::*;

fn say(selector: &str, word: Word) -> Edit {
    Edit::Say {
        selector: selector.to_owned(),
        word,
    }
}

const DOCUMENT: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "list": {},
    "refund": {
      "deny_if": [ { "conditions": [ { "path": "args.amount", "op": "gt", "value": 5e4 } ] } ],
      "reason": "money"
    }
  }
}
"#;

#[test]
fn a_tool_is_denied_allowed_and_left_to_the_rest() {
    let denied = say("list", Word::Deny).apply(DOCUMENT).unwrap();
    assert_eq!(
        denied,
        DOCUMENT.replace("\"list\": {}", "\"list\": { \"action\": \"deny\" }")
    );
    assert_eq!(say("list", Word::Allow).apply(&denied).unwrap(), DOCUMENT);
    let added = say("new", Word::Hide).apply(DOCUMENT).unwrap();
    assert!(
        added.contains("\"new\": { \"action\": \"hide\" }"),
        "{added}"
    );
    assert_eq!(say("new", Word::None).apply(&added).unwrap(), DOCUMENT);
}

#[test]
fn a_word_in_the_place_of_rules_says_first_what_is_lost() {
    let deny = say("refund", Word::Deny);
    assert_eq!(deny.loses(DOCUMENT).unwrap(), ["deny_if"]);
    assert_eq!(
        say("refund", Word::None).loses(DOCUMENT).unwrap(),
        ["deny_if", "reason"]
    );
    assert!(say("list", Word::Deny).loses(DOCUMENT).unwrap().is_empty());
    let denied = deny.apply(DOCUMENT).unwrap();
    let document = read(&denied).unwrap();
    let entry = look(&document.root, &[Step::Key("tools"), Step::Key("refund")]);
    assert_eq!(Word::of(entry), Word::Deny);
    assert_eq!(
        entry.unwrap().get("reason").unwrap().as_str(),
        Some("money")
    );
    assert!(errors(&denied).is_empty(), "{denied}");
    assert_eq!(
        say("refund", Word::Custom).apply(DOCUMENT).unwrap(),
        DOCUMENT
    );
}

#[test]
fn a_list_that_loses_its_last_item_goes_with_it() {
    let of = Of::Entry("refund".to_owned());
    let drop = Edit::Drop {
        of,
        list: "deny_if",
        index: 0,
    };
    let after = drop.apply(DOCUMENT).unwrap();
    assert!(
        !after.contains("deny_if") && after.contains("\"reason\": \"money\""),
        "{after}"
    );
}

#[test]
fn rules_for_all_tools_are_made_where_there_are_none() {
    let limit = Json::object([
        ("counter", Json::text("calls")),
        ("window", Json::text("minute")),
        ("max", Json::Raw("9".to_owned())),
    ]);
    let edit = Edit::Item {
        of: Of::AllTools,
        list: "limits",
        index: None,
        value: limit,
    };
    let once = edit.apply(DOCUMENT).unwrap();
    assert!(errors(&once).is_empty(), "{once}");
    let twice = edit.apply(&once).unwrap();
    assert_eq!(twice.matches("\"calls\"").count(), 2, "{twice}");
}

fn errors(text: &str) -> Vec<String> {
    check(text, None)
        .into_iter()
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| format!("{} {}", finding.pointer, finding.code))
        .collect()
}

/// Names as servers give them, and such as only JSON can spell.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-e]{1,2}",
        1 => "[a/~\"\\\\ü\\n.]{1,6}",
    ]
}

fn entry() -> impl Strategy<Value = Json> {
    let condition = |op: &str, value: &str| {
        Json::object([
            ("path", Json::text("args.n")),
            ("op", Json::text(op)),
            ("value", Json::Raw(value.to_owned())),
        ])
    };
    let predicate = Json::object([("conditions", Json::List(vec![condition("gt", "1.50")]))]);
    prop_oneof![
        Just(Json::Object(Vec::new())),
        Just(Json::object([("action", Json::text("deny"))])),
        Just(Json::object([
            ("reason", Json::text("because")),
            ("action", Json::text("hide"))
        ])),
        Just(Json::object([("action", Json::text("require_approval"))])),
        Just(Json::object([
            ("require", Json::List(vec![predicate.clone(), predicate])),
            ("rate_limit", Json::text("10/minute")),
        ])),
    ]
}

/// Documents without errors, on one line or on several.
fn document() -> impl Strategy<Value = String> {
    let entries = prop::collection::btree_map(name(), entry(), 0..6);
    (
        entries,
        any::<bool>(),
        prop::sample::select(vec!["deny", "allow"]),
    )
        .prop_map(|(entries, is_broken, default)| {
            let tools = Json::Object(entries.into_iter().collect());
            let whole = Json::object([
                ("version", Json::text("1")),
                ("default", Json::text(default)),
                ("hide", Json::List(vec![Json::text("internal_*")])),
                ("tools", tools),
            ]);
            let layout = Layout {
                is_broken,
                unit: "\t",
            };
            whole.spell(layout, "")
        })
}

fn word() -> impl Strategy<Value = Word> {
    prop::sample::select(Word::SAID.to_vec())
}

/// Every entry but one, as it is written, in order.
fn others<'t>(text: &'t str, selector: &str) -> Vec<(String, &'t str)> {
    let document = read(text).unwrap();
    let tools = document.root.get("tools").and_then(json::Node::as_object);
    tools
        .unwrap_or_default()
        .iter()
        .filter(|member| member.key != selector)
        .map(|member| (member.key.to_string(), member.node.span.of(text)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn editing_one_tool_never_changes_another(text in document(), selector in name(), word in word()) {
        let after = say(&selector, word).apply(&text).unwrap();
        prop_assert_eq!(others(&after, &selector), others(&text, &selector));
        let (before, changed) = (read(&text).unwrap(), read(&after).unwrap());
        for key in ["version", "default", "hide"] {
            let part = |document: &json::Document<'_>| document.root.get(key).map(|node| node.span.of(document.text).to_owned());
            prop_assert_eq!(part(&changed), part(&before));
        }
        let entry = changed.root.get("tools").unwrap().get(&selector);
        prop_assert_eq!(Word::of(entry), word);
    }

    #[test]
    fn an_edit_of_a_good_document_gives_a_good_document(text in document(), selector in name(), word in word()) {
        prop_assert_eq!(errors(&text), Vec::<String>::new());
        let after = say(&selector, word).apply(&text).unwrap();
        prop_assert_eq!(errors(&after), Vec::<String>::new(), "{}", after);
    }

    #[test]
    fn an_edit_that_is_taken_back_leaves_the_document_byte_for_byte(text in document(), selector in name(), word in word()) {
        let after = say(&selector, word).apply(&text).unwrap();
        let way = [Step::Key("tools"), Step::Key(&selector)];
        let before = read(&text).unwrap();
        let back = match look(&before.root, &way) {
            // An entry that was taken out altogether has lost its place: it comes back as the last.
            Some(_) if word == Word::None => return Ok(()),
            Some(entry) => put(&after, &way, &Json::Raw(entry.span.of(&text).to_owned())).unwrap(),
            None => take(&after, &way).unwrap(),
        };
        prop_assert_eq!(back, text);
    }

    #[test]
    fn an_item_that_is_added_and_dropped_leaves_the_document_byte_for_byte(text in document(), selector in name()) {
        let of = Of::Entry(selector.clone());
        let value = Json::object([("conditions", Json::List(Vec::new()))]);
        let document = read(&text).unwrap();
        let Some(entry) = look(&document.root, &[Step::Key("tools"), Step::Key(&selector)]) else {
            return Ok(());
        };
        let index = entry.get("require").and_then(json::Node::as_array).map_or(0, <[_]>::len);
        let added = Edit::Item { of: of.clone(), list: "require", index: None, value }.apply(&text).unwrap();
        let dropped = Edit::Drop { of, list: "require", index }.apply(&added).unwrap();
        prop_assert_eq!(dropped, text);
    }
}
