use super::Secret;

fn said(json: &str) -> String {
    let error = serde_json::from_str::<Secret>(json).unwrap_err();
    error.to_string()
}

#[test]
fn what_is_no_text_is_refused_without_being_repeated() {
    for json in [
        "12345678901",
        "-12345678901",
        "1234567.8901",
        "123456789012345678901234567890",
        "true",
        "null",
        r#"["12345678901"]"#,
        r#"{"12345678901":"12345678901"}"#,
    ] {
        let said = said(json);
        assert!(said.starts_with("expected a string"), "{json}: {said}");
        assert!(!said.contains("1234567"), "{json}: {said}");
    }
}

#[test]
fn a_text_is_taken_as_it_is_and_never_printed() {
    let secret: Secret = serde_json::from_str(r#""a \"b\" \u00e9""#).unwrap();
    assert_eq!(secret.expose(), "a \"b\" \u{e9}");
    let from_value: Secret = serde_json::from_value("x".into()).unwrap();
    assert_eq!(from_value.expose(), "x");
    assert_eq!(format!("{secret:?}"), "[secret]");
}
