use super::*;

fn read(pairs: &[(&str, &str)], is_local: bool) -> anyhow::Result<Vec<Provider>> {
    let env = Env::from_pairs(
        "PORTCULLIS_",
        pairs
            .iter()
            .map(|(name, value)| (format!("PORTCULLIS_OIDC_{name}"), (*value).to_owned())),
    );
    let all = Provider::from_env(&env, is_local)?;
    env.finish()?;
    Ok(all)
}

#[test]
fn providers_are_named_in_a_list_and_described_one_by_one() {
    let all = read(
        &[
            ("PROVIDERS", "google, corp"),
            ("GOOGLE_ISSUER", "https://accounts.example.org"),
            ("GOOGLE_CLIENT_ID", "id"),
            ("GOOGLE_CLIENT_SECRET", "hunter2"),
            ("GOOGLE_TITLE", "Google"),
            ("CORP_ISSUER", "https://sso.example.org/realms/corp"),
            ("CORP_CLIENT_ID", "gate"),
        ],
        false,
    )
    .unwrap();
    let told: Vec<(&str, &str)> = all
        .iter()
        .map(|it| (it.name.as_str(), it.title.as_str()))
        .collect();
    assert_eq!(told, [("google", "Google"), ("corp", "corp")]);
    assert!(!format!("{all:?}").contains("hunter2"));
    assert!(read(&[], false).unwrap().is_empty());
}

#[test]
fn a_provider_that_is_described_in_half_or_without_tls_is_an_error() {
    let issuer = ("CORP_ISSUER", "http://127.0.0.1:9");
    let client = ("CORP_CLIENT_ID", "gate");
    assert!(read(&[("PROVIDERS", "corp"), issuer, client], true).is_ok());
    assert!(read(&[("PROVIDERS", "corp"), issuer, client], false).is_err());
    assert!(read(&[("PROVIDERS", "corp"), client], true).is_err());
    assert!(read(&[("PROVIDERS", "corp,corp"), issuer, client], true).is_err());
    assert!(read(&[("PROVIDERS", "../corp"), issuer, client], true).is_err());
    assert!(
        read(&[issuer, client], true).is_err(),
        "described and not named"
    );
}
