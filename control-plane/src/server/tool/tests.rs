use super::*;

#[test]
fn a_definition_is_shown_in_the_servers_own_bytes() {
    let shown = Shown::of(
        r#"{"name":"t","annotations":{"title":"T","readOnlyHint":true},"inputSchema":{"b":1e400,"a":12345678901234567890.10},"description":"d\u00e9"}"#,
    );
    assert_eq!(shown.title.as_deref(), Some("T"));
    assert_eq!(shown.description.as_deref(), Some("dé"));
    assert_eq!(
        shown.input_schema.unwrap().get(),
        r#"{"b":1e400,"a":12345678901234567890.10}"#
    );
    assert_eq!(
        shown.annotations.unwrap().get(),
        r#"{"title":"T","readOnlyHint":true}"#
    );
}

#[test]
fn parts_of_the_wrong_type_are_not_shown() {
    let shown = Shown::of(
        r#"{"name":"t","title":5,"description":["x"],"inputSchema":"none","annotations":null}"#,
    );
    assert!(shown.title.is_none() && shown.description.is_none());
    assert!(shown.input_schema.is_none() && shown.annotations.is_none());
}

#[test]
fn severity_follows_reversibility() {
    for (category, severity) in [
        (Category::Read, Severity::Low),
        (Category::Write, Severity::Medium),
        (Category::Execute, Severity::High),
        (Category::Unknown, Severity::High),
        (Category::Destructive, Severity::Critical),
        (Category::Financial, Severity::Critical),
    ] {
        assert_eq!(Severity::of(category), severity);
    }
}
