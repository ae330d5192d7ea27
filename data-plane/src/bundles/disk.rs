//! The snapshot: every bundle that was applied, sealed, one file an organisation, so that a replica starts without the
//! control plane; and how many replicas there were. A bundle that is read back goes through the same signature check as
//! one that comes over the wire.

mod files;

pub(super) use files::Files;

use crate::budget::KeptFleet;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bundle::Signed;
use ids::OrgId;
use seal::{KeyRing, Nonce};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

const BOUND_TO: &[u8] = b"portcullis snapshot\n";
const FLEET_BOUND_TO: &[u8] = b"portcullis fleet\n";
const FLEET: &str = "fleet";
const NOW: &str = "bundle";
/// The generation before, should the newest be damaged.
const LAST: &str = "last";
const NEXT: &str = "next";

#[derive(Debug, Clone)]
pub struct Disk {
    files: Arc<dyn Files>,
    keys: KeyRing,
}

#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error("snapshot `{path}`: {source}")]
    Io { path: String, source: io::Error },
    #[error("the snapshot cannot be sealed")]
    Seal,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    signed: Signed,
    /// Base64 of the bundle's bytes.
    bytes: String,
}

impl Disk {
    /// Makes the folder where it is missing; readable by this user alone.
    pub fn open(folder: PathBuf, keys: KeyRing) -> Result<Self, DiskError> {
        let shown = folder.display().to_string();
        let io = |source| DiskError::Io {
            path: shown,
            source,
        };
        let files = files::Folder::open(folder).map_err(io)?;
        Ok(Self::on(Arc::new(files), keys))
    }

    pub(super) fn on(files: Arc<dyn Files>, keys: KeyRing) -> Self {
        Self { files, keys }
    }

    /// Durable when it returns: written aside, synced, renamed.
    pub fn keep(&self, signed: &Signed, bytes: &[u8], nonce: Nonce) -> Result<(), DiskError> {
        let org = signed.statement.org;
        let kept = Kept {
            signed: signed.clone(),
            bytes: STANDARD.encode(bytes),
        };
        let sealed = self.sealed(BOUND_TO, &kept, nonce)?;
        let [next, now, last] = [NEXT, NOW, LAST].map(|generation| name(org, generation));
        let written = (|| {
            self.files.write(&next, &sealed)?;
            if self.files.has(&now) {
                self.files.rename(&now, &last)?;
            }
            self.files.rename(&next, &now)?;
            self.files.sync()
        })();
        written.map_err(|source| self.failed(&now, source))
    }

    /// As durable, one generation: whoever has none knows nothing, and shares nothing out.
    pub fn keep_fleet(&self, fleet: &KeptFleet, nonce: Nonce) -> Result<(), DiskError> {
        let sealed = self.sealed(FLEET_BOUND_TO, fleet, nonce)?;
        let next = format!("{FLEET}.{NEXT}");
        let written = (|| {
            self.files.write(&next, &sealed)?;
            self.files.rename(&next, FLEET)?;
            self.files.sync()
        })();
        written.map_err(|source| self.failed(FLEET, source))
    }

    pub fn load_fleet(&self) -> Option<KeptFleet> {
        self.opened(FLEET, FLEET_BOUND_TO)
    }

    /// The oldest goes first, the newest last: what is half forgotten must not come back as what was before it. A process that
    /// ended between two renames has left the newest as the next.
    pub fn forget(&self, org: OrgId) -> Result<(), DiskError> {
        for generation in [LAST, NEXT, NOW] {
            let name = name(org, generation);
            let removed = self.files.remove(&name).and_then(|()| self.files.sync());
            removed.map_err(|source| self.failed(&name, source))?;
        }
        Ok(())
    }

    /// Of whom something is kept. What another process left half done, and is gone by from now on, is made safe first.
    pub fn orgs(&self) -> Result<Vec<OrgId>, DiskError> {
        if let Err(error) = self.files.sync() {
            tracing::error!(%error, "the snapshot's folder cannot be synced");
        }
        let names = self
            .files
            .names()
            .map_err(|source| self.failed("", source))?;
        let mut orgs: Vec<OrgId> = names
            .iter()
            .filter_map(|name| name.split_once('.')?.0.parse().ok())
            .collect();
        orgs.sort_unstable();
        orgs.dedup();
        Ok(orgs)
    }

    /// The newest generation that opens. The rest is said in the log and left where it is.
    pub fn load(&self, org: OrgId) -> Option<(Signed, Vec<u8>)> {
        let others = || {
            let others = [NEXT, LAST].map(|generation| self.read(org, generation));
            let others = others.into_iter().flatten();
            others.max_by_key(|(signed, _)| signed.statement.version)
        };
        self.read(org, NOW).or_else(others)
    }

    fn read(&self, org: OrgId, generation: &str) -> Option<(Signed, Vec<u8>)> {
        let name = name(org, generation);
        let kept: Kept = self.opened(&name, BOUND_TO)?;
        let bytes = STANDARD.decode(kept.bytes);
        if bytes.is_err() {
            tracing::error!(path = self.files.shown(&name), "snapshot cannot be read");
        }
        Some((kept.signed, bytes.ok()?))
    }

    fn sealed<T: Serialize>(
        &self,
        bound_to: &[u8],
        kept: &T,
        nonce: Nonce,
    ) -> Result<Vec<u8>, DiskError> {
        let plain = serde_json::to_vec(kept).map_err(|_| DiskError::Seal)?;
        self.keys
            .seal(nonce, bound_to, &plain)
            .ok_or(DiskError::Seal)
    }

    /// What is in a file; none where there is no such file, or, which is said in the log, where it does not open.
    fn opened<T: DeserializeOwned>(&self, name: &str, bound_to: &[u8]) -> Option<T> {
        let sealed = self.files.read(name)?;
        let plain = self.keys.open(bound_to, &sealed).ok();
        let read = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        if read.is_none() {
            tracing::error!(path = self.files.shown(name), "snapshot cannot be read");
        }
        read
    }

    fn failed(&self, name: &str, source: io::Error) -> DiskError {
        let path = self.files.shown(name);
        DiskError::Io { path, source }
    }
}

fn name(org: OrgId, generation: &str) -> String {
    format!("{org}.{generation}")
}
