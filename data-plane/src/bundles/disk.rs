//! The snapshot: every bundle that was applied, sealed, one file an organisation, so that a replica starts without the
//! control plane; and how many replicas there were. A bundle that is read back goes through the same signature check as
//! one that comes over the wire.

use crate::budget::KeptFleet;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bundle::Signed;
use ids::OrgId;
use seal::{KeyRing, Nonce};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const BOUND_TO: &[u8] = b"portcullis snapshot\n";
const FLEET_BOUND_TO: &[u8] = b"portcullis fleet\n";
const FLEET: &str = "fleet";
const NOW: &str = "bundle";
/// The generation before, should the newest be damaged.
const LAST: &str = "last";
const NEXT: &str = "next";

#[derive(Debug, Clone)]
pub struct Disk {
    folder: PathBuf,
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
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.map_err(|source| failed(&folder, source))?;
        Ok(Self { folder, keys })
    }

    /// Durable when it returns: written aside, synced, renamed.
    pub fn keep(&self, signed: &Signed, bytes: &[u8], nonce: Nonce) -> Result<(), DiskError> {
        let org = signed.statement.org;
        let kept = Kept {
            signed: signed.clone(),
            bytes: STANDARD.encode(bytes),
        };
        let sealed = self.sealed(BOUND_TO, &kept, nonce)?;
        let (next, now, last) = (
            self.path(org, NEXT),
            self.path(org, NOW),
            self.path(org, LAST),
        );
        let written = (|| {
            write(&next, &sealed)?;
            if now.exists() {
                fs::rename(&now, &last)?;
            }
            fs::rename(&next, &now)?;
            fs::File::open(&self.folder)?.sync_all()
        })();
        written.map_err(|source| failed(&now, source))
    }

    /// As durable, one generation: whoever has none knows nothing, and shares nothing out.
    pub fn keep_fleet(&self, fleet: &KeptFleet, nonce: Nonce) -> Result<(), DiskError> {
        let sealed = self.sealed(FLEET_BOUND_TO, fleet, nonce)?;
        let now = self.folder.join(FLEET);
        let next = now.with_extension(NEXT);
        let written = (|| {
            write(&next, &sealed)?;
            fs::rename(&next, &now)?;
            fs::File::open(&self.folder)?.sync_all()
        })();
        written.map_err(|source| failed(&now, source))
    }

    pub fn load_fleet(&self) -> Option<KeptFleet> {
        self.opened(&self.folder.join(FLEET), FLEET_BOUND_TO)
    }

    pub fn forget(&self, org: OrgId) -> Result<(), DiskError> {
        for generation in [NOW, LAST] {
            let path = self.path(org, generation);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&path, source));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Of whom something is kept.
    pub fn orgs(&self) -> Result<Vec<OrgId>, DiskError> {
        let entries = fs::read_dir(&self.folder).map_err(|source| failed(&self.folder, source))?;
        let mut names: Vec<OrgId> = entries
            .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str()?.parse().ok())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The newest generation that opens. The rest is said in the log and left where it is.
    pub fn load(&self, org: OrgId) -> Option<(Signed, Vec<u8>)> {
        self.read(org, NOW).or_else(|| self.read(org, LAST))
    }

    fn read(&self, org: OrgId, generation: &str) -> Option<(Signed, Vec<u8>)> {
        let path = self.path(org, generation);
        let kept: Kept = self.opened(&path, BOUND_TO)?;
        let bytes = STANDARD.decode(kept.bytes);
        if bytes.is_err() {
            tracing::error!(path = %path.display(), "snapshot cannot be read");
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
    fn opened<T: DeserializeOwned>(&self, path: &Path, bound_to: &[u8]) -> Option<T> {
        let sealed = fs::read(path).ok()?;
        let plain = self.keys.open(bound_to, &sealed).ok();
        let read = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        if read.is_none() {
            tracing::error!(path = %path.display(), "snapshot cannot be read");
        }
        read
    }

    fn path(&self, org: OrgId, generation: &str) -> PathBuf {
        self.folder.join(format!("{org}.{generation}"))
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(path: &Path, source: io::Error) -> DiskError {
    DiskError::Io {
        path: path.display().to_string(),
        source,
    }
}
