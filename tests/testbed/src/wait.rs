//! Waiting for things, and folders that go with their value.

use host::clock::Random;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What does not come in this time does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer; says what it waited for where there is none.
#[track_caller]
pub fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let begun = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "waited in vain for {what} ({caller})"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A folder of its own, gone when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!(
            "portcullis-test-{}",
            seal::to_hex(&Random::system().bytes::<8>())
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
