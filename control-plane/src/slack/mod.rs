//! Slack: an app of the organisation's posts what waits into channels, and what is clicked there is the word of the member
//! who has proved to be that user. Messages are a format of webhooks; what comes back is signed ([`signed`]), read, and
//! done as on the page ([`answer`]).

pub mod act;
pub mod answer;
pub mod api;
pub mod message;
pub mod page;
mod reply;
mod signed;
pub mod store;

use crate::app::App;
use crate::db::DbError;
use ids::{MemberId, OrgId};
use seal::Secret;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

/// For so long a code can be brought to Slack.
pub const CODE_LASTS: Duration = Duration::minutes(10);

/// How it stands with an organisation's app.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Slack {
    /// Since when there is a signing secret; null where there is none, and messages have no buttons.
    #[serde(with = "time::serde::rfc3339::option")]
    pub set_up_at: Option<OffsetDateTime>,
    /// Where the app is to send what is clicked, and its command.
    pub request_url: String,
    /// Who in Slack is whom here: everybody, for those who administer; else the caller.
    pub links: Vec<Link>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Link {
    /// The workspace, the user in it, and what Slack called them when they were linked.
    pub team: String,
    pub user: String,
    pub user_name: String,
    #[schema(value_type = String)]
    pub member: MemberId,
    pub member_name: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSlack {
    /// The app's “Signing Secret”. It is sealed, and never shown.
    #[schema(value_type = String)]
    pub signing_secret: Secret,
}

/// Where the app of this organisation sends what comes from it.
pub fn request_url(app: &App, org: OrgId) -> String {
    let base = app.site().public_url.as_str().trim_end_matches('/');
    format!("{base}/v1/slack/{org}")
}

fn bound_to(org: OrgId) -> Vec<u8> {
    format!("portcullis slack signing secret\n{org}\n").into_bytes()
}

fn seal(app: &App, org: OrgId, secret: &Secret) -> Result<Vec<u8>, DbError> {
    let (ring, nonce) = (&app.keys().credentials, app.random().bytes());
    ring.seal(nonce, &bound_to(org), secret.expose().as_bytes())
        .ok_or_else(|| DbError::Stored("a signing secret cannot be sealed".to_owned()))
}

fn open(app: &App, org: OrgId, sealed: &[u8]) -> Result<Secret, DbError> {
    let unreadable = || DbError::Stored("the sealed signing secret of an app".to_owned());
    let plain = app.keys().credentials.open(&bound_to(org), sealed);
    let plain = plain.map_err(|_| unreadable())?;
    let text = std::str::from_utf8(&plain).map_err(|_| unreadable())?;
    Ok(Secret::new(text.to_owned()))
}
