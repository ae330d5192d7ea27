use super::*;

fn found(name: &str, definition: &str) -> Found {
    Found {
        name: name.to_owned(),
        definition: definition.to_owned(),
        digest: [0; 32],
    }
}

#[test]
fn the_organisations_word_counts_before_the_catalogues_and_that_before_the_classifiers() {
    use Category::{Destructive, Read, Unknown};
    assert_eq!(
        decide(Some(Read), Some(Destructive), Some(Destructive)),
        (Read, Some(Source::Organisation))
    );
    assert_eq!(
        decide(Some(Unknown), None, Some(Read)),
        (Unknown, Some(Source::Organisation))
    );
    assert_eq!(
        decide(None, Some(Destructive), Some(Read)),
        (Destructive, Some(Source::Catalog))
    );
    assert_eq!(
        decide(None, None, Some(Destructive)),
        (Destructive, Some(Source::Classifier))
    );
    assert_eq!(decide(None, None, None), (Unknown, None));
}

#[test]
fn a_definition_is_read_with_its_words() {
    let tools = [found(
        "delete_user",
        r#"{"name":"delete_user","description":"Deletes a user for good.","x":1e999}"#,
    )];
    let class = &read(&tools, false)[0];
    assert_eq!(class.category, Category::Destructive);
    assert!(class.confidence > 50);
    assert!(
        class
            .evidence
            .contains(&"name `delete`: destructive".to_owned()),
        "{:?}",
        class.evidence
    );
}

#[test]
fn a_servers_claim_makes_a_tool_milder_only_where_the_server_is_trusted() {
    let tools = [found(
        "run_report",
        r#"{"name":"run_report","description":"Executes a stored procedure.","annotations":{"readOnlyHint":true}}"#,
    )];
    assert_eq!(read(&tools, false)[0].category, Category::Execute);
    assert_eq!(read(&tools, true)[0].category, Category::Read);
}

#[test]
fn the_catalogue_is_not_asked_of_a_server_that_is_trusted() {
    let tools = [found("run_report", r#"{"name":"run_report"}"#)];
    assert!(read(&tools, false)[0].marks.is_some());
    assert!(read(&tools, true)[0].marks.is_none());
}

#[test]
fn a_definition_that_cannot_be_read_is_judged_by_its_name() {
    let tools = [found("delete_user", "{")];
    assert_eq!(read(&tools, false)[0].category, Category::Destructive);
}

#[test]
fn every_category_of_the_classifier_is_one_of_the_policy_language() {
    for category in catalog::Category::ALL {
        assert!(Category::from_word(category.name()).is_some());
    }
}
