//! The way to the mail server: one conversation a mail. Who runs the instance names the server, so no rule of egress asks.

use super::Text;
use anyhow::{Context, ensure};
use ids::MailId;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use seal::Secret;
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;

/// A server that does not say a word for so long is not there.
const SILENCE: Duration = Duration::from_secs(30);
/// For a whole conversation.
const WHOLE: Duration = Duration::from_mins(2);

#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail was not taken: for the log of whoever runs the instance.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    #[error("the mail cannot be written: {0}")]
    Unwritable(String),
    #[error("the mail server: {0}")]
    Server(String),
    #[error("the mail server took too long")]
    TooSlow,
}

impl Smtp {
    /// `smtps://user:password@host`, or `smtp://…?tls=required`. Without TLS only on a local instance: links that open
    /// accounts are in what is sent.
    pub fn new(url: &Secret, from: &str, is_local: bool) -> anyhow::Result<Self> {
        let parsed = url::Url::parse(url.expose()).context("not a URL")?;
        let asks_tls = parsed.scheme() == "smtps"
            || parsed
                .query_pairs()
                .any(|(key, value)| key == "tls" && value == "required");
        ensure!(
            asks_tls || is_local,
            "expected `smtps://…` or `smtp://…?tls=required`"
        );
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
            .map_err(|_| anyhow::anyhow!("expected `smtps://…` or `smtp://…?tls=required`"))?
            .timeout(Some(SILENCE))
            .build();
        let from = from
            .parse()
            .context("the sender: expected `Name <address>` or an address")?;
        Ok(Self { transport, from })
    }

    pub async fn send(
        &self,
        id: MailId,
        to: &str,
        text: &Text,
        at: OffsetDateTime,
    ) -> Result<(), NotSent> {
        let message = self.message(id, to, text, at)?;
        tokio::time::timeout(WHOLE, self.transport.send(message))
            .await
            .map_err(|_| NotSent::TooSlow)?
            .map(drop)
            .map_err(|error| NotSent::Server(error.to_string()))
    }

    /// A mail that is sent twice has one id, so that a mailbox can tell.
    fn message(
        &self,
        id: MailId,
        to: &str,
        text: &Text,
        at: OffsetDateTime,
    ) -> Result<Message, NotSent> {
        let unwritable = |error: &dyn std::error::Error| NotSent::Unwritable(error.to_string());
        let to = to.parse().map_err(|error| {
            let error: lettre::address::AddressError = error;
            unwritable(&error)
        })?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&text.subject)
            .date(SystemTime::from(at))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(text.body.clone())
            .map_err(|error| unwritable(&error))
    }
}

impl std::fmt::Debug for Smtp {
    /// The transport knows a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp(from {})", self.from.email)
    }
}

#[cfg(test)]
mod tests;
