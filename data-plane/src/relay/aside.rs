//! Long messages are decided on aside: to read, cut and cover sixteen mebibytes takes long enough to keep other calls
//! waiting, which share this thread. One at a time, for their trees take several times what they do.

use super::passage::{Passage, Passed};
use crate::refusal::Trouble;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Longer than this is aside.
const LONG: usize = 1 << 20;
const AT_ONCE: usize = 1;

/// Where long messages are read; whoever comes first is read first.
#[derive(Debug)]
pub struct Aside(Arc<Semaphore>);

impl Default for Aside {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

pub async fn pass(passage: &Arc<Passage>, bytes: &Bytes) -> Result<Passed, Trouble> {
    if bytes.len() <= LONG {
        return read(passage, bytes);
    }
    let (passage, bytes) = (Arc::clone(passage), bytes.clone());
    let places = Arc::clone(&passage.app.aside.0);
    // Nobody closes the semaphore.
    let place = places.acquire_owned().await.map_err(|_| Trouble::NoRoom)?;
    let span = tracing::Span::current();
    let aside = tokio::task::spawn_blocking(move || {
        // Given back when it is read, also where nobody waits for it any more.
        let _place = place;
        span.in_scope(|| read(&passage, &bytes))
    });
    // Only a panic takes it away.
    aside.await.unwrap_or(Err(Trouble::Garbage))
}

fn read(passage: &Passage, bytes: &[u8]) -> Result<Passed, Trouble> {
    let text = std::str::from_utf8(bytes).map_err(|_| Trouble::Garbage)?;
    passage.pass(text)
}
