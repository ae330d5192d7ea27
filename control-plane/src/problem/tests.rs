use super::*;

#[test]
fn every_kind_has_a_slug_and_a_status_of_its_own() {
    let rows: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| format!("{} {}", kind.status().as_u16(), kind.slug()))
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    400 bad-request
    401 unauthorized
    403 forbidden
    403 step-up
    404 not-found
    405 method-not-allowed
    409 conflict
    412 stale-version
    413 too-large
    422 invalid
    429 too-many-requests
    500 internal
    502 upstream
    503 unavailable
    ");
}

#[test]
fn the_cause_of_an_internal_problem_is_not_in_its_answer() {
    let cause = std::io::Error::other("password=hunter2");
    let body = serde_json::to_string(&Problem::internal(&cause).body(None)).unwrap();
    assert!(!body.contains("hunter2"));
}
