//! What one message of a server is to someone who waits for an answer. PURE.

use super::wire::WireError;
use json::Node;
use mcp::reply::{self, Reply};
use mcp::same_id;

pub enum Heard {
    Answer,
    Question { id: String, method: String },
    Nothing,
}

/// What one message is to someone who waits for the answer to `id`.
pub fn heard(text: &[u8], id: &str) -> Result<Heard, WireError> {
    let document = reply::parse(text)?;
    Ok(match Reply::of(&document.root, &document)? {
        Reply::Answer(answer)
            if answer
                .id
                .map_or(answer.is_error, |answered| same_id(answered, id)) =>
        {
            Heard::Answer
        }
        Reply::Request { id, told, .. } => Heard::Question {
            id: id.to_owned(),
            method: told.method.to_owned(),
        },
        Reply::Answer(_) | Reply::Notification(_) => Heard::Nothing,
    })
}

/// Code and message of a JSON-RPC error.
pub fn complaint(text: &[u8]) -> Result<Option<(i64, String)>, WireError> {
    let document = reply::parse(text)?;
    let Some(error) = document.root.get("error") else {
        return Ok(None);
    };
    let code = error
        .get("code")
        .and_then(Node::as_number)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let message = error
        .get("message")
        .and_then(Node::as_str)
        .unwrap_or_default();
    Ok(Some((code, message.to_owned())))
}

/// We only list: of all that a server may ask of its client, a ping is what we have.
pub fn reply_to(id: &str, method: &str) -> String {
    if method == "ping" {
        return format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
    }
    mcp::answer::error(Some(id), -32601, "this client has no such method", None)
}
