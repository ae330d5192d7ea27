use super::*;

#[test]
fn a_secret_is_covered_in_every_form_it_may_come_back_in() {
    let secrets = Secrets::of(["Bearer sk-live/abc\"123+x"].into_iter());
    for echo in [
        "got Bearer sk-live/abc\"123+x!".to_owned(),
        "got sk-live/abc\"123+x!".to_owned(),
        r#"{"h":"sk-live/abc\"123+x"}"#.to_owned(),
        r#"{"h":"sk-live\/abc\"123+x"}"#.to_owned(),
        format!("?t={}", STANDARD.encode("sk-live/abc\"123+x")),
        format!("?t={}", URL_SAFE_NO_PAD.encode("Bearer sk-live/abc\"123+x")),
        "?t=sk-live%2Fabc%22123%2Bx".to_owned(),
    ] {
        let covered = secrets
            .cover(&echo)
            .unwrap_or_else(|| panic!("{echo} was let through"));
        assert!(covered.contains(COVER), "{covered}");
        assert!(!covered.contains("sk-live"), "{covered}");
    }
}

#[test]
fn what_holds_no_secret_is_left_alone() {
    let secrets = Secrets::of(["Bearer sk-live-abc123", "short"].into_iter());
    assert_eq!(secrets.cover("a short story about Bearers"), None);
    assert!(Secrets::default().is_empty());
}
