//! Everything a data plane needs to judge the calls of one organisation: its servers, policies and grants, at one version.
//!
//! The wire carries policy documents, never compiled internals: both ends compile with the same crate.

use ids::{GrantId, OrgId, PolicyId, ServerId, Slug};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The shape of [`OrgBundle`]. A reader refuses a bundle whose statement asks for a newer one.
pub const FORMAT: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrgBundle {
    pub org: Org,
    /// Grows by one with every change of the organisation; the newest is the one that counts.
    pub version: u64,
    pub servers: Vec<Server>,
    pub policies: Vec<PolicyVersion>,
    pub grants: Vec<Grant>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Org {
    pub id: OrgId,
    pub slug: Slug,
    /// False while the kill switch of the organisation is thrown.
    pub is_open: bool,
    /// A bundle unconfirmed for longer than this refuses every call; none: last good is good for ever.
    pub max_stale_ms: Option<u64>,
    /// Where people find the control plane, without a slash at its end: what links to its pages begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<String>,
    /// None: arguments of calls are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
}

/// How arguments of calls are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// What is left out, as [`policy::ArgumentPath`]s.
    #[serde(default)]
    pub redact: Vec<String>,
}

impl Org {
    /// The dashboard's page of a server.
    pub fn server_page(&self, server: &Slug) -> Option<String> {
        let dashboard = self.dashboard.as_deref()?;
        Some(format!("{dashboard}/{}/servers/{server}", self.slug))
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Server {
    pub id: ServerId,
    pub slug: Slug,
    pub name: String,
    pub url: String,
    /// The upstream's headers, sealed for this organisation and server (see [`crate::credential`]).
    pub credential: Option<crate::credential::Sealed>,
    /// Which of the protocol's ways over HTTP it speaks, as far as that was found out.
    #[serde(default, skip_serializing_if = "Transport::is_streamable")]
    pub transport: Transport,
    pub timeouts: Timeouts,
    pub pinning: Pinning,
    /// Whether what it claims of its tools may make their categories milder.
    #[serde(default)]
    pub is_trusted: bool,
    pub allows_sampling: bool,
    pub allows_elicitation: bool,
    pub is_open: bool,
    /// The recorded tool list; none where it was never read, and then no tool is known.
    pub tools: Option<Vec<Tool>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// One address for everything: 2025-03-26 and later.
    #[default]
    StreamableHttp,
    /// An event stream, and an address that it names: 2024-11-05.
    Sse,
}

impl Transport {
    pub const ALL: [Self; 2] = [Self::StreamableHttp, Self::Sse];

    pub const fn word(self) -> &'static str {
        match self {
            Self::StreamableHttp => "streamable_http",
            Self::Sse => "sse",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    const fn is_streamable(&self) -> bool {
        matches!(self, Self::StreamableHttp)
    }
}

/// Milliseconds, each with the default of the wire's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    pub connect_ms: u64,
    pub first_byte_ms: u64,
    /// First byte of a `tools/call`: many servers answer only when they are done.
    pub call_first_byte_ms: u64,
    pub idle_ms: u64,
    pub whole_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_ms: 5_000,
            first_byte_ms: 60_000,
            call_first_byte_ms: 300_000,
            idle_ms: 300_000,
            whole_ms: 900_000,
        }
    }
}

/// What happens to a tool that is new, or whose definition changed, since the server's tools were reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pinning {
    Off,
    Warn,
    Block,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    /// SHA-256 of the definition's canonical form, in hexadecimal digits.
    pub digest: String,
    pub category: policy::Category,
    /// The category was read from the definition, and nobody has said a word about it: another definition, another category.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_read: bool,
    #[serde(default)]
    pub hints: Hints,
    /// New or changed since the review.
    #[serde(default)]
    pub is_changed: bool,
    /// Arguments that a caller repeats in headers, as the recorded schema asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub param_headers: Vec<mcp::ParamHeader>,
    /// Travels only where a policy on this server validates arguments against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Box<RawValue>>,
}

/// The annotations of a tool: what its server claims, nothing more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hints {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destructive_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_world_hint: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub id: PolicyId,
    pub slug: Slug,
    pub number: u32,
    /// The document as it was published, byte for byte.
    pub document: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grant {
    pub id: GrantId,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    /// E-mail address of the person behind the grant.
    pub user: Option<String>,
    pub is_open: bool,
    /// Unix milliseconds.
    pub expires_at: Option<u64>,
    pub tokens: Vec<TokenDigest>,
    pub attachments: Vec<Attachment>,
}

/// One token that opens a grant: during the overlap of a rotation there are two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenDigest {
    /// `HMAC-SHA-256(pepper, token)` in hexadecimal digits.
    pub digest: String,
    /// Unix milliseconds; none for the newest token.
    pub until: Option<u64>,
}

/// What a grant reaches, and under which policy. Without one, everything there is denied.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attachment {
    pub server: ServerId,
    pub policy: Option<(PolicyId, u32)>,
}
