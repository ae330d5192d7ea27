use crate::{Around, ClientFacts, GrantFacts, ServerFacts, compile};
use std::collections::BTreeMap;

fn around(labels: &BTreeMap<String, String>) -> Around<'_> {
    Around {
        grant: GrantFacts {
            name: "g",
            labels,
            user: None,
        },
        server: ServerFacts { slug: "s" },
        client: ClientFacts::default(),
        now: 0,
    }
}

#[test]
fn other_methods_are_counted_only_where_a_limit_says_so() {
    let policy = compile(
        r#"{"version":"1","default":"allow","all_tools":{"limits":[
            {"counter":"calls","window":"minute","max":5},
            {"counter":"everything","window":"minute","max":9,"methods":"all","cost":4,"by":["client.name","grant.name"]}
        ]}}"#,
    )
    .unwrap();
    let charges = policy.method_charges(&around(&BTreeMap::new()));
    assert_eq!(charges.len(), 1);
    assert_eq!(
        (charges[0].counter, charges[0].cost, charges[0].max),
        ("everything", 1, 9)
    );
    assert_eq!(charges[0].by, ["absent", "string:g"]);
}

#[test]
fn all_tools_in_shadow_counts_no_method() {
    let policy = compile(
        r#"{"version":"1","default":"allow","all_tools":{"mode":"shadow","limits":[
            {"counter":"everything","window":"minute","max":9,"methods":"all"}]}}"#,
    )
    .unwrap();
    assert!(policy.method_charges(&around(&BTreeMap::new())).is_empty());
}
