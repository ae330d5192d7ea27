//! The files of a snapshot: a folder. What is written, and in which order, is `disk`'s.

use std::fmt::Debug;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

pub trait Files: Debug + Send + Sync {
    /// None where there is none, or it cannot be read.
    fn read(&self, name: &str) -> Option<Vec<u8>>;

    /// Its bytes are safe when this returns; its name is after the next [`Files::sync`].
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// One that is not there is as good as removed.
    fn remove(&self, name: &str) -> io::Result<()>;

    fn has(&self, name: &str) -> bool;

    fn names(&self) -> io::Result<Vec<String>>;

    fn sync(&self) -> io::Result<()>;

    /// As whoever reads the log finds it.
    fn shown(&self, name: &str) -> String;
}

#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        Ok(Self(folder))
    }
}

impl Files for Folder {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(name)).ok()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.0.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.0)?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.collect())
    }

    fn sync(&self) -> io::Result<()> {
        fs::File::open(&self.0)?.sync_all()
    }

    fn shown(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}
