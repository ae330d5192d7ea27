//! What the process was told by its environment: the only place that reads it.
//!
//! Every variable with the prefix has to be asked for; one that nobody asked for is most likely misspelt, and a
//! misspelt limit is no limit. Values are kept as secrets throughout, since no one here can tell which of them are.

mod nearest;
mod reads;
#[cfg(test)]
mod tests;

pub use reads::Reads;

use seal::Secret;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

/// The variables that begin with one prefix. An empty value counts as none: compose files write those.
#[derive(Debug)]
pub struct Env {
    prefix: String,
    values: BTreeMap<String, Secret>,
    unreadable: BTreeSet<String>,
    asked: RefCell<BTreeSet<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEnv {
    #[error("`{variable}` is not set")]
    Missing { variable: String },
    #[error("`{variable}` is not {expected}")]
    Malformed {
        variable: String,
        expected: &'static str,
    },
    #[error("entry {entry} of `{variable}` is not {expected}")]
    MalformedEntry {
        variable: String,
        /// From 1.
        entry: usize,
        expected: &'static str,
    },
    #[error("{}", sentence(.0))]
    Unfit(Vec<Unfit>),
}

/// A variable that cannot be what its author meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    Unknown {
        variable: String,
        nearest: Option<String>,
    },
    NotUtf8 {
        variable: String,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown {
                variable,
                nearest: Some(nearest),
            } => write!(
                f,
                "`{variable}` is not a variable of this program (nearest: `{nearest}`)"
            ),
            Self::Unknown { variable, .. } => {
                write!(f, "`{variable}` is not a variable of this program")
            }
            Self::NotUtf8 { variable } => write!(f, "`{variable}` is not UTF-8"),
        }
    }
}

fn sentence(unfit: &[Unfit]) -> String {
    let said: Vec<String> = unfit.iter().map(ToString::to_string).collect();
    said.join("; ")
}

impl Env {
    /// What the process was started with, as far as it begins with `prefix` (such as `PORTCULLIS_`).
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment, so that a start can be told whole from its variables"
    )]
    pub fn read(prefix: &str) -> Self {
        Self::gather(prefix, std::env::vars_os())
    }

    /// Stands in for the process environment where a test says what it was.
    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(
        prefix: &str,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::gather(prefix, pairs.into_iter().map(|(k, v)| (k.into(), v.into())))
    }

    fn gather(prefix: &str, pairs: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut env = Self {
            prefix: prefix.to_owned(),
            values: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            asked: RefCell::default(),
        };
        for (name, value) in pairs {
            let shown = name.to_string_lossy();
            let Some(rest) = shown.strip_prefix(prefix) else {
                continue;
            };
            match value.into_string() {
                Ok(text) => {
                    env.values.insert(rest.to_owned(), Secret::new(text));
                }
                Err(_) => {
                    env.unreadable.insert(rest.to_owned());
                }
            }
        }
        env
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(str::to_owned)
    }

    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.value(name).map(|text| Secret::new(text.to_owned()))
    }

    pub fn required(&self, name: &str) -> Result<String, BadEnv> {
        self.text(name).ok_or_else(|| self.missing(name))
    }

    pub fn required_secret(&self, name: &str) -> Result<Secret, BadEnv> {
        self.secret(name).ok_or_else(|| self.missing(name))
    }

    pub fn parse<T: Reads>(&self, name: &str) -> Result<Option<T>, BadEnv> {
        self.parse_as(name, T::EXPECTED)
    }

    /// For types that are not ours to describe; `expected` completes the sentence "`X` is not …".
    pub fn parse_as<T: FromStr>(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<Option<T>, BadEnv> {
        let Some(text) = self.value(name) else {
            return Ok(None);
        };
        // The parser's own complaint is left out: many quote what they were given, and this may be a secret.
        text.trim()
            .parse()
            .map(Some)
            .map_err(|_| BadEnv::Malformed {
                variable: self.variable(name),
                expected,
            })
    }

    /// Comma separated; white space and empty entries do not count.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.entries(name).map(str::to_owned).collect()
    }

    pub fn parse_list<T: Reads>(&self, name: &str) -> Result<Vec<T>, BadEnv> {
        self.entries(name)
            .enumerate()
            .map(|(index, entry)| {
                entry.parse().map_err(|_| BadEnv::MalformedEntry {
                    variable: self.variable(name),
                    entry: index + 1,
                    expected: T::EXPECTED,
                })
            })
            .collect()
    }

    /// Call when everything has been asked: whatever else was set is an error, all of it at once.
    pub fn finish(&self) -> Result<(), BadEnv> {
        let asked = self.asked.borrow();
        let unknown = self.values.keys().chain(&self.unreadable);
        let mut unfit: Vec<Unfit> = unknown
            .filter(|name| !asked.contains(*name))
            .map(|name| Unfit::Unknown {
                variable: self.variable(name),
                nearest: nearest::nearest(name, &asked).map(|known| self.variable(known)),
            })
            .collect();
        unfit.extend(
            self.unreadable
                .intersection(&asked)
                .map(|name| Unfit::NotUtf8 {
                    variable: self.variable(name),
                }),
        );
        if unfit.is_empty() {
            Ok(())
        } else {
            Err(BadEnv::Unfit(unfit))
        }
    }

    fn entries(&self, name: &str) -> impl Iterator<Item = &str> {
        self.value(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(name.to_owned());
        let text = self.values.get(name)?.expose();
        (!text.is_empty()).then_some(text)
    }

    fn missing(&self, name: &str) -> BadEnv {
        BadEnv::Missing {
            variable: self.variable(name),
        }
    }

    fn variable(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}
