//! Signed bytes → a bundle that may be used. The only way to an [`Opened`] is through the signature, the digest and the
//! compiler, on both planes: the control plane opens what it is about to publish.

use crate::org::{FORMAT, OrgBundle};
use crate::sign::Signed;
use ids::{PolicyId, ServerId};
use policy::Policy;
use seal::VerifyingKey;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A verified bundle and its compiled policies.
#[derive(Debug)]
pub struct Opened {
    pub bundle: OrgBundle,
    pub policies: HashMap<(PolicyId, u32), Arc<Policy>>,
    pub signed: Signed,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    #[error("not signed by a key that is trusted here")]
    Signature,
    #[error("the bytes are not the ones that were signed")]
    Digest,
    #[error("format {0} is newer than this program reads")]
    Format(u32),
    #[error("not a bundle: {0}")]
    Shape(String),
    #[error("the bundle is of another organisation or version than its statement")]
    OtherStatement,
    #[error("policy `{policy}` version {number} does not compile: {finding}")]
    Policy {
        policy: PolicyId,
        number: u32,
        finding: String,
    },
    #[error("a grant is attached to a policy version that the bundle does not hold")]
    MissingPolicy,
}

pub fn open(signed: &Signed, bytes: &[u8], keys: &[VerifyingKey]) -> Result<Opened, CannotOpen> {
    if !signed.is_good(keys) {
        return Err(CannotOpen::Signature);
    }
    let statement = &signed.statement;
    if seal::to_hex(&seal::sha256(bytes)) != statement.sha256 {
        return Err(CannotOpen::Digest);
    }
    if statement.format > FORMAT {
        return Err(CannotOpen::Format(statement.format));
    }
    let bundle: OrgBundle =
        serde_json::from_slice(bytes).map_err(|error| CannotOpen::Shape(error.to_string()))?;
    if bundle.org.id != statement.org || bundle.version != statement.version {
        return Err(CannotOpen::OtherStatement);
    }
    let policies = compile(&bundle)?;
    let attached = bundle
        .grants
        .iter()
        .flat_map(|grant| &grant.attachments)
        .filter_map(|it| it.policy);
    if attached.into_iter().any(|key| !policies.contains_key(&key)) {
        return Err(CannotOpen::MissingPolicy);
    }
    Ok(Opened {
        bundle,
        policies,
        signed: signed.clone(),
    })
}

fn compile(bundle: &OrgBundle) -> Result<HashMap<(PolicyId, u32), Arc<Policy>>, CannotOpen> {
    let compiled = bundle.policies.iter().map(|version| {
        let mut policy =
            policy::compile(&version.document).map_err(|findings| CannotOpen::Policy {
                policy: version.id,
                number: version.number,
                finding: findings
                    .first()
                    .map(|finding| finding.message.clone())
                    .unwrap_or_default(),
            })?;
        let key = (version.id, version.number);
        policy.know(tools_under(bundle, key));
        Ok((key, Arc::new(policy)))
    });
    compiled.collect()
}

/// The tools whose calls may be judged by this policy.
fn tools_under(bundle: &OrgBundle, policy: (PolicyId, u32)) -> impl Iterator<Item = &str> {
    let attachments = bundle.grants.iter().flat_map(|grant| &grant.attachments);
    let wanted: HashSet<ServerId> = attachments
        .filter(|attachment| attachment.policy == Some(policy))
        .map(|attachment| attachment.server)
        .collect();
    let servers = bundle.servers.iter();
    servers
        .filter(move |server| wanted.contains(&server.id))
        .flat_map(|server| server.tools.iter().flatten())
        .map(|tool| tool.name.as_str())
}

#[cfg(test)]
mod tests;
