//! Webhooks: programs of an organisation that are told what becomes of approvals. What is told is put in with the change
//! that it tells of ([`outbox`]), sent by the Standard Webhooks specification ([`wire`], [`secret`]), and kept in a log.

pub mod act;
pub mod api;
pub mod outbox;
pub mod page;
pub mod secret;
pub mod store;
pub mod told;
pub mod wire;

use ids::{ApprovalId, DeliveryId, WebhookId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

/// How many an organisation may have.
pub const MOST: i64 = 20;
/// After a rotation the secret before signs as well for so long.
pub const OVERLAP: Duration = Duration::days(1);
/// What can be told of.
pub const EVENTS: [&str; 7] = [
    "approval.requested",
    "approval.escalated",
    "approval.approved",
    "approval.refused",
    "approval.expired",
    "approval.withdrawn",
    "approval.spent",
];
/// Told when somebody asks for it, whatever is chosen.
pub const TEST: &str = "webhook.test";

/// How what is told is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// By the Standard Webhooks specification, for programs.
    #[default]
    Standard,
    /// Messages, for an incoming webhook of Slack.
    Slack,
}

impl Format {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Slack => "slack",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        let all = [Self::Standard, Self::Slack];
        all.into_iter().find(|format| format.word() == word)
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Webhook {
    #[schema(value_type = String)]
    pub id: WebhookId,
    pub name: String,
    pub format: Format,
    pub url: String,
    /// What it is told of.
    pub events: Vec<String>,
    pub is_on: bool,
    /// Where it was switched off because it failed for long: why.
    pub off_because: Option<String>,
    /// Since when nothing was taken; null where the last attempt was, or none was made.
    #[serde(with = "time::serde::rfc3339::option")]
    pub failing_since: Option<OffsetDateTime>,
    /// How many deliveries wait.
    pub waiting: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    pub name: String,
    /// `https://…`; addresses that are not of the public internet are refused, here and whenever it is dialled.
    pub url: String,
    /// Left out: all.
    #[serde(default)]
    pub events: Option<Vec<String>>,
    /// Stays what it is.
    #[serde(default)]
    pub format: Format,
}

#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChange {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub events: Option<Vec<String>>,
    #[serde(default)]
    pub is_on: Option<bool>,
}

/// A webhook, this once with its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MadeWebhook {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_…`: what deliveries are signed with. Null where Slack is told, which asks for no signature.
    pub secret: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Delivered,
    Failed,
}

impl DeliveryState {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Failed];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// One thing that was told, or is to be.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Delivery {
    /// Sent as `webhook-id`, the same at every attempt and every replay.
    #[schema(value_type = String)]
    pub id: DeliveryId,
    pub event: String,
    #[schema(value_type = Option<String>)]
    pub approval: Option<ApprovalId>,
    pub state: DeliveryState,
    pub attempts: u32,
    /// Exactly what is sent; to Slack, what its message is made of.
    #[schema(value_type = Object)]
    pub body: Value,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub attempted_at: Option<OffsetDateTime>,
    /// When it is tried next; null where it is not.
    #[serde(with = "time::serde::rfc3339::option")]
    pub due_at: Option<OffsetDateTime>,
    /// Of the last attempt: what was answered, and the first kilobyte of it.
    pub status: Option<u16>,
    pub answer: Option<String>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    pub took_ms: Option<u32>,
}

/// All that is told of an address to those who may not have it: who knows a chat's may write there.
pub fn host(url: &str) -> String {
    let url = url::Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| url.host_str());
    host.unwrap_or_default().to_owned()
}
