//! Slugs: the names that stand in URLs.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

/// 2 to 40 of `a-z`, `0-9` and `-`, without a hyphen at either end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Slug(String);

/// Segments that follow a noun in a URL, so that nothing may be named like one.
pub const RESERVED_EVERYWHERE: [&str; 3] = ["new", "check", "explain"];

/// First segments of the pages and the API, so that no organisation may be named like one.
pub const RESERVED_FOR_ORGS: [&str; 19] = [
    "v1",
    "signup",
    "login",
    "logout",
    "forgot",
    "verify",
    "invitations",
    "catalog",
    "problems",
    "dev",
    "assets",
    "healthz",
    "readyz",
    "metrics",
    "well-known",
    "account",
    "admin",
    "static",
    "www",
];

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSlug {
    #[error("expected 2 to 40 of `a-z`, `0-9` and `-`, without a hyphen at either end, got `{0}`")]
    Shape(String),
    #[error("`{0}` is reserved")]
    Reserved(String),
}

impl Slug {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A slug for an organisation, whose name is the first segment of a URL.
    pub fn for_org(text: &str) -> Result<Self, BadSlug> {
        let slug: Self = text.parse()?;
        if RESERVED_FOR_ORGS.contains(&text) {
            return Err(BadSlug::Reserved(text.to_owned()));
        }
        Ok(slug)
    }
}

impl FromStr for Slug {
    type Err = BadSlug;

    fn from_str(text: &str) -> Result<Self, BadSlug> {
        let shaped = (2..=40).contains(&text.len())
            && text
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !text.starts_with('-')
            && !text.ends_with('-');
        if !shaped {
            return Err(BadSlug::Shape(text.chars().take(64).collect()));
        }
        if RESERVED_EVERYWHERE.contains(&text) {
            return Err(BadSlug::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
