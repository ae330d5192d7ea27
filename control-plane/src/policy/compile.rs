//! Reading documents, off the threads that answer requests: a large document takes its time.

use super::known::Known;
use ::policy::Finding;
use tokio::sync::Semaphore;

/// Documents that are read at once, so that a flood of them cannot take every core.
static PLACES: Semaphore = Semaphore::const_new(4);

pub async fn check(text: String, known: Option<Known>) -> Vec<Finding> {
    aside(move || ::policy::check(&text, known.map(Known::into_tools).as_ref())).await
}

/// The SHA-256 of the canonical form; the errors where it does not compile.
pub async fn digest(text: String) -> Result<[u8; 32], Vec<Finding>> {
    aside(move || ::policy::canonical(&text).map(|canonical| seal::sha256(canonical.as_bytes())))
        .await
}

pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let place = PLACES.acquire().await.expect("it is never closed");
    let done = tokio::task::spawn_blocking(move || {
        let out = work();
        drop(place);
        out
    });
    match done.await {
        Ok(out) => out,
        // It was not cancelled, so it panicked, and goes on doing so here, where a request can be answered for it.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
