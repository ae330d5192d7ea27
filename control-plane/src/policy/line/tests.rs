use super::*;

const TEXT: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "pay/out": {
      "action": "allow",
      "limits": [
        {"max": 3, "window": "1h"},
        {"max": 9, "window": "1d"}
      ]
    }
  }
}"#;

#[test]
fn a_rule_stands_on_the_line_of_its_key_or_item() {
    assert_eq!(of_rule(TEXT, "/tools/pay~1out/action"), Some(6));
    assert_eq!(of_rule(TEXT, "/tools/pay~1out/limits/1"), Some(9));
    assert_eq!(of_rule(TEXT, "(default deny)"), Some(3));
}

#[test]
fn what_is_not_there_leads_to_what_is_around_it() {
    assert_eq!(of_rule(TEXT, "/tools/pay~1out/args/amount"), Some(5));
    assert_eq!(of_rule(TEXT, "/rules/0"), Some(1));
}

#[test]
fn what_is_no_pointer_or_no_document_has_no_line() {
    assert_eq!(of_rule(TEXT, "-32602"), None);
    assert_eq!(of_rule("{", "/tools"), None);
}
