//! Long messages are decided on aside: to read, cut and cover sixteen mebibytes takes long enough to keep other calls
//! waiting, which share this thread.

use super::passage::{Passage, Passed};
use crate::refusal::Trouble;
use bytes::Bytes;
use std::sync::Arc;

/// Longer than this is aside.
const LONG: usize = 1 << 20;

pub async fn pass(passage: &Arc<Passage>, bytes: &Bytes) -> Result<Passed, Trouble> {
    if bytes.len() <= LONG {
        return read(passage, bytes);
    }
    let (passage, bytes) = (Arc::clone(passage), bytes.clone());
    let span = tracing::Span::current();
    let aside = tokio::task::spawn_blocking(move || span.in_scope(|| read(&passage, &bytes)));
    // Only a panic takes it away.
    aside.await.unwrap_or(Err(Trouble::Garbage))
}

fn read(passage: &Passage, bytes: &[u8]) -> Result<Passed, Trouble> {
    let text = std::str::from_utf8(bytes).map_err(|_| Trouble::Garbage)?;
    passage.pass(text)
}
