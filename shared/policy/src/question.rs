//! What is asked of a policy: one call, by whom, of which tool, at what time. Everything is lent; nothing is looked up.

use crate::contract::CompiledSchema;
use crate::word::Category;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub tool: &'a str,
    /// Whether the server's recorded tool list, or what a replica has seen since, has the tool.
    pub known: bool,
    /// New, or changed since the review, on a server that pins definitions with `block`.
    pub changed: bool,
    pub category: Category,
    pub hints: Hints,
    /// The tool's recorded input schema; none where there is none or it could not be compiled.
    pub schema: Option<&'a CompiledSchema>,
    /// As the client sent them; absent is not the same as null.
    pub arguments: Option<&'a json::Node<'a>>,
    /// Whether an approval for exactly this call is at hand to be spent.
    pub approved: bool,
    pub around: Around<'a>,
}

/// What is true of a request whatever it asks for.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    pub grant: GrantFacts<'a>,
    pub server: ServerFacts<'a>,
    pub client: ClientFacts<'a>,
    /// Unix time in milliseconds.
    pub now: i64,
}

#[derive(Debug, Clone, Copy)]
pub struct GrantFacts<'a> {
    pub name: &'a str,
    pub labels: &'a BTreeMap<String, String>,
    /// The e-mail address of the person behind the grant.
    pub user: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
pub struct ServerFacts<'a> {
    pub slug: &'a str,
}

/// What the client says of itself: no ground for trust.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientFacts<'a> {
    pub name: Option<&'a str>,
    pub version: Option<&'a str>,
}

/// The server's own annotations of the tool.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints {
    pub read_only: Option<bool>,
    pub destructive: Option<bool>,
    pub idempotent: Option<bool>,
    pub open_world: Option<bool>,
}
