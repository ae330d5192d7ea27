use super::Next;

#[test]
fn signing_in_leads_nowhere_but_here() {
    for here in ["/", "/acme", "/acme/calls?verdict=deny&cursor=a%2Fb"] {
        assert_eq!(Next::of(here).page(), here);
    }
    for elsewhere in [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/a\u{7f}",
        "/a\r\nset-cookie: x=y",
        "acme",
    ] {
        assert_eq!(Next::of(elsewhere).page(), "/", "{elsewhere:?}");
    }
    assert_eq!(Next::of(&format!("/{}", "a".repeat(2000))).page(), "/");
}

#[test]
fn a_link_to_a_form_carries_the_page_and_nothing_else_of_it() {
    let next = Next::of("/catalog/github?q=a&done=b");
    let carried = "next=%2Fcatalog%2Fgithub%3Fq%3Da%26done%3Db";
    assert_eq!(next.on("/login"), format!("/login?{carried}"));
    assert_eq!(
        next.on("/login?refused=lost"),
        format!("/login?refused=lost&{carried}")
    );
    assert_eq!(Next::default().on("/login"), "/login");
}

#[test]
fn a_new_account_goes_on_to_no_organisation_that_it_was_looking_for() {
    let goes_on = |page: &str| Next::of(page).outside_of_organisations().map(str::to_owned);
    for page in ["/catalog", "/catalog/github?q=a", "/invitations/0a", "/new"] {
        assert_eq!(goes_on(page).as_deref(), Some(page));
    }
    for page in [
        "/",
        "/acme",
        "/acme/calls?verdict=deny",
        "/acme?done=x",
        "/acme#x",
    ] {
        assert_eq!(goes_on(page), None, "{page}");
    }
}
