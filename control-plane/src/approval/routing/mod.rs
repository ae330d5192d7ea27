//! Who is told that calls wait: by which way, when not at night, and who else where nobody decides. One document of an
//! organisation; the first route that fits a request counts, and the request keeps what it said.

pub mod act;
pub mod api;
pub mod page;
pub mod store;

use crate::server::tool::Severity;
use bundle::approval::Ask;
use ids::{ServerId, WebhookId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// More routes than these nobody keeps in mind.
pub const MOST: usize = 50;
/// A week.
pub const LONGEST_MIN: u32 = 10_080;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// Null: mails go at any hour.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// The first that fits counts. Where none does, everybody who may decide is told by mail, and every webhook.
    #[serde(default)]
    pub routes: Vec<Route>,
}

/// When mails wait, and go when it is over. Webhooks and escalations do not wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// As `Europe/Berlin`.
    pub zone: String,
    /// `22:00`
    pub from: String,
    /// `07:00`; before `from` it is that of the next day.
    pub until: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Null: any.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub server: Option<ServerId>,
    /// At least `low`, `medium`, `high` or `critical`. Null: any.
    #[serde(default)]
    pub severity: Option<String>,
    /// The pointer of a rule, or of something that rules lie in: `/tools/create_refund`. Null: any.
    #[serde(default)]
    pub rule: Option<String>,
    /// Whether those who may decide are told by mail.
    #[serde(default = "yes")]
    pub mail: bool,
    /// Null: every webhook.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub webhooks: Option<Vec<WebhookId>>,
    /// Where nobody has decided after a while.
    #[serde(default)]
    pub escalate: Option<Escalate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// 1 to 10080.
    pub after_minutes: u32,
    /// Whether owners and admins are told by mail.
    #[serde(default = "yes")]
    pub mail: bool,
    /// Webhooks that are told of `approval.escalated`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub webhooks: Vec<WebhookId>,
}

const fn yes() -> bool {
    true
}

impl Routing {
    /// The route that this request goes.
    pub fn of(&self, ask: &Ask) -> Option<&Route> {
        let severity = Severity::of(ask.category);
        let mut routes = self.routes.iter();
        routes.find(|route| route.fits(ask.server, severity, &ask.rule))
    }

    /// Whether a route says that this one is told, or is told besides.
    pub fn names(&self, webhook: WebhookId) -> bool {
        let mut routes = self.routes.iter();
        routes.any(|route| route.named().any(|named| named == webhook))
    }
}

impl Route {
    fn fits(&self, server: ServerId, severity: Severity, rule: &str) -> bool {
        let least = self.severity.as_deref().and_then(Severity::parse);
        let lies_in = |outer: &String| {
            let rest = rule.strip_prefix(outer.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.server.is_none_or(|of| of == server)
            && least.is_none_or(|least| severity as u8 >= least as u8)
            && self.rule.as_ref().is_none_or(lies_in)
    }

    fn named(&self) -> impl Iterator<Item = WebhookId> {
        let besides = self.escalate.iter().flat_map(|escalate| &escalate.webhooks);
        self.webhooks.iter().flatten().chain(besides).copied()
    }
}

#[cfg(test)]
mod tests;
