use super::starter;
use crate::policy::outline::Hints;

#[test]
fn what_only_reads_is_allowed_what_destroys_is_asked_for_and_the_rest_denied() {
    let hints = |read_only, destructive| Hints {
        read_only,
        destructive,
    };
    let tools = [
        ("list", hints(Some(true), None)),
        ("delete", hints(Some(false), Some(true))),
        ("create", hints(Some(false), Some(false))),
        ("silent", hints(None, None)),
        ("contradicts_itself", hints(Some(true), Some(true))),
        ("wild*", hints(Some(true), None)),
    ];
    let text = starter(tools.into_iter());
    assert_eq!(
        text,
        r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "list": {},
    "delete": { "action": "require_approval" }
  }
}"#
    );
    assert!(::policy::check(&text, None).is_empty());
}
