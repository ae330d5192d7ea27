//! What a replica does with what the feed says: which bundles it wants, what it puts in force and keeps, whom it forgets.
//! No sockets, and nobody waits here: asking and waiting is `fetch`'s.

use super::disk::{Disk, DiskError};
use super::hold::{Holder, Org};
use super::link::LinkError;
use bundle::Signed;
use bundle::feed::{Ack, Change, Feed};
use bytes::Bytes;
use host::clock::Random;
use ids::OrgId;
use seal::VerifyingKey;
use std::collections::{HashMap, HashSet};
use std::panic::resume_unwind;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Applier {
    pub holder: Arc<Holder>,
    pub disk: Disk,
    pub keys: Vec<VerifyingKey>,
    pub random: Random,
}

/// Of what the feed names.
#[derive(Debug)]
pub(super) struct Wanted {
    /// What is not held yet: of each organisation the newest.
    pub bundles: Vec<Signed>,
    /// What is.
    pub held: Vec<Ack>,
}

impl Applier {
    /// Puts the snapshot in force; answers how many organisations were kept.
    pub fn start_from_disk(&self) -> Result<usize, DiskError> {
        let orgs = self.disk.orgs()?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = orgs.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let parts: Vec<_> = orgs
                .chunks(share)
                .map(|part| {
                    scope.spawn(|| part.iter().filter_map(|org| self.restored(*org)).collect())
                })
                .collect();
            let opened = parts.into_iter().flat_map(|part| {
                let opened: Vec<Org> = part.join().unwrap_or_else(|panic| resume_unwind(panic));
                opened
            });
            self.holder.restore(opened);
        });
        Ok(orgs.len())
    }

    /// What is kept of an organisation, if it is good.
    fn restored(&self, org: OrgId) -> Option<Org> {
        let (signed, bytes) = self.disk.load(org)?;
        match bundle::open(&signed, &bytes, &self.keys) {
            Ok(opened) => Some(Org::new(opened)),
            Err(error) => {
                tracing::error!(org.id = %signed.statement.org, %error, "snapshot refused");
                None
            }
        }
    }

    /// What the feed names, and is not held yet. Forgets who is gone.
    pub fn wanted(&self, feed: &Feed) -> Wanted {
        let mut newest: HashMap<OrgId, Signed> = HashMap::new();
        let mut named: HashSet<OrgId> = HashSet::new();
        for change in &feed.changes {
            match change {
                Change::Bundle(signed) => {
                    named.insert(signed.statement.org);
                    newest.insert(signed.statement.org, signed.clone());
                }
                Change::OrgRemoved { org } => {
                    newest.remove(org);
                    self.forget(*org);
                }
            }
        }
        if feed.is_reset {
            self.holder.accept_others(&named);
            let held = self.holder.orgs();
            held.into_iter()
                .filter(|org| !named.contains(org))
                .for_each(|org| self.forget(org));
        }
        let mut acks = Vec::new();
        newest.retain(|org, signed| match self.holder.org(*org) {
            Some(held) if held.sha256() == signed.statement.sha256 && held.key() == signed.key => {
                self.holder.accept(*org);
                acks.push(Ack {
                    org: *org,
                    version: held.version(),
                    error: None,
                });
                false
            }
            _ => true,
        });
        Wanted {
            bundles: newest.into_values().collect(),
            held: acks,
        }
    }

    /// What came of asking for a bundle: put in force and kept, or refused, which is to be said; or nothing, where a newer
    /// one has taken its place, which the feed goes on to name. An error: it must be asked for again.
    pub fn took(
        &self,
        signed: &Signed,
        came: Result<Bytes, LinkError>,
    ) -> Result<Option<Ack>, LinkError> {
        let error = match came {
            Ok(bytes) if !is_named(signed, &bytes) => {
                return Err(LinkError::Answer(
                    "the bytes are not the bundle that was asked for".to_owned(),
                ));
            }
            Ok(bytes) => self.apply(signed, &bytes).err(),
            Err(LinkError::Status(404)) => return Ok(None),
            // No later try would take it either, and all others would wait behind it.
            Err(error @ LinkError::TooLarge(_)) => Some(error.to_string()),
            Err(error) => return Err(error),
        };
        let (org, version) = (signed.statement.org, signed.statement.version);
        Ok(Some(self.judged(org, version, error)))
    }

    /// What is said of a bundle; one that is refused leaves the last good one in force.
    pub fn judged(&self, org: OrgId, version: u64, error: Option<String>) -> Ack {
        match &error {
            None => tracing::info!(org.id = %org, bundle.version = version, "bundle.apply"),
            Some(error) => {
                self.holder.refuse(org);
                tracing::error!(org.id = %org, bundle.version = version, error, "bundle refused");
            }
        }
        Ack {
            org,
            version,
            error,
        }
    }

    fn apply(&self, signed: &Signed, bytes: &[u8]) -> Result<(), String> {
        let opened = bundle::open(signed, bytes, &self.keys).map_err(|error| error.to_string())?;
        self.holder
            .put(Org::new(opened))
            .map_err(|error| error.to_string())?;
        if let Err(error) = self.disk.keep(signed, bytes, self.random.bytes()) {
            // In force all the same: a full disk must not keep an old policy alive.
            tracing::error!(%error, "snapshot not written");
        }
        Ok(())
    }

    fn forget(&self, org: OrgId) {
        self.holder.remove(org);
        if let Err(error) = self.disk.forget(org) {
            tracing::error!(%error, "snapshot not removed");
        }
    }
}

/// Whether these are the bytes of the bundle that is asked for by its digest: what was damaged on its way is no bundle at all.
fn is_named(signed: &Signed, bytes: &[u8]) -> bool {
    seal::to_hex(&seal::sha256(bytes)) == signed.statement.sha256
}
