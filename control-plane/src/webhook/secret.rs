//! What deliveries are signed with, and how: <https://www.standardwebhooks.com>, version 1, symmetric. Sealed at rest for
//! one organisation and one webhook.

use crate::app::App;
use crate::db::DbError;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ids::{OrgId, WebhookId};
use seal::Secret;

const PREFIX: &str = "whsec_";

pub fn fresh(app: &App) -> Secret {
    let bytes = app.random().bytes::<32>();
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// `v1,` and the signature of id, time and body; none for what is no secret.
pub fn sign(secret: &Secret, id: &str, unix_s: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD
        .decode(secret.expose().strip_prefix(PREFIX)?)
        .ok()?;
    let mut signed = format!("{id}.{unix_s}.").into_bytes();
    signed.extend_from_slice(body);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed);
    Some(format!("v1,{}", STANDARD.encode(tag.as_ref())))
}

/// What of a webhook is sealed.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    Url,
    Secret,
}

fn bound_to(org: OrgId, webhook: WebhookId, part: Part) -> Vec<u8> {
    let part = match part {
        Part::Url => "url",
        Part::Secret => "secret",
    };
    format!("portcullis webhook {part}\n{org}\n{webhook}\n").into_bytes()
}

pub fn seal(
    app: &App,
    (org, webhook): (OrgId, WebhookId),
    part: Part,
    text: &str,
) -> Result<Vec<u8>, DbError> {
    let (ring, nonce) = (&app.keys().credentials, app.random().bytes());
    ring.seal(nonce, &bound_to(org, webhook, part), text.as_bytes())
        .ok_or_else(|| DbError::Stored("a webhook cannot be sealed".to_owned()))
}

pub fn open(
    app: &App,
    (org, webhook): (OrgId, WebhookId),
    part: Part,
    sealed: &[u8],
) -> Result<Secret, DbError> {
    let unreadable = || DbError::Stored(format!("what is sealed of `{webhook}`"));
    let ring = &app.keys().credentials;
    let plain = ring.open(&bound_to(org, webhook, part), sealed);
    let plain = plain.map_err(|_| unreadable())?;
    let text = std::str::from_utf8(&plain).map_err(|_| unreadable())?;
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests;
