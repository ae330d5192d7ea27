//! Headers that repeat the body (2026-07-28): they must equal it after decoding, or the request goes nowhere.
//!
//! Policy is decided on the body alone. The match exists so that whoever reads only the headers further on, reads the
//! same call.

use crate::era::Framing;
use crate::message::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json::{Node, Value};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub const HEADER_MISMATCH: i32 = -32020;

/// How often a header stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Copies<'a> {
    #[default]
    None,
    One(&'a [u8]),
    Many,
}

/// The mirrored headers of one request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mirror<'a> {
    pub method: Copies<'a>,
    pub name: Copies<'a>,
}

/// A tool's schema asks that the argument at `path` be repeated in the header `Mcp-Param-NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamHeader {
    /// Lower case, without the prefix.
    pub name: String,
    pub path: Vec<String>,
}

/// More of these no tool has.
const MOST_PARAM_HEADERS: usize = 64;
const DEEPEST_PARAM: usize = 32;

fn mismatch(message: impl Into<String>) -> Framing {
    Framing {
        code: HEADER_MISMATCH,
        message: message.into(),
        data: None,
    }
}

/// `Mcp-Method` and `Mcp-Name` against the body.
pub fn check_mirror(request: &Request<'_>, mirror: &Mirror<'_>) -> Result<(), Framing> {
    let method = one("Mcp-Method", mirror.method)?
        .ok_or_else(|| mismatch("the Mcp-Method header is missing"))?;
    if method != request.method {
        return Err(mismatch(format!(
            "the Mcp-Method header `{method}` is not the body's `{}`",
            request.method
        )));
    }
    let name = one("Mcp-Name", mirror.name)?;
    let Some((key, required)) = named_by(request.method) else {
        return Ok(());
    };
    let expected = request.param(key).and_then(Node::as_str);
    match (name, expected) {
        (None, Some(_)) if required => Err(mismatch("the Mcp-Name header is missing")),
        // Without a string in the body there is nothing to repeat; the call is refused for that by its own rule.
        (None, _) => Ok(()),
        (Some(name), Some(expected)) if name == expected => Ok(()),
        (Some(name), _) => Err(mismatch(format!(
            "the Mcp-Name header `{name}` is not the body's `{key}`"
        ))),
    }
}

/// Which parameter `Mcp-Name` repeats, and whether it must.
fn named_by(method: &str) -> Option<(&'static str, bool)> {
    Some(match method {
        "tools/call" | "prompts/get" => ("name", true),
        "resources/read" => ("uri", true),
        "resources/subscribe" | "resources/unsubscribe" => ("uri", false),
        "tasks/get" | "tasks/update" | "tasks/cancel" => ("taskId", false),
        _ => return None,
    })
}

/// The headers that a tool's `inputSchema` asks for, from `x-mcp-header` along chains of `properties`.
pub fn param_headers(schema: &Node<'_>) -> Vec<ParamHeader> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), &mut found);
    found
}

fn collect(schema: &Node<'_>, path: &mut Vec<String>, found: &mut Vec<ParamHeader>) {
    if path.len() >= DEEPEST_PARAM {
        return;
    }
    let Some(properties) = schema.get("properties").and_then(Node::as_object) else {
        return;
    };
    for property in properties {
        if found.len() >= MOST_PARAM_HEADERS {
            return;
        }
        path.push(property.key.clone().into_owned());
        if let Some(name) = property.node.get("x-mcp-header").and_then(Node::as_str)
            && !name.is_empty()
        {
            found.push(ParamHeader {
                name: name.to_ascii_lowercase(),
                path: path.clone(),
            });
        }
        collect(&property.node, path, found);
        path.pop();
    }
}

/// Each known `Mcp-Param-*` against the argument it repeats. `header` looks one up by its lower-case name, prefix left off.
pub fn check_param_headers<'h>(
    known: &[ParamHeader],
    arguments: Option<&Node<'_>>,
    header: impl Fn(&str) -> Copies<'h>,
) -> Result<(), Framing> {
    for param in known {
        let label = format!("Mcp-Param-{}", param.name);
        let said = one(&label, header(&param.name))?;
        let meant = arguments
            .and_then(|arguments| {
                param
                    .path
                    .iter()
                    .try_fold(arguments, |node, key| node.get(key))
            })
            .and_then(primitive);
        match (said, meant) {
            (None, None) => {}
            (Some(said), Some(meant)) if said == meant => {}
            (Some(_), None) => {
                return Err(mismatch(format!(
                    "the {label} header repeats an argument that is absent"
                )));
            }
            (None, Some(_)) => return Err(mismatch(format!("the {label} header is missing"))),
            (Some(_), Some(_)) => {
                return Err(mismatch(format!("the {label} header is not the argument")));
            }
        }
    }
    Ok(())
}

fn primitive<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match &node.value {
        Value::String(text) => Some(text),
        Value::Number(text) => Some(text),
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The one copy of a header, decoded: visible ASCII, or UTF-8 in the base64 form.
fn one<'a>(label: &str, copies: Copies<'a>) -> Result<Option<Cow<'a, str>>, Framing> {
    let value = match copies {
        Copies::None => return Ok(None),
        Copies::Many => return Err(mismatch(format!("the {label} header stands twice"))),
        Copies::One(value) => value,
    };
    decode(value)
        .map(Some)
        .ok_or_else(|| mismatch(format!("the {label} header cannot be read")))
}

fn decode(value: &[u8]) -> Option<Cow<'_, str>> {
    let readable = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    let text = std::str::from_utf8(value).ok().filter(|_| readable)?;
    let Some(inner) = text
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="))
    else {
        return Some(Cow::Borrowed(text));
    };
    String::from_utf8(STANDARD.decode(inner).ok()?)
        .ok()
        .map(Cow::Owned)
}

/// A text as such a header carries it: as it is where that reads back, else in the base64 form.
pub fn mirrored(text: &str) -> String {
    let is_plain = decode(text.as_bytes()).is_some_and(|read| read == text)
        && text.trim_matches([' ', '\t']) == text;
    if is_plain {
        text.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(text))
    }
}

#[cfg(test)]
mod tests;
