//! One strict reading of what a client posts: bytes → message, only what must be judged.
//!
//! Here: the envelope. Not here: what `params` mean (`params.rs`), the era (`era.rs`), which methods pass (`method.rs`).

use crate::known;
use json::{Document, FaultKind, Limits, Node, Span};

/// Nested deeper than this no honest message is.
pub const MOST_DEPTH: usize = 64;

/// Of a client's body, whose tree is held until it is answered: at most 18 MiB of it. A mebibyte of numbers of three digits
/// has no more.
pub const MOST_VALUES: usize = 1 << 18;

/// Ids are echoed, also where nothing else is held for a message.
const MOST_ID: usize = 4_096;

/// More elements than this no batch has.
const MOST_IN_BATCH: usize = 100;

pub const PARSE_ERROR: i32 = -32700;
pub const INVALID_REQUEST: i32 = -32600;

/// A body that is answered with 400 and goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The request's id as it was written, where it could be read.
    pub id: Option<String>,
    pub code: i32,
    pub message: String,
}

impl Refused {
    fn new(id: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            id: id.map(str::to_owned),
            code: INVALID_REQUEST,
            message: message.into(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Request<'d> {
    /// As it was written, quotes included: it is echoed byte for byte.
    pub id: &'d str,
    pub method: &'d str,
    pub params: Option<&'d Node<'d>>,
    /// The message's own bytes.
    pub text: &'d str,
    /// Where `text` begins in the body; spans count from the body's start.
    pub span: Span,
}

#[derive(Debug, Clone, Copy)]
pub struct Notification<'d> {
    pub method: &'d str,
    pub params: Option<&'d Node<'d>>,
    pub text: &'d str,
    pub span: Span,
}

/// A client's answer to a request that the server made.
#[derive(Debug, Clone, Copy)]
pub struct Response<'d> {
    pub id: &'d str,
    pub id_node: &'d Node<'d>,
    pub result: Option<&'d Node<'d>>,
    pub text: &'d str,
    pub span: Span,
}

#[derive(Debug, Clone, Copy)]
pub enum Message<'d> {
    Request(Request<'d>),
    Notification(Notification<'d>),
    Response(Response<'d>),
}

#[derive(Debug)]
pub enum Body<'d> {
    One(Message<'d>),
    /// Each element is judged for itself.
    Batch(Vec<Result<Message<'d>, Refused>>),
}

/// Bytes → JSON, or the answer that says why not.
pub fn parse(text: &[u8]) -> Result<Document<'_>, Refused> {
    let limits = Limits {
        bytes: text.len(),
        depth: MOST_DEPTH,
        values: MOST_VALUES,
    };
    json::read(text, &limits).map_err(|fault| Refused {
        id: None,
        code: match fault.kind {
            FaultKind::TooDeep | FaultKind::TooMany => INVALID_REQUEST,
            _ => PARSE_ERROR,
        },
        message: match fault.kind {
            FaultKind::TooDeep => format!("the message nests deeper than {MOST_DEPTH}"),
            FaultKind::TooMany => format!("the body holds more than {MOST_VALUES} JSON values"),
            _ => format!("the body is not JSON: {fault}"),
        },
    })
}

impl<'d> Body<'d> {
    /// Reads the document as one message or a batch. A batch is for the caller to refuse where the revision has none.
    pub fn of(document: &'d Document<'d>) -> Result<Self, Refused> {
        if let Some(refusal) = document.refusals.first() {
            let id = readable_id(&document.root, document);
            return Err(Refused::new(
                id,
                format!("{} at `{}`", refusal.kind, refusal.pointer),
            ));
        }
        let Some(elements) = document.root.as_array() else {
            return message(&document.root, document.text).map(Self::One);
        };
        if elements.is_empty() {
            return Err(Refused::new(None, "the batch is empty"));
        }
        if elements.len() > MOST_IN_BATCH {
            return Err(Refused::new(
                None,
                format!("a batch has at most {MOST_IN_BATCH} messages"),
            ));
        }
        Ok(Self::Batch(
            elements
                .iter()
                .map(|element| message(element, document.text))
                .collect(),
        ))
    }
}

/// The id of a refused message: only where there is exactly one.
fn readable_id<'d>(node: &'d Node<'d>, document: &'d Document<'d>) -> Option<&'d str> {
    let mut ids = node
        .as_object()?
        .iter()
        .filter(|member| member.key == "id")
        .map(|member| &member.node);
    let id = ids.next()?;
    if ids.next().is_some()
        || document
            .refusals
            .iter()
            .any(|refusal| refusal.span.start >= id.span.start && refusal.span.end <= id.span.end)
    {
        return None;
    }
    id_text(id, document.text)
}

fn id_text<'d>(id: &Node<'d>, text: &'d str) -> Option<&'d str> {
    let is_one = id.as_str().is_some() || id.as_number().is_some();
    let text = id.span.of(text);
    (is_one && text.len() <= MOST_ID).then_some(text)
}

fn message<'d>(node: &'d Node<'d>, text: &'d str) -> Result<Message<'d>, Refused> {
    if node.as_object().is_none() {
        return Err(Refused::new(
            None,
            format!("a message is an object, not a {}", node.type_name()),
        ));
    }
    let id_node = node.get("id");
    let id = id_node.and_then(|id| id_text(id, text));
    let refuse = |message: &str| Err(Refused::new(id, message));
    if let Some(span) = known::look_alike(node) {
        return Err(Refused::new(
            id,
            format!(
                "the key `{}` differs from a known one by case alone",
                span.of(text).trim_matches('"')
            ),
        ));
    }
    if node.get("jsonrpc").and_then(Node::as_str) != Some("2.0") {
        return refuse("`jsonrpc` is not \"2.0\"");
    }
    if id_node.is_some() && id.is_none() {
        return refuse("`id` is neither a string nor a number, or longer than 4,096 bytes");
    }
    let answers = node.get("result").is_some() || node.get("error").is_some();
    let own = node.span.of(text);
    let Some(method) = node.get("method") else {
        let result = node.get("result");
        return match (
            id.zip(id_node),
            result.is_some(),
            node.get("error").is_some(),
        ) {
            (Some((id, id_node)), true, false) | (Some((id, id_node)), false, true) => {
                Ok(Message::Response(Response {
                    id,
                    id_node,
                    result,
                    text: own,
                    span: node.span,
                }))
            }
            (_, false, false) => refuse("the message has no `method`"),
            (None, ..) => refuse("an answer needs the `id` it answers"),
            (Some(_), ..) => refuse("an answer has either `result` or `error`"),
        };
    };
    let Some(method) = method.as_str() else {
        return refuse("`method` is not a string");
    };
    if answers {
        return refuse("a message with `method` has neither `result` nor `error`");
    }
    let params = node.get("params");
    Ok(match id {
        Some(id) => Message::Request(Request {
            id,
            method,
            params,
            text: own,
            span: node.span,
        }),
        None => Message::Notification(Notification {
            method,
            params,
            text: own,
            span: node.span,
        }),
    })
}

#[cfg(test)]
mod tests;
