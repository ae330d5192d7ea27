//! What the function answers to a charge, read strictly. PURE.

use super::charge::{Refusal, Revoked};
use redis::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Redis's own time.
    pub now: u64,
    pub epoch: Vec<u8>,
    pub answer: Answer,
    /// One for each part, after the charge if there was one.
    pub sums: Vec<u64>,
    /// Which of the limits in shadow would have refused a call that passed.
    pub would: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Passed {
        slots: Vec<u64>,
    },
    Refused(Refusal),
    Revoked(Revoked),
    /// The records have not been counted yet: of the charges, this is the first that waits for them.
    Untold {
        part: usize,
    },
}

/// `None`: not an answer to a charge of so many parts with so many limits in shadow.
pub(super) fn read(value: Value, parts: usize, shadow: usize) -> Option<Reply> {
    let Value::Array(items) = value else {
        return None;
    };
    let mut items = items.into_iter();
    let kind = int(&items.next()?)?;
    let now = whole(&items.next()?)?;
    let Value::BulkString(epoch) = items.next()? else {
        return None;
    };
    let mut would = Vec::new();
    let (answer, sums) = match kind {
        0 => {
            let rest = items
                .map(|item| whole(&item))
                .collect::<Option<Vec<u64>>>()?;
            let (charged, shown) = rest.split_at_checked(rest.len().checked_sub(shadow)?)?;
            for (index, is_over) in shown.iter().enumerate() {
                match is_over {
                    0 => {}
                    1 => would.push(index),
                    _ => return None,
                }
            }
            let (pairs, odd) = charged.as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            let (slots, sums) = pairs.iter().map(|&[slot, sum]| (slot, sum)).unzip();
            (Answer::Passed { slots }, sums)
        }
        1 => {
            let part = usize::try_from(int(&items.next()?)?).ok()?;
            let wait = int(&items.next()?)?;
            let sums: Vec<u64> = items.map(|item| whole(&item)).collect::<Option<_>>()?;
            let wait = u64::try_from(wait).ok();
            (Answer::Refused(Refusal { part, wait }), sums)
        }
        2 => {
            let what = match int(&items.next()?)? {
                1 => Revoked::Org,
                2 => Revoked::Grant,
                3 => Revoked::Server,
                _ => return None,
            };
            (Answer::Revoked(what), vec![0; parts])
        }
        3 => {
            let part = usize::try_from(int(&items.next()?)?).ok()?;
            (Answer::Untold { part }, vec![0; parts])
        }
        _ => return None,
    };
    let fits = match &answer {
        Answer::Refused(refusal) => refusal.part < parts,
        Answer::Untold { part } => *part < parts,
        Answer::Passed { .. } | Answer::Revoked(_) => true,
    };
    (fits && sums.len() == parts).then_some(Reply {
        now,
        epoch,
        answer,
        sums,
        would,
    })
}

fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(int) => Some(*int),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    int(value).and_then(|int| u64::try_from(int).ok())
}

#[cfg(test)]
mod tests;
