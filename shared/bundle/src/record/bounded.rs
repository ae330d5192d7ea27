//! Text and lists that cannot grow past a constant, whoever wrote them. What is cut ends in `…`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

const CUT: char = '…';

/// At most `BYTES` bytes of text without NUL (which no text column can hold; it becomes U+FFFD).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(transparent)]
pub struct Short<const BYTES: usize>(String);

impl<const BYTES: usize> Short<BYTES> {
    pub fn new(text: &str) -> Self {
        // The usual case costs one allocation and one pass.
        if text.len() <= BYTES && !text.contains('\0') {
            return Self(text.to_owned());
        }
        let clean = text.chars().map(|c| {
            if c == '\0' {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        });
        let mut kept = String::with_capacity(BYTES.min(text.len()));
        for c in clean {
            if kept.len() + c.len_utf8() > BYTES {
                while kept.len() + CUT.len_utf8() > BYTES && kept.pop().is_some() {}
                if kept.len() + CUT.len_utf8() <= BYTES {
                    kept.push(CUT);
                }
                break;
            }
            kept.push(c);
        }
        Self(kept)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const BYTES: usize> From<&str> for Short<BYTES> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<const BYTES: usize> From<String> for Short<BYTES> {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl<const BYTES: usize> AsRef<str> for Short<BYTES> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<const BYTES: usize> fmt::Debug for Short<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const BYTES: usize> fmt::Display for Short<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const BYTES: usize> Deserialize<'de> for Short<BYTES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// At most `MOST` things; those after them are left out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Few<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> Few<T, MOST> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, U: Into<T>, const MOST: usize> FromIterator<U> for Few<T, MOST> {
    fn from_iter<I: IntoIterator<Item = U>>(all: I) -> Self {
        Self(all.into_iter().take(MOST).map(Into::into).collect())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Few<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut all = Vec::<T>::deserialize(deserializer)?;
        all.truncate(MOST);
        Ok(Self(all))
    }
}
