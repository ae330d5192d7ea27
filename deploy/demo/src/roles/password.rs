//! The roles' passwords, in one file that only its owner may read. Knows nothing of databases.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rand::RngExt;

/// Lines of `ROLE PASSWORD`. A new password is on disk before anyone can use it.
#[derive(Debug)]
pub struct Passwords {
    file: PathBuf,
    lines: Vec<(String, String)>,
}

impl Passwords {
    pub fn kept_in(file: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(missing) if missing.kind() == ErrorKind::NotFound => String::new(),
            Err(other) => {
                return Err(other).with_context(|| format!("cannot read `{}`", file.display()));
            }
        };
        let lines = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(role, password)| (role.to_owned(), password.to_owned()))
            .collect();
        Ok(Self {
            file: file.to_owned(),
            lines,
        })
    }

    pub fn knows(&self, role: &str) -> bool {
        self.lines.iter().any(|(known, _)| known == role)
    }

    pub fn of(&mut self, role: &str) -> anyhow::Result<String> {
        if let Some((_, password)) = self.lines.iter().find(|(known, _)| known == role) {
            return Ok(password.clone());
        }
        let password = random_hex();
        let mut kept = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.file)
            .with_context(|| format!("cannot write `{}`", self.file.display()))?;
        writeln!(kept, "{role} {password}")?;
        kept.sync_all()?;
        self.lines.push((role.to_owned(), password.clone()));
        Ok(password)
    }
}

fn random_hex() -> String {
    let bytes: [u8; 24] = rand::rng().random();
    bytes
        .iter()
        .fold(String::with_capacity(48), |mut hex, byte| {
            for digit in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(digit.into(), 16));
            }
            hex
        })
}
