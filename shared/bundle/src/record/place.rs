//! Where a record stands among all that its replica wrote: in which opening of its spool, and as which one there. Stands in the
//! record's own JSON object, where readers that do not look for it pass it over.

use serde::Deserialize;
use std::io::Write;

/// Numbers run from 1 without a gap, so that one which never comes tells of a record that was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Place {
    /// The opening, named by its time in Unix milliseconds.
    pub epoch: u64,
    pub seq: u64,
}

impl Place {
    /// What a place adds to a record, in bytes, at most.
    pub const MOST: usize = r#","epoch":18446744073709551615,"seq":18446744073709551615"#.len();

    /// Appends the record with its place to `out`. What is no object with members is appended as it is.
    pub fn join(self, record: &[u8], out: &mut Vec<u8>) {
        let Self { epoch, seq } = self;
        match record.strip_suffix(b"}") {
            Some(open) if open.len() > 1 => {
                out.extend_from_slice(open);
                // Memory takes whatever is written to it.
                let _ = write!(out, r#","epoch":{epoch},"seq":{seq}}}"#);
            }
            _ => out.extend_from_slice(record),
        }
    }

    /// None where the record has none: a replica of the version before wrote it, or it went ahead of the spool.
    pub fn of(record: &str) -> Option<Self> {
        let place: Self = serde_json::from_str(record).ok()?;
        (place.seq > 0).then_some(place)
    }
}
