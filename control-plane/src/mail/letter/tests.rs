use super::*;

#[test]
fn every_letter_is_plain_and_links_nowhere_but_home() {
    let site: Url = "https://gate.example.org".parse().unwrap();
    let letters = [
        Letter::Confirm { ticket: "T" },
        Letter::Reset { ticket: "T" },
        Letter::Invitation {
            org: "<b>Acme</b>",
            by: "Ann",
            role: "viewer",
            ticket: "T",
        },
        Letter::PasswordChanged,
        Letter::SecondFactorOff,
        Letter::SignInLinked { provider: "Corp" },
    ];
    for letter in letters {
        let mail = letter.to("bob@example.org", &site);
        assert_eq!(mail.to, "bob@example.org");
        assert!(!mail.text.subject.contains('\n'));
        let links: Vec<&str> = mail
            .text
            .body
            .split_whitespace()
            .filter(|word| word.contains("://"))
            .collect();
        assert!(
            matches!(links[..], [one] if one.starts_with("https://gate.example.org/")),
            "{links:?}"
        );
    }
}
