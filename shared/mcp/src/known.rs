//! The keys that the protocol knows, and keys that only look like them.
//!
//! A reader that folds case (Go's, many hand-made ones) takes `Name` for `name`; ours does not. So a key that differs
//! from a known one by case alone is refused where meaning hangs on it: in the envelope, in `params`, in `_meta`.

use json::{Node, Span};

const ENVELOPE: &[&str] = &["jsonrpc", "id", "method", "params", "result", "error"];

const PARAMS: &[&str] = &[
    "name",
    "arguments",
    "_meta",
    "uri",
    "cursor",
    "requestState",
    "inputResponses",
    "task",
    "taskId",
    "ref",
    "argument",
    "context",
    "level",
    "notifications",
    "requestId",
    "reason",
    "protocolVersion",
    "capabilities",
    "clientInfo",
];

const META: &[&str] = &[
    "progressToken",
    "traceparent",
    "tracestate",
    "baggage",
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/logLevel",
    "io.modelcontextprotocol/subscriptionId",
    "io.modelcontextprotocol/related-task",
];

/// The first key of the message that equals a known one but for case.
pub(crate) fn look_alike(message: &Node<'_>) -> Option<Span> {
    let params = message.get("params");
    in_object(message, ENVELOPE)
        .or_else(|| in_object(params?, PARAMS))
        .or_else(|| in_object(params?.get("_meta")?, META))
}

/// The first key of an object that equals one of `words` but for case.
pub(crate) fn in_object(node: &Node<'_>, words: &[&str]) -> Option<Span> {
    node.as_object()?
        .iter()
        .find(|member| {
            words
                .iter()
                .any(|word| member.key != *word && folds_to(&member.key, word))
        })
        .map(|member| member.key_span)
}

/// Equal after folding case. The long s and the Kelvin sign fold to ASCII letters in Unicode's simple folding, the
/// Turkish i with and without its dot in readers that compare by upper and lower case (Java's).
pub fn folds_to(key: &str, word: &str) -> bool {
    let fold = |character: char| match character {
        'ſ' => 's',
        '\u{212A}' => 'k',
        '\u{130}' | '\u{131}' => 'i',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(word.chars().map(fold))
}
