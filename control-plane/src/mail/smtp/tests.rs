use super::*;

fn smtp(url: &str, is_local: bool) -> anyhow::Result<Smtp> {
    host::tls::install_crypto();
    Smtp::new(
        &Secret::new(url.to_owned()),
        "Gate <gate@example.org>",
        is_local,
    )
}

#[tokio::test]
async fn links_that_open_accounts_leave_a_public_instance_under_tls_alone() {
    for open in [
        "smtp://mail.example.org",
        "smtp://mail.example.org?tls=opportunistic",
    ] {
        assert!(smtp(open, false).is_err(), "{open}");
        assert!(smtp(open, true).is_ok(), "{open}");
    }
    for closed in [
        "smtps://u:p@mail.example.org",
        "smtp://u:p@mail.example.org:587?tls=required",
    ] {
        assert!(smtp(closed, false).is_ok(), "{closed}");
    }
    assert!(smtp("http://mail.example.org", true).is_err());
}

#[tokio::test]
async fn a_mail_says_what_it_is_and_the_password_of_the_server_is_not_told() {
    let smtp = smtp("smtps://user:hunter2@mail.example.org", false).unwrap();
    assert!(!format!("{smtp:?}").contains("hunter2"));
    let text = Text {
        subject: "Zoë\u{a0}invites you".to_owned(),
        body: "https://gate.example.org/verify/T\n".to_owned(),
    };
    let message = smtp
        .message(
            MailId::new(0, [0; 10]),
            "bob@example.org",
            &text,
            OffsetDateTime::UNIX_EPOCH,
        )
        .unwrap();
    let sent = String::from_utf8(message.formatted()).unwrap();
    for line in [
        "From: Gate <gate@example.org>",
        "To: bob@example.org",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Date: Thu, 01 Jan 1970 00:00:00 +0000",
        "https://gate.example.org/verify/T",
    ] {
        assert!(sent.lines().any(|sent| sent == line), "{line}\n{sent}");
    }
    let unwritable = smtp.message(
        MailId::new(0, [0; 10]),
        "a@b, c@d",
        &text,
        OffsetDateTime::UNIX_EPOCH,
    );
    assert!(matches!(unwritable, Err(NotSent::Unwritable(_))));
}
