//! An allowed call is judged without an allocation, whatever its rules look at, as long as none asks for a schema.

use policy::case::Context;

const POLICY: &str = r#"{
  "version": "1", "default": "deny", "timezone": "Europe/Berlin", "hide": ["internal_*", "secret"],
  "all_tools": {
    "deny_if": [ { "conditions": [ { "path": "grant.labels.env", "op": "eq", "value": "dev" } ] } ],
    "limits": [ { "counter": "calls", "window": "minute", "max": 120 } ]
  },
  "tools": {
    "other": {}, "pa?": { "action": "deny" }, "@read": {},
    "pay": {
      "require": [
        { "conditions": [ { "path": "args.amount", "op": "lte", "value": 9007199254740993.5 }, { "path": "args.items[*].price", "op": "gt", "value": 0.1 } ] },
        { "conditions": [ { "path": "args.url", "op": "host_in", "value": ["*.a.example"] }, { "path": "args.file", "op": "under_path", "value": ["/srv/data"] } ] },
        { "conditions": [ { "path": "args.to", "op": "email_domain_in", "value": ["a.example"] }, { "path": "args.ip", "op": "ip_in", "value": ["10.0.0.0/8"] } ] },
        { "conditions": [ { "path": "args.note", "op": "regex", "value": "^[a-z ]+$" }, { "path": "args.note", "op": "length_lte", "value": 20 } ] },
        { "conditions": [ { "path": "args.currency", "op": "in", "value": ["eur", "usd"] }, { "path": "args.from", "op": "neq", "value": { "path": "args.to" } } ] },
        { "conditions": [ { "path": "args.items", "op": "eq", "value": [ { "price": 1.5, "name": "x" }, { "name": "y", "price": 20 } ] } ] },
        { "conditions": [ { "path": "args.items", "op": "eq", "value": { "path": "args.again" } } ] },
        { "conditions": [ { "any": [ { "path": "time.hour", "op": "gte", "value": 24 }, { "not": { "path": "time.date", "op": "lt", "value": "2026-01-01" } } ] } ] }
      ],
      "deny_if": [ { "conditions": [ { "path": "args.missing", "op": "exists", "value": true } ] } ],
      "approve_if": [ { "conditions": [ { "path": "args.amount", "op": "gt", "value": 1000 } ] } ],
      "limits": [ { "counter": "spent", "window": "day", "max": 9, "cost": { "from": "args.amount", "scale": 2 }, "by": ["args.to", "tool.name"] } ]
    }
  }
}"#;

const ARGUMENTS: &str = r#"{
  "amount": 12.345, "url": "https://x.a.example:8443/p?q", "file": "/srv/data/%61/../b", "to": "ann@a.example", "ip": "10.1.2.3",
  "note": "two books", "currency": "usd", "from": "bob@a.example",
  "items": [ { "name": "x", "price": 1.50 }, { "price": 2e1, "name": "y" } ], "again": [ { "price": 1.5, "name": "x" }, { "name": "y", "price": 20 } ]
}"#;

#[test]
fn an_allowed_call_allocates_nothing() {
    let policy = policy::compile(POLICY).expect("compiles");
    let limits = json::Limits {
        bytes: 1 << 16,
        depth: 16,
        values: 1 << 20,
    };
    let arguments = json::read(ARGUMENTS.as_bytes(), &limits).expect("reads");
    let context = Context::default();
    let question = context.question("pay", Some(&arguments.root));
    // The first run fills the regular expression's own cache for this thread.
    assert_eq!(policy.decide(&question).rule(), None);
    let mut allowed = 0;
    let measured = allocation_counter::measure(|| {
        for _ in 0..100 {
            allowed += u32::from(policy.decide(&question).is_allow());
        }
    });
    assert_eq!(allowed, 100);
    assert_eq!(measured.count_total, 0, "{measured:?}");
}

#[test]
fn the_counter_counts() {
    let policy = policy::compile(POLICY).expect("compiles");
    let context = Context::default();
    let measured =
        allocation_counter::measure(|| drop(policy.explain(&context.question("other", None))));
    assert!(measured.count_total > 0);
}
