use super::*;

#[test]
fn a_slug_is_short_lower_case_and_plain() {
    for good in ["ab", "acme", "a-1", &"x".repeat(40)] {
        assert_eq!(good.parse::<Slug>().unwrap().as_str(), good);
    }
    for bad in [
        "",
        "a",
        "-ab",
        "ab-",
        "Acme",
        "a_b",
        "ä-b",
        "a/b",
        &"x".repeat(41),
    ] {
        assert!(
            matches!(bad.parse::<Slug>(), Err(BadSlug::Shape(_))),
            "{bad}"
        );
    }
}

#[test]
fn what_a_url_already_means_is_reserved() {
    assert_eq!(
        "new".parse::<Slug>(),
        Err(BadSlug::Reserved("new".to_owned()))
    );
    assert!("login".parse::<Slug>().is_ok());
    for word in RESERVED_FOR_ORGS {
        assert!(Slug::for_org(word).is_err(), "{word}");
    }
}
