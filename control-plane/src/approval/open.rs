//! Arguments at rest: sealed for one organisation and one approval.

use crate::app::App;
use crate::db::DbError;
use ids::{ApprovalId, OrgId};
use serde_json::value::RawValue;

fn bound_to(org: OrgId, approval: ApprovalId) -> Vec<u8> {
    format!("portcullis approval\n{org}\n{approval}\n").into_bytes()
}

pub fn seal(
    app: &App,
    org: OrgId,
    approval: ApprovalId,
    arguments: &RawValue,
) -> Result<Vec<u8>, DbError> {
    let (ring, nonce) = (&app.keys().credentials, app.random().bytes());
    ring.seal(nonce, &bound_to(org, approval), arguments.get().as_bytes())
        .ok_or_else(|| DbError::Stored("arguments cannot be sealed".to_owned()))
}

pub fn open(
    app: &App,
    org: OrgId,
    approval: ApprovalId,
    sealed: &[u8],
) -> Result<Box<RawValue>, DbError> {
    let unreadable = |cause: String| DbError::Stored(format!("arguments of `{approval}`: {cause}"));
    let ring = &app.keys().credentials;
    let plain = ring
        .open(&bound_to(org, approval), sealed)
        .map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_slice(&plain).map_err(|error| unreadable(error.to_string()))
}
