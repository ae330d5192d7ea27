use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder of this test's own, gone when the test is.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!(
            "portcullis-spool-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    pub fn path(&self) -> PathBuf {
        self.0.clone()
    }

    /// The segments there are, oldest first.
    pub fn files(&self, end: &str) -> Vec<PathBuf> {
        let all = std::fs::read_dir(&self.0).expect("the folder is there");
        let mut found: Vec<_> = all
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == end))
            .collect();
        found.sort();
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
