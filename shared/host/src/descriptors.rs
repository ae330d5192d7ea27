//! How many files and sockets the process may hold open: as many as its hard limit says.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// `u64::MAX`: as many as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    pub before: u64,
    pub now: u64,
}

/// Raises the soft limit to the hard one. The soft one is low for the sake of old programs that use `select`; nothing here
/// does. Where the system does not let it, what was stays.
pub fn raise() -> Descriptors {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: before.maximum,
        ..before
    };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, "the limit of descriptors could not be raised");
    }
    Descriptors {
        before: before.current.unwrap_or(u64::MAX),
        now: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests;
