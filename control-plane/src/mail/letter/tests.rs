use super::*;

fn waiting(waiting: i64) -> Letter<'static> {
    Letter::CallsWait {
        org: "acme",
        grant: "<i>agent</i>",
        waiting,
        newest: ids::ApprovalId::new(1, [0; 10]),
    }
}

#[test]
fn one_call_that_waits_is_linked_itself_and_several_by_their_list() {
    let site: Url = "https://gate.example.org".parse().unwrap();
    let body = |number| waiting(number).to("bob@example.org", &site).text.body;
    assert!(body(1).contains("https://gate.example.org/acme/approvals/apr_"));
    assert!(body(9).contains("https://gate.example.org/acme/approvals\n"));
}

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
        Letter::CallStillWaits {
            org: "acme",
            grant: "<i>agent</i>",
            approval: ids::ApprovalId::new(1, [0; 10]),
        },
        Letter::WebhookOff {
            org: "acme",
            webhook: ids::WebhookId::new(1, [0; 10]),
        },
        waiting(1),
        waiting(9),
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
        let is_home = |link: &&str| link.starts_with("https://gate.example.org/");
        assert!(links.iter().all(is_home), "{links:?}");
        // What it is about, and of some where one says that one wants no such mails.
        let settings = links.iter().filter(|link| link.ends_with("/account#mails"));
        assert_eq!(links.len() - settings.count(), 1, "{links:?}");
    }
}
