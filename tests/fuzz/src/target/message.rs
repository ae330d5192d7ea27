//! What a client posts: whatever passes as a message is one that every reader understands alike.

use mcp::{Body, Era, Message, Refused, Revision};
use serde_json::Value;

pub fn run(data: &[u8]) {
    let document = match mcp::parse(data) {
        Ok(document) => document,
        Err(refused) => return refusal(&refused, data),
    };
    match Body::of(&document) {
        Err(refused) => refusal(&refused, data),
        Ok(Body::One(message)) => understood(&message, data),
        Ok(Body::Batch(elements)) => {
            assert!(!elements.is_empty());
            for element in &elements {
                match element {
                    Ok(message) => understood(message, data),
                    Err(refused) => refusal(refused, data),
                }
            }
        }
    }
}

/// An id that is echoed is one that was sent.
fn refusal(refused: &Refused, data: &[u8]) {
    assert!(matches!(refused.code, -32700 | -32600));
    if let Some(id) = &refused.id {
        let value: Value = serde_json::from_str(id).unwrap_or(Value::from(0));
        assert!(value.is_string() || value.is_number());
        assert!(data.windows(id.len()).any(|bytes| bytes == id.as_bytes()));
    }
}

fn understood(message: &Message<'_>, data: &[u8]) {
    let text = match message {
        Message::Request(request) => {
            let own = &data[request.span.start as usize..request.span.end as usize];
            assert_eq!(own, request.text.as_bytes());
            request.text
        }
        Message::Notification(notification) => notification.text,
        Message::Response(response) => response.text,
    };
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        // The one thing that a careful reader of doubles may refuse.
        Err(error) => {
            assert!(error.to_string().contains("number out of range"), "{error}");
            return;
        }
    };
    exact(
        &value,
        &["jsonrpc", "id", "method", "params", "result", "error"],
    );
    assert_eq!(value["jsonrpc"], "2.0");
    let params = &value["params"];
    exact(
        params,
        &[
            "name",
            "arguments",
            "_meta",
            "uri",
            "requestState",
            "taskId",
            "notifications",
        ],
    );
    exact(
        &params["_meta"],
        &["progressToken", "io.modelcontextprotocol/protocolVersion"],
    );
    match message {
        Message::Request(request) => {
            assert_eq!(
                value["id"],
                serde_json::from_str::<Value>(request.id).expect("an id")
            );
            assert_eq!(value["method"], request.method);
            assert!(value.get("result").is_none() && value.get("error").is_none());
            if let Ok(call) = request.tool_call() {
                assert_eq!(params["name"], call.name);
                let arguments = call.arguments.map(|node| {
                    serde_json::from_str::<Value>(
                        node.span.of(std::str::from_utf8(data).expect("text")),
                    )
                    .expect("JSON")
                });
                assert_eq!(params.get("arguments"), arguments.as_ref());
            }
            for revision in Revision::ALL {
                let era = if revision.is_modern() {
                    Era::Modern(revision)
                } else {
                    Era::Legacy(revision)
                };
                // A method that has a rule is a request's, so that without an id it is refused.
                assert!(
                    mcp::rule(request.method, era).is_none() || mcp::is_request(request.method)
                );
            }
        }
        Message::Notification(notification) => {
            assert!(value.get("id").is_none());
            assert_eq!(value["method"], notification.method);
            assert!(value.get("result").is_none() && value.get("error").is_none());
        }
        Message::Response(response) => {
            assert_eq!(
                value["id"],
                serde_json::from_str::<Value>(response.id).expect("an id")
            );
            assert!(value.get("method").is_none());
            assert_ne!(value.get("result").is_some(), value.get("error").is_some());
        }
    }
}

/// A reader that folds case finds no more than one that does not.
fn exact(value: &Value, known: &[&str]) {
    for key in value
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys())
    {
        for known in known {
            assert!(
                key == known || !folded(key).eq(folded(known)),
                "`{key}` beside `{known}`"
            );
        }
    }
}

/// As the least careful of readers compare: letter by letter, by upper case and then by lower case.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .map(|char| only(char.to_uppercase()).unwrap_or(char))
        .map(|char| only(char.to_lowercase()).unwrap_or(char))
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}
