use super::Sought;
use std::collections::HashMap;

fn sought(q: &str) -> Sought {
    Sought::read(Some(q), None, None, None).unwrap()
}

#[test]
fn words_are_looked_for_by_their_beginning_and_what_is_meant_in_their_place() {
    let meant = HashMap::from([("refudn".to_owned(), vec!["refund".to_owned()])]);
    assert_eq!(
        sought("Create_refudn s3").query(&meant),
        "'create':* & ('refund') & 's3'"
    );
}

#[test]
fn nothing_that_is_typed_leaves_its_quotes() {
    let odd = Sought::read(None, None, None, Some("n'pm\\ | x")).unwrap();
    assert_eq!(odd.query(&HashMap::new()), "'%n''pm\\\\ | x'");
    assert_eq!(sought("' | & ! : *").query(&HashMap::new()), "");
}

#[test]
fn a_filter_that_does_not_exist_is_told() {
    let problem = Sought::read(None, Some("reed"), None, None).unwrap_err();
    assert!(problem.detail.contains("`read`"), "{}", problem.detail);
}

#[test]
fn a_severity_is_its_categories() {
    let critical = Sought::read(None, None, Some("critical"), None).unwrap();
    assert_eq!(
        critical.query(&HashMap::new()),
        "('@destructive' | '@financial')"
    );
}
