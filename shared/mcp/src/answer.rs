//! The answers that the gateway makes itself. The request's id is echoed as it was written.

use crate::quote;
use std::fmt::Write;

/// What the gateway has to say about a call, for the `_meta` of a result or the `data` of an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    pub call: String,
    pub verdict: &'static str,
    pub rule: String,
    pub policy: Option<String>,
    pub version: Option<u64>,
    pub retry_after_ms: Option<u64>,
    pub approval: Option<String>,
    pub approve_url: Option<String>,
}

impl Decision {
    pub fn to_json(&self) -> String {
        let mut out = format!(
            "{{\"call\":{},\"verdict\":{},\"rule\":{}",
            quote(&self.call),
            quote(self.verdict),
            quote(&self.rule)
        );
        // Writing to a `String` cannot fail.
        if let Some(policy) = &self.policy {
            let _ = write!(out, ",\"policy\":{}", quote(policy));
        }
        if let Some(version) = self.version {
            let _ = write!(out, ",\"version\":{version}");
        }
        if let Some(wait) = self.retry_after_ms {
            let _ = write!(out, ",\"retry_after_ms\":{wait}");
        }
        if let Some(approval) = &self.approval {
            let _ = write!(out, ",\"approval\":{}", quote(approval));
        }
        if let Some(url) = &self.approve_url {
            let _ = write!(out, ",\"approve_url\":{}", quote(url));
        }
        out.push('}');
        out
    }
}

/// A JSON-RPC error. `data` is JSON already.
pub fn error(id: Option<&str>, code: i32, message: &str, data: Option<&str>) -> String {
    let mut out = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{{\"code\":{code},\"message\":{}",
        id.unwrap_or("null"),
        quote(message)
    );
    if let Some(data) = data {
        let _ = write!(out, ",\"data\":{data}");
    }
    out.push_str("}}");
    out
}

/// A call that did not happen, as a result: so that the model can read why and go on.
pub fn tool_error(id: &str, text: &str, decision: Option<&Decision>, modern: bool) -> String {
    let mut out = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":{}}}],\"isError\":true",
        quote(text)
    );
    if let Some(decision) = decision {
        let _ = write!(
            out,
            ",\"_meta\":{{\"dev.portcullis/decision\":{}}}",
            decision.to_json()
        );
    }
    if modern {
        out.push_str(",\"resultType\":\"complete\"");
    }
    out.push_str("}}");
    out
}

/// What the client's person is asked to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Names this request among others.
    pub id: String,
    pub url: String,
}

impl Opening {
    fn params(&self, message: &str) -> String {
        format!(
            "{{\"mode\":\"url\",\"elicitationId\":{},\"url\":{},\"message\":{}}}",
            quote(&self.id),
            quote(&self.url),
            quote(message)
        )
    }
}

/// `-32042` (2025-11-25): nothing is done before the person has been at an address.
pub fn url_required(id: &str, text: &str, opening: &Opening, decision: &Decision) -> String {
    let data = format!(
        "{{\"elicitations\":[{}],\"dev.portcullis/decision\":{}}}",
        opening.params(text),
        decision.to_json()
    );
    error(Some(id), -32042, text, Some(&data))
}

/// The same of 2026-07-28: a round of its own, whose `state` the client brings back.
pub fn input_required(
    id: &str,
    text: &str,
    opening: &Opening,
    state: &str,
    decision: &Decision,
) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"resultType\":\"input_required\",\"inputRequests\":{{\"approval\":{{\"method\":\"elicitation/create\",\"params\":{}}}}},\"requestState\":{},\"_meta\":{{\"dev.portcullis/decision\":{}}}}}}}",
        opening.params(text),
        quote(state),
        decision.to_json()
    )
}

/// How far something has come that the client follows by `token`, which is JSON already.
pub fn progress(token: &str, progress: i64, message: &str) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":{token},\"progress\":{progress},\"message\":{}}}}}",
        quote(message)
    )
}

/// A list of nothing, under the key that the method answers with.
pub fn empty_list(id: &str, key: &str, modern: bool) -> String {
    let hints = if modern {
        ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\""
    } else {
        ""
    };
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{{}:[]{hints}}}}}",
        quote(key)
    )
}

#[cfg(test)]
mod tests;
