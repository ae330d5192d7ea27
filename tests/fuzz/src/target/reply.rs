//! What an upstream says: a message that is passed on has one meaning where the gateway acts on it.

use mcp::reply::{self, Answer, Reply};
use mcp::{Edit, quote, splice};
use serde_json::Value;

pub fn run(data: &[u8]) {
    let Ok(document) = reply::parse(data) else {
        return;
    };
    let Ok(replies) = reply::messages(&document) else {
        return;
    };
    let elements = document.root.as_array().map_or(1, <[_]>::len);
    assert_eq!(replies.len(), elements);
    // Half a surrogate or a giant number is the server's own affair; then there is nothing to compare with.
    let value = serde_json::from_str::<Value>(document.text).ok();
    for (index, reply) in replies.iter().enumerate() {
        let value = value.as_ref().map(|value| match value {
            Value::Array(elements) => &elements[index],
            one => one,
        });
        match reply {
            Reply::Answer(answer) => {
                if let Some(value) = value {
                    same(answer, value);
                }
                restated(answer, document.text);
            }
            Reply::Request { id, told, .. } => {
                if let Some(value) = value {
                    assert_eq!(
                        value["id"],
                        serde_json::from_str::<Value>(id).expect("an id")
                    );
                    assert_eq!(value["method"], told.method);
                }
                assert!(mcp::same_id(id, id));
            }
            Reply::Notification(told) => {
                if let Some(value) = value {
                    assert!(value.get("id").is_none());
                    assert_eq!(value["method"], told.method);
                }
            }
        }
    }
}

fn same(answer: &Answer<'_>, value: &Value) {
    assert!(value.get("method").is_none());
    assert_eq!(answer.is_error, value.get("error").is_some());
    assert_ne!(answer.is_error, value.get("result").is_some());
    let result = &value["result"];
    assert_eq!(answer.is_tool_error, result["isError"] == true);
    assert_eq!(
        answer.request_state.map(|(state, _)| state),
        result["requestState"].as_str()
    );
    if let Some(id) = answer.id {
        assert_eq!(
            value["id"],
            serde_json::from_str::<Value>(id).expect("an id")
        );
        assert!(mcp::same_id(id, id));
    }
}

/// The server's state gives way to ours, and nothing else does.
fn restated(answer: &Answer<'_>, text: &str) {
    let Some((_, span)) = answer.request_state else {
        return;
    };
    let ours = "sealed \"\\ \u{1} ✓";
    let edit = Edit {
        span,
        text: quote(ours),
    };
    let sent = splice(text, vec![edit]).expect("one edit of a part");
    let after = sent.len() - (text.len() - span.end as usize);
    assert_eq!(sent[..span.start as usize], text[..span.start as usize]);
    assert_eq!(sent[after..], text[span.end as usize..]);
    let document = reply::parse(sent.as_bytes()).expect("it is JSON still");
    let replies = reply::messages(&document).expect("and messages");
    assert!(replies.iter().any(|reply| matches!(
        reply,
        Reply::Answer(Answer { request_state: Some((state, _)), .. }) if *state == ours
    )));
}
