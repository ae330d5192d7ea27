//! What a verification found.

use super::Chain;
use ids::CallId;
use serde::Serialize;
use std::fmt;

/// One thing that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The call, where its record is there to name it.
    pub call: Option<CallId>,
    /// `call` or `outcome`, alike.
    pub record: Option<&'static str>,
    pub chain: Option<Chain>,
    /// The sequences it is about, first and last.
    pub seqs: Option<(i64, i64)>,
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = self.call {
            write!(f, "{call} ")?;
        }
        if let Some(record) = self.record {
            write!(f, "({record}) ")?;
        }
        if let Some(chain) = &self.chain {
            write!(f, "[{chain}")?;
            match self.seqs {
                Some((first, last)) if first == last => write!(f, " #{first}")?,
                Some((first, last)) => write!(f, " #{first}-{last}")?,
                None => {}
            }
            f.write_str("] ")?;
        }
        write!(f, "{}", self.what)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Records whose place in a chain was looked at.
    pub records: u64,
    pub chains: u64,
    pub checkpoints: u64,
    /// When the newest checkpoint was made: of what came later, only what the database says of itself is proven.
    pub signed_until: Option<String>,
    /// Records from before there were chains: nothing is proven of them.
    pub before_chains: u64,
    /// Records that came while the file was written.
    pub later: u64,
    /// Days before this one were given up; none: none were.
    pub keeps_from: Option<String>,
    /// Records of such days that are still there, or have come since: nothing is proven of them.
    pub given_up: u64,
    pub faults: Vec<Fault>,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}
