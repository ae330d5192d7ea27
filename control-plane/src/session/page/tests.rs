use super::local;

#[test]
fn signing_in_leads_nowhere_but_here() {
    for here in ["/", "/acme", "/acme/calls?verdict=deny&cursor=a%2Fb"] {
        assert_eq!(local(here), here);
    }
    for elsewhere in [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "acme",
    ] {
        assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
    }
}
