use super::{Facts, Outline, Standing};
use crate::policy::edit::Word;
use ::policy::Category;

fn standing(document: &str, name: &str, category: Category) -> Standing {
    let facts = [Facts { name, category }];
    Outline::of(document, &facts).unwrap().tools.remove(0)
}

const DOCUMENT: &str = r#"{
  "version": "1", "default": "deny", "hide": ["internal_*"],
  "all_tools": { "limits": [ {} ] },
  "tools": {
    "list": {},
    "refund": { "deny_if": [ {}, {} ], "mode": "shadow" },
    "search_*": { "action": "require_approval" },
    "@nothing": {},
    "@destructive": { "action": "deny" }
  }
}"#;

#[test]
fn each_tool_has_its_word_and_where_it_comes_from() {
    let list = standing(DOCUMENT, "list", Category::Read);
    assert_eq!((list.word, list.effect), (Word::Allow, Word::Allow));
    let refund = standing(DOCUMENT, "refund", Category::Financial);
    assert_eq!(
        (refund.word, refund.holds.as_str()),
        (Word::Custom, "2 conditions to deny, in shadow")
    );
    let search = standing(DOCUMENT, "search_all", Category::Read);
    assert_eq!(
        (search.word, search.effect, search.from.as_str()),
        (Word::None, Word::Approve, "as `search_*` says")
    );
    let wipe = standing(DOCUMENT, "wipe", Category::Destructive);
    assert_eq!(
        (wipe.effect, wipe.from.as_str()),
        (Word::Deny, "as `@destructive` says")
    );
    let other = standing(DOCUMENT, "other", Category::Unknown);
    assert_eq!(
        (other.effect, other.from.as_str()),
        (Word::Deny, "by default")
    );
    let inside = standing(DOCUMENT, "internal_x", Category::Read);
    assert_eq!(inside.effect, Word::Hide);
    assert_eq!(inside.fixed.as_deref(), Some("in the list of hidden tools"));
    assert!(standing(DOCUMENT, "wild*", Category::Read).fixed.is_some());
}

#[test]
fn what_is_for_no_tool_of_the_server_is_named_beside() {
    let facts = [Facts {
        name: "list",
        category: Category::Read,
    }];
    let outline = Outline::of(DOCUMENT, &facts).unwrap();
    let others: Vec<&str> = outline
        .others
        .iter()
        .map(|other| other.selector.as_str())
        .collect();
    assert_eq!(others, ["refund", "search_*", "@nothing", "@destructive"]);
    assert_eq!(
        (outline.all_tools.as_str(), outline.hide.as_slice()),
        ("1 limit", ["internal_*".to_owned()].as_slice())
    );
}

#[test]
fn a_draft_that_has_no_form_says_where() {
    for (document, pointer) in [
        ("{", ""),
        ("[]", ""),
        (r#"{"tools":[]}"#, "/tools"),
        (r#"{"hide":"x"}"#, "/hide"),
        (r#"{"hide":[1]}"#, "/hide"),
        (r#"{"tools":{"a":{},"a":{}}}"#, "/tools/a"),
    ] {
        assert_eq!(
            Outline::of(document, &[]).unwrap_err().pointer,
            pointer,
            "{document}"
        );
    }
}
