//! How answers of the crate `::policy` look, for the API's document: that crate knows nothing of HTTP.

#![allow(
    dead_code,
    reason = "a description; a test holds it against the real thing"
)]

use serde::Deserialize;
use utoipa::ToSchema;

/// One thing to say about a document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    level: Level,
    /// JSON Pointer into the document.
    pointer: String,
    /// From 1, in the document's own text.
    line: u32,
    /// From 1, in characters.
    column: u32,
    code: String,
    message: String,
    /// The nearest known word, or what to write instead.
    hint: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It cannot be published.
    Error,
    Warning,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    verdict: Verdict,
    /// Null where the call is allowed.
    rule: Option<String>,
    /// Null where the call is allowed.
    message: Option<String>,
    limits: Vec<ExplainedLimit>,
    trace: Vec<Step>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Allow,
    Deny,
    Hold,
    UnknownTool,
    Invalid,
}

/// What an allowed call would be charged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainedLimit {
    rule: String,
    counter: String,
    subject: String,
    scope: String,
    cost: u64,
    max: u64,
    /// In seconds; null where calls in flight are bounded.
    window: Option<u64>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    rule: String,
    outcome: String,
    why: String,
}

#[cfg(test)]
mod tests;
