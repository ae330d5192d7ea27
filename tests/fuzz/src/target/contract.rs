//! What the planes tell each other: feed, report, batch. What is read is written and read the same, within its bounds.

use crate::parts::choice;
use bundle::feed::{Feed, Report};
use bundle::record::{Batch, MAX_RECORD, Record};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub fn run(data: &[u8]) {
    let (kind, data) = choice(data, 3);
    match kind {
        0 => drop(settled::<Feed>(data)),
        1 => drop(settled::<Report>(data)),
        _ => {
            let Some(batch) = settled::<Batch>(data) else {
                return;
            };
            for record in &batch.records {
                let long = serde_json::to_vec(record).expect("a record is JSON").len();
                assert!(long <= MAX_RECORD);
                let _ = (record.id().unix_ms(), record.org());
                if let Record::Intent(intent) = record {
                    assert!(
                        intent.method.as_str().len() <= 256
                            && !intent.method.as_str().contains('\0')
                    );
                    assert!(
                        intent.argument_keys.as_slice().len() <= 64
                            && intent.shadow.as_slice().len() <= 16
                    );
                }
            }
        }
    }
}

fn settled<T: Serialize + DeserializeOwned>(data: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(data).ok()?;
    let once = serde_json::to_vec(&read).expect("it is JSON");
    let again: T = serde_json::from_slice(&once).expect("and reads again");
    assert_eq!(serde_json::to_vec(&again).expect("it is JSON"), once);
    Some(again)
}
