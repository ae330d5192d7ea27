//! What was changed, by whom: one sentence for each kind of change. Written in the transaction of the change.

pub mod act;
pub mod api;
mod filter;
pub mod page;
pub mod store;
mod words;

pub use filter::EventFilter;

use crate::access::Role;
use bundle::revocation::Taken;
use ids::{
    ApprovalId, CallId, DeliveryId, EventId, GrantId, InvitationId, KeyId, MemberId, OrgId,
    PolicyId, ServerId, WebhookId,
};
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// `before` and `after` hold only what changed, and never a secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", content = "detail")]
pub enum Event {
    #[serde(rename = "org.created")]
    OrgCreated {
        org: OrgId,
        slug: String,
        name: String,
    },
    #[serde(rename = "org.changed")]
    OrgChanged {
        org: OrgId,
        before: Value,
        after: Value,
    },
    #[serde(rename = "kill.changed")]
    Killed {
        /// The organisation, server or grant that it is about.
        target: String,
        name: String,
        /// True: its calls are stopped; false: they go on.
        on: bool,
    },
    #[serde(rename = "member.invited")]
    MemberInvited {
        invitation: InvitationId,
        email: String,
        role: Role,
    },
    #[serde(rename = "invitation.withdrawn")]
    InvitationWithdrawn {
        invitation: InvitationId,
        email: String,
    },
    #[serde(rename = "member.joined")]
    MemberJoined {
        member: MemberId,
        email: String,
        role: Role,
    },
    #[serde(rename = "member.changed")]
    MemberChanged {
        member: MemberId,
        email: String,
        before: Role,
        after: Role,
    },
    /// Says of an account that sits here what it calls itself.
    #[serde(rename = "member.renamed")]
    MemberRenamed {
        member: MemberId,
        email: String,
        before: String,
        after: String,
    },
    #[serde(rename = "member.removed")]
    MemberRemoved {
        member: MemberId,
        email: String,
        role: Role,
        /// Of their own will.
        left: bool,
    },
    #[serde(rename = "key.made")]
    KeyMade {
        key: KeyId,
        name: String,
        role: Role,
    },
    #[serde(rename = "key.deleted")]
    KeyDeleted { key: KeyId, name: String },
    #[serde(rename = "server.added")]
    ServerAdded {
        server: ServerId,
        slug: String,
        url: String,
    },
    #[serde(rename = "server.changed")]
    ServerChanged {
        server: ServerId,
        before: Value,
        after: Value,
    },
    #[serde(rename = "server.removed")]
    ServerRemoved { server: ServerId, slug: String },
    #[serde(rename = "server.discovered")]
    ServerDiscovered {
        server: ServerId,
        status: String,
        /// The tools were never read before: from now on they are known, be they none.
        is_first: bool,
        added: Vec<String>,
        removed: Vec<String>,
        changed: Vec<String>,
        /// Of the same definition, the category is another.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        reclassified: Vec<String>,
    },
    #[serde(rename = "tools.accepted")]
    ToolsAccepted {
        server: ServerId,
        tools: Vec<String>,
    },
    /// The classifier reads the definitions otherwise than it did.
    #[serde(rename = "tools.reclassified")]
    ToolsReclassified {
        server: ServerId,
        tools: Vec<String>,
    },
    #[serde(rename = "tool.reviewed")]
    ToolReviewed {
        server: ServerId,
        tool: String,
        before: Value,
        after: Value,
    },
    #[serde(rename = "policy.created")]
    PolicyCreated {
        policy: PolicyId,
        slug: String,
        name: String,
    },
    #[serde(rename = "policy.changed")]
    PolicyChanged {
        policy: PolicyId,
        before: Value,
        after: Value,
    },
    #[serde(rename = "policy.drafted")]
    PolicyDrafted { policy: PolicyId, bytes: usize },
    #[serde(rename = "policy.published")]
    PolicyPublished {
        policy: PolicyId,
        version: u32,
        digest: String,
        note: String,
    },
    #[serde(rename = "policy.rolled_back")]
    PolicyRolledBack {
        policy: PolicyId,
        version: u32,
        to: u32,
        note: String,
    },
    #[serde(rename = "policy.removed")]
    PolicyRemoved { policy: PolicyId, slug: String },
    #[serde(rename = "grant.minted")]
    GrantMinted {
        grant: GrantId,
        name: String,
        servers: Value,
    },
    #[serde(rename = "grant.changed")]
    GrantChanged {
        grant: GrantId,
        before: Value,
        after: Value,
    },
    #[serde(rename = "grant.rotated")]
    GrantRotated { grant: GrantId, overlap_s: u64 },
    #[serde(rename = "grant.revoked")]
    GrantRevoked { grant: GrantId, name: String },
    #[serde(rename = "approval.asked")]
    ApprovalAsked {
        approval: ApprovalId,
        tool: String,
        server: ServerId,
        rule: String,
        call: CallId,
    },
    #[serde(rename = "approval.approved")]
    ApprovalApproved {
        approval: ApprovalId,
        tool: String,
        note: String,
        uses: u32,
        lasts_s: u64,
        vary: Vec<String>,
        /// False: more people must agree.
        is_enough: bool,
    },
    #[serde(rename = "approval.refused")]
    ApprovalRefused {
        approval: ApprovalId,
        tool: String,
        note: String,
    },
    #[serde(rename = "approval.withdrawn")]
    ApprovalWithdrawn {
        approval: ApprovalId,
        tool: String,
        note: String,
    },
    #[serde(rename = "approval.expired")]
    ApprovalExpired { approval: ApprovalId, tool: String },
    #[serde(rename = "approval.spent")]
    ApprovalSpent {
        approval: ApprovalId,
        tool: String,
        call: CallId,
        used: u32,
        uses: u32,
    },
    /// It waits for longer than its route lets it; others are told.
    #[serde(rename = "approval.escalated")]
    ApprovalEscalated { approval: ApprovalId, tool: String },
    /// Who is told that calls wait.
    #[serde(rename = "routing.changed")]
    RoutingChanged {
        org: OrgId,
        before: Value,
        after: Value,
    },
    /// Whether and how arguments of calls are kept.
    #[serde(rename = "capture.changed")]
    CaptureChanged {
        org: OrgId,
        before: Value,
        after: Value,
    },
    /// There is an app, or another secret of it.
    #[serde(rename = "slack.set_up")]
    SlackSetUp { org: OrgId },
    #[serde(rename = "slack.removed")]
    SlackRemoved { org: OrgId },
    #[serde(rename = "slack.code_made")]
    SlackCodeMade { member: MemberId },
    /// The member has proved in both places to be this user.
    #[serde(rename = "slack.linked")]
    SlackLinked {
        member: MemberId,
        team: String,
        user: String,
        name: String,
    },
    #[serde(rename = "slack.unlinked")]
    SlackUnlinked {
        member: MemberId,
        team: String,
        user: String,
    },
    #[serde(rename = "webhook.made")]
    WebhookMade {
        webhook: WebhookId,
        name: String,
        host: String,
    },
    #[serde(rename = "webhook.changed")]
    WebhookChanged {
        webhook: WebhookId,
        before: Value,
        after: Value,
    },
    #[serde(rename = "webhook.rotated")]
    WebhookRotated { webhook: WebhookId, name: String },
    #[serde(rename = "webhook.removed")]
    WebhookRemoved { webhook: WebhookId, name: String },
    /// By nobody: it failed for long.
    #[serde(rename = "webhook.switched_off")]
    WebhookSwitchedOff {
        webhook: WebhookId,
        name: String,
        because: String,
    },
    #[serde(rename = "webhook.tested")]
    WebhookTested {
        webhook: WebhookId,
        delivery: DeliveryId,
    },
    #[serde(rename = "webhook.replayed")]
    WebhookReplayed {
        webhook: WebhookId,
        delivery: DeliveryId,
    },
}

/// The words of every kind of event, in the order of [`Event`].
pub const KINDS: &[&str] = &[
    "org.created",
    "org.changed",
    "kill.changed",
    "member.invited",
    "invitation.withdrawn",
    "member.joined",
    "member.changed",
    "member.renamed",
    "member.removed",
    "key.made",
    "key.deleted",
    "server.added",
    "server.changed",
    "server.removed",
    "server.discovered",
    "tools.accepted",
    "tools.reclassified",
    "tool.reviewed",
    "policy.created",
    "policy.changed",
    "policy.drafted",
    "policy.published",
    "policy.rolled_back",
    "policy.removed",
    "grant.minted",
    "grant.changed",
    "grant.rotated",
    "grant.revoked",
    "approval.asked",
    "approval.approved",
    "approval.refused",
    "approval.withdrawn",
    "approval.expired",
    "approval.spent",
    "approval.escalated",
    "routing.changed",
    "capture.changed",
    "slack.set_up",
    "slack.removed",
    "slack.code_made",
    "slack.linked",
    "slack.unlinked",
    "webhook.made",
    "webhook.changed",
    "webhook.rotated",
    "webhook.removed",
    "webhook.switched_off",
    "webhook.tested",
    "webhook.replayed",
];

impl Event {
    /// What the sentence is about, as an id.
    pub fn target(&self) -> String {
        match self {
            Self::OrgCreated { org, .. }
            | Self::OrgChanged { org, .. }
            | Self::RoutingChanged { org, .. }
            | Self::CaptureChanged { org, .. }
            | Self::SlackSetUp { org }
            | Self::SlackRemoved { org } => org.to_string(),
            Self::Killed { target, .. } => target.clone(),
            Self::MemberInvited { invitation, .. }
            | Self::InvitationWithdrawn { invitation, .. } => invitation.to_string(),
            Self::MemberJoined { member, .. }
            | Self::MemberChanged { member, .. }
            | Self::MemberRenamed { member, .. }
            | Self::MemberRemoved { member, .. }
            | Self::SlackCodeMade { member }
            | Self::SlackLinked { member, .. }
            | Self::SlackUnlinked { member, .. } => member.to_string(),
            Self::KeyMade { key, .. } | Self::KeyDeleted { key, .. } => key.to_string(),
            Self::ServerAdded { server, .. }
            | Self::ServerChanged { server, .. }
            | Self::ServerRemoved { server, .. }
            | Self::ServerDiscovered { server, .. }
            | Self::ToolsAccepted { server, .. }
            | Self::ToolsReclassified { server, .. }
            | Self::ToolReviewed { server, .. } => server.to_string(),
            Self::PolicyCreated { policy, .. }
            | Self::PolicyChanged { policy, .. }
            | Self::PolicyDrafted { policy, .. }
            | Self::PolicyPublished { policy, .. }
            | Self::PolicyRolledBack { policy, .. }
            | Self::PolicyRemoved { policy, .. } => policy.to_string(),
            Self::GrantMinted { grant, .. }
            | Self::GrantChanged { grant, .. }
            | Self::GrantRotated { grant, .. }
            | Self::GrantRevoked { grant, .. } => grant.to_string(),
            Self::ApprovalAsked { approval, .. }
            | Self::ApprovalApproved { approval, .. }
            | Self::ApprovalRefused { approval, .. }
            | Self::ApprovalWithdrawn { approval, .. }
            | Self::ApprovalExpired { approval, .. }
            | Self::ApprovalSpent { approval, .. }
            | Self::ApprovalEscalated { approval, .. } => approval.to_string(),
            Self::WebhookMade { webhook, .. }
            | Self::WebhookChanged { webhook, .. }
            | Self::WebhookRotated { webhook, .. }
            | Self::WebhookRemoved { webhook, .. }
            | Self::WebhookSwitchedOff { webhook, .. }
            | Self::WebhookTested { webhook, .. }
            | Self::WebhookReplayed { webhook, .. } => webhook.to_string(),
        }
    }

    /// What agents must not use from now on, whatever else goes on.
    pub fn takes_back(&self) -> Option<Taken> {
        match self {
            Self::Killed {
                target, on: true, ..
            } => {
                let grant = || target.parse().ok().map(Taken::Grant);
                let server = || target.parse().ok().map(Taken::Server);
                // INVARIANT: it is one of three. Were it something else, all of it is meant rather than nothing.
                grant().or_else(server).or(Some(Taken::Org))
            }
            Self::ServerRemoved { server, .. } => Some(Taken::Server(*server)),
            Self::GrantRevoked { grant, .. }
            // The token so far is worth nothing, and whoever does not know the new version knows no other.
            | Self::GrantRotated {
                grant,
                overlap_s: 0,
            } => Some(Taken::Grant(*grant)),
            _ => None,
        }
    }

    /// Whether the bundle of the organisation may look different after it.
    pub fn concerns_replicas(&self) -> bool {
        match self {
            Self::MemberInvited { .. }
            | Self::InvitationWithdrawn { .. }
            | Self::MemberJoined { .. }
            | Self::MemberChanged { .. }
            | Self::MemberRenamed { .. }
            | Self::MemberRemoved { .. }
            | Self::KeyMade { .. }
            | Self::KeyDeleted { .. }
            | Self::PolicyCreated { .. }
            | Self::PolicyDrafted { .. }
            | Self::ApprovalAsked { .. }
            | Self::ApprovalApproved { .. }
            | Self::ApprovalRefused { .. }
            | Self::ApprovalWithdrawn { .. }
            | Self::ApprovalExpired { .. }
            | Self::ApprovalSpent { .. }
            | Self::ApprovalEscalated { .. }
            | Self::RoutingChanged { .. }
            | Self::SlackSetUp { .. }
            | Self::SlackRemoved { .. }
            | Self::SlackCodeMade { .. }
            | Self::SlackLinked { .. }
            | Self::SlackUnlinked { .. }
            | Self::WebhookMade { .. }
            | Self::WebhookChanged { .. }
            | Self::WebhookRotated { .. }
            | Self::WebhookRemoved { .. }
            | Self::WebhookSwitchedOff { .. }
            | Self::WebhookTested { .. }
            | Self::WebhookReplayed { .. } => false,
            Self::ServerDiscovered {
                is_first,
                added,
                removed,
                changed,
                reclassified,
                ..
            } => {
                let all = [added, removed, changed, reclassified];
                *is_first || all.iter().any(|names| !names.is_empty())
            }
            _ => true,
        }
    }
}

/// Both, without what is the same in them.
pub fn difference(mut before: Map<String, Value>, mut after: Map<String, Value>) -> (Value, Value) {
    before.retain(|key, old| {
        let is_same = after.get(key) == Some(&*old);
        if is_same {
            after.remove(key);
        }
        !is_same
    });
    (before.into(), after.into())
}

/// An event as it is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Told {
    #[schema(value_type = String)]
    pub id: EventId,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The id of the user or API key.
    pub actor: String,
    pub actor_name: String,
    pub action: String,
    pub target: String,
    #[schema(value_type = Object)]
    pub detail: Value,
}
