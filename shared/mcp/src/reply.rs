//! What an upstream says: one message of its answer, as far as the gateway must know it.
//!
//! Read less strictly than a client's words where nothing hangs on it: half a surrogate pair in a result is the
//! server's own affair. A key that stands twice where the meaning is, is not.

use crate::known;
use json::{Document, FaultKind, Limits, Node, RefusalKind, Span};

const DEPTH: usize = 256;

/// A list of 800 tools has so many where each of them has 650, which is ten times what tools have. Its tree takes 36 MiB
/// at most, and is gone when the answer is understood.
pub const MOST_VALUES: usize = 1 << 19;

/// The upstream's bytes are no message that could be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upstream answered with something that is no MCP message: {0}")]
pub struct Unreadable(pub &'static str);

#[derive(Debug, Clone, Copy)]
pub struct Answer<'d> {
    /// `None`: the server could not read which request it answers.
    pub id: Option<&'d str>,
    /// A JSON-RPC error, rather than a result.
    pub is_error: bool,
    /// A tool's own failure (`isError`).
    pub is_tool_error: bool,
    /// The server's opaque state, with its place.
    pub request_state: Option<(&'d str, Span)>,
    pub result: Option<&'d Node<'d>>,
    pub error: Option<&'d Node<'d>>,
}

/// A question or a notification, with the whole message.
#[derive(Debug, Clone, Copy)]
pub struct Told<'d> {
    pub method: &'d str,
    pub message: &'d Node<'d>,
    /// What spans count in.
    pub text: &'d str,
}

#[derive(Debug, Clone, Copy)]
pub enum Reply<'d> {
    Answer(Answer<'d>),
    /// As its server wrote it, and where.
    Request {
        id: &'d str,
        id_span: Span,
        told: Told<'d>,
    },
    Notification(Told<'d>),
}

/// It is larger than what is read, though not in bytes.
pub const TOO_MANY: Unreadable = Unreadable("more JSON values than are read");

/// Bytes → JSON.
pub fn parse(text: &[u8]) -> Result<Document<'_>, Unreadable> {
    let limits = Limits {
        bytes: text.len(),
        depth: DEPTH,
        values: MOST_VALUES,
    };
    json::read(text, &limits).map_err(|fault| match fault.kind {
        FaultKind::TooMany => TOO_MANY,
        _ => Unreadable("not JSON"),
    })
}

/// The messages of a document: one, or several where the server made a batch.
pub fn messages<'d>(document: &'d Document<'d>) -> Result<Vec<Reply<'d>>, Unreadable> {
    match document.root.as_array() {
        None => Ok(vec![Reply::of(&document.root, document)?]),
        Some([]) => Err(Unreadable("an empty batch")),
        Some(elements) => elements
            .iter()
            .map(|element| Reply::of(element, document))
            .collect(),
    }
}

impl<'d> Reply<'d> {
    pub fn of(node: &'d Node<'d>, document: &'d Document<'d>) -> Result<Self, Unreadable> {
        if node.as_object().is_none() {
            return Err(Unreadable("not an object"));
        }
        let result = node.get("result");
        if known::look_alike(node).is_some()
            || result.is_some_and(|result| known::in_object(result, RESULT).is_some())
            || repeats(document, node)
            || result.is_some_and(|result| repeats(document, result))
        {
            return Err(Unreadable("a key that can be read in two ways"));
        }
        let id_node = node
            .get("id")
            .filter(|id| id.as_str().is_some() || id.as_number().is_some());
        let id = id_node.map(|id| id.span.of(document.text));
        if let Some(method) = node.get("method") {
            let method = method
                .as_str()
                .ok_or(Unreadable("a method that is no string"))?;
            let told = Told {
                method,
                message: node,
                text: document.text,
            };
            return match (id_node, node.get("id").is_some()) {
                (Some(id), _) => Ok(Self::Request {
                    id: id.span.of(document.text),
                    id_span: id.span,
                    told,
                }),
                (None, false) => Ok(Self::Notification(told)),
                (None, true) => Err(Unreadable("a request with an unusable id")),
            };
        }
        let is_error = match (result, node.get("error")) {
            (Some(_), None) => false,
            (None, Some(_)) => true,
            _ => return Err(Unreadable("neither a result nor an error")),
        };
        Ok(Self::Answer(Answer {
            id,
            is_error,
            is_tool_error: result
                .and_then(|result| result.get("isError"))
                .and_then(Node::as_bool)
                .unwrap_or(false),
            request_state: result
                .and_then(|result| result.get("requestState"))
                .and_then(|state| Some((state.as_str()?, state.span))),
            result,
            error: node.get("error"),
        }))
    }
}

const RESULT: &[&str] = &[
    "resultType",
    "requestState",
    "inputRequests",
    "tools",
    "cacheScope",
    "isError",
];

/// Does a key of this very object stand twice?
fn repeats(document: &Document<'_>, node: &Node<'_>) -> bool {
    document
        .refusals
        .iter()
        .filter(|refusal| refusal.kind == RefusalKind::RepeatedKey)
        .any(|refusal| {
            node.as_object()
                .is_some_and(|members| members.iter().any(|member| member.key_span == refusal.span))
        })
}

#[cfg(test)]
mod tests;
