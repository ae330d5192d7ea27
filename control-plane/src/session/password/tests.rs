use super::*;

fn judged(password: &str) -> Result<(), Weak> {
    check(
        &Secret::new(password.to_owned()),
        &["ann.smith@example.org", "Ann Smith"],
    )
}

#[test]
fn what_anyone_tries_first_is_no_password_however_long_it_is() {
    for common in [
        "1234567890",
        "0987654321",
        "qwertyuiop",
        "asdfghjkl1",
        "password123",
        "P4ssw0rd123",
        "iloveyou1234",
        "aaaaaaaaaaaaaaa",
        "abcabcabcabc",
        "1q2w3e4r5t",
        "ann.smith@example.org",
        "annsmith2026",
    ] {
        assert_eq!(judged(common), Err(Weak::Common), "{common}");
    }
}

#[test]
fn a_few_words_that_belong_together_for_nobody_else_are_one() {
    for good in [
        "a gate of iron bars",
        "mossy-anvil-quartet",
        "T9#kf2!mQz",
        "über den Wolken liegt kein Blei",
    ] {
        assert_eq!(judged(good), Ok(()), "{good}");
    }
    assert_eq!(judged("T9#kf2!mQ"), Err(Weak::Short));
    assert_eq!(judged(&"long ".repeat(201)), Err(Weak::Long));
}
