use super::line_of;

const DOCUMENT: &str = r#"{
  "version": "1",
  "default": "deny",
  "hide": [
    "internal_*"
  ],
  "all_tools": {
    "rate_limit": "10/minute"
  },
  "tools": {
    "a/b": {
      "action": "deny"
    },
    "pay": {
      "deny_if": [
        { "conditions": [ { "path": "args.amount", "op": "gt", "value": 5 } ] },
        { "conditions": [ { "path": "args.amount", "op": "gt", "value": 7 } ] },
        { "id": "mine", "conditions": [] },
        { "conditions": [] },
        { "conditions": [ { "not": { "any": [ { "path": "args.to", "op": "exists", "value": true } ] } } ] }
      ],
      "limits": [
        { "counter": "paid", "window": "day", "max": 9, "cost": { "from": "args.amount" } }
      ]
    }
  }
}"#;

#[test]
fn a_rule_is_found_on_the_line_it_stands_on() {
    let lines = [
        ("(default deny)", 3),
        ("(hidden)", 4),
        ("/hide/internal_*", 5),
        ("/all_tools/limits/all_tools_rate", 8),
        ("/tools/a~1b/action", 12),
        ("/tools/pay/deny_if/args.amount-gt", 16),
        ("/tools/pay/deny_if/args.amount-gt#2", 17),
        ("/tools/pay/deny_if/mine", 18),
        ("/tools/pay/deny_if/always", 19),
        ("/tools/pay/deny_if/args.to-exists", 20),
        ("/tools/pay/deny_if/1/conditions/0/value", 17),
        ("/tools/pay/limits/paid", 23),
        ("/tools/pay/limits/paid/cost", 23),
        ("/tools/pay/limits/paid/by", 23),
        ("", 1),
    ];
    for (rule, line) in lines {
        assert_eq!(line_of(DOCUMENT, rule), Some(line), "{rule}");
    }
}

#[test]
fn what_is_not_there_has_no_line() {
    let none = [
        "(unknown)",
        "(no policy)",
        "-32602",
        "/tools/none",
        "/tools/pay/deny_if/args.amount-lt",
        "/tools/pay/limits/other",
        "/tools/pay/by",
    ];
    for rule in none {
        assert_eq!(line_of(DOCUMENT, rule), None, "{rule}");
    }
    assert_eq!(line_of("{", "/tools"), None);
}
