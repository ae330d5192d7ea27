//! API keys: how programs act for an organisation. A key carries one role and ends with its maker's membership.

pub mod store;

use crate::access::Role;
use ids::{KeyId, MemberId, OrgId, Slug};

/// What a presented key stands for.
#[derive(Debug, Clone)]
pub struct Presented {
    pub id: KeyId,
    pub name: String,
    pub org: OrgId,
    pub org_slug: Slug,
    pub role: Role,
    pub made_by: MemberId,
}
