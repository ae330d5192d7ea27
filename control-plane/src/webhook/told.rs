//! What of a change is told to webhooks, and how it is written. PURE. Never the arguments of a call: whoever decides looks
//! at them here.

use super::TEST;
use crate::caller::Actor;
use crate::event::Event;
use crate::server::tool::Severity;
use ids::{ApprovalId, GrantId, OrgId, PolicyId, ServerId};
use policy::Category;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Which approval, under which name, and what only the change knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub event: &'static str,
    pub approval: ApprovalId,
    more: Map<String, Value>,
}

/// What is told of this change; none of most. An agreement that is not enough yet is not told.
pub fn of(event: &Event, actor: &Actor) -> Option<Told> {
    let by = json!({ "by": actor.name });
    let (event, approval, more) = match event {
        Event::ApprovalAsked { approval, call, .. } => {
            ("approval.requested", approval, json!({ "call": call }))
        }
        Event::ApprovalEscalated { approval, .. } => ("approval.escalated", approval, Value::Null),
        Event::ApprovalApproved {
            approval,
            uses,
            is_enough: true,
            ..
        } => {
            let more = json!({ "by": actor.name, "uses": uses });
            ("approval.approved", approval, more)
        }
        Event::ApprovalRefused { approval, .. } => ("approval.refused", approval, by),
        Event::ApprovalWithdrawn { approval, .. } => ("approval.withdrawn", approval, by),
        Event::ApprovalExpired { approval, .. } => ("approval.expired", approval, Value::Null),
        Event::ApprovalSpent {
            approval,
            call,
            used,
            uses,
            ..
        } => {
            let more = json!({ "call": call, "used": used, "uses": uses });
            ("approval.spent", approval, more)
        }
        _ => return None,
    };
    let more = match more {
        Value::Object(more) => more,
        _ => Map::new(),
    };
    Some(Told {
        event,
        approval: *approval,
        more,
    })
}

/// The request itself, told again of how it stands.
pub fn request(approval: ApprovalId) -> Told {
    Told {
        event: "approval.requested",
        approval,
        more: Map::new(),
    }
}

/// What there is to tell of an approval.
#[derive(Debug, Clone)]
pub struct Facts {
    pub org: OrgId,
    pub org_slug: String,
    pub state: String,
    pub tool: String,
    pub server: ServerId,
    pub server_slug: Option<String>,
    pub grant: GrantId,
    pub grant_name: String,
    pub category: String,
    pub policy: PolicyId,
    pub version: i32,
    pub rule: String,
    pub approvers: i32,
    pub asked_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

impl Told {
    /// All of it but the link, which is the instance's to say.
    pub fn data(&self, facts: &Facts) -> Value {
        let severity = Category::from_word(&facts.category).map_or(Severity::High, Severity::of);
        let mut data = json!({
            "org": facts.org,
            "org_slug": facts.org_slug,
            "approval": self.approval,
            "state": facts.state,
            "tool": facts.tool,
            "server": facts.server,
            "server_slug": facts.server_slug,
            "grant": facts.grant,
            "grant_name": facts.grant_name,
            "category": facts.category,
            "severity": severity.word(),
            "policy": facts.policy,
            "policy_version": facts.version,
            "rule": facts.rule,
            "approvers": facts.approvers,
            "asked_at": text(facts.asked_at),
            "expires_at": text(facts.expires_at),
        });
        if let Some(members) = data.as_object_mut() {
            members.extend(self.more.clone());
        }
        data
    }
}

/// What is told of a test.
pub fn test(org: OrgId, slug: &str, by: &Actor) -> Value {
    json!({ "org": org, "org_slug": slug, "by": by.name })
}

/// The body of a delivery: the same at every attempt, so that its signature is of the same bytes.
pub fn body(event: &str, at: OffsetDateTime, data: &Value, public_url: &url::Url) -> Value {
    let mut data = data.clone();
    if let Some(members) = data.as_object_mut() {
        let said = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
        let base = public_url.as_str().trim_end_matches('/');
        let org = said("org_slug");
        let link = if event == TEST {
            format!("{base}/{org}")
        } else {
            format!("{base}/{org}/approvals/{}", said("approval"))
        };
        members.insert("url".to_owned(), Value::String(link));
    }
    json!({ "type": event, "timestamp": text(at), "data": data })
}

fn text(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
