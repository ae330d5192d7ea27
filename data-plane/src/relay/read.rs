//! Reads the one answer that is wanted out of a body: JSON, or an event stream that leads to it.

use crate::front::media_type;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use hyper::body::Body;
use mcp::reply::{self, Reply};
use mcp::sse::Splitter;
use std::error::Error;

/// An event, and an answer in JSON, is no larger: long lists, screenshots.
pub const MOST_EVENT: usize = 16 << 20;
/// All events of a stream together.
pub const MOST_STREAM: usize = 64 << 20;

/// The text of the answer to `id`; nothing where it does not come. Deadlines are the caller's.
pub async fn read_answer<B>(headers: &HeaderMap, body: B, id: &str) -> Option<String>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    if !is_stream(headers) {
        let whole = Limited::new(body, MOST_EVENT)
            .collect()
            .await
            .ok()?
            .to_bytes();
        return String::from_utf8(whole.into()).ok();
    }
    let mut body = body;
    let mut splitter = Splitter::new(MOST_EVENT, MOST_STREAM);
    let mut events = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame.ok()?.into_data() {
            splitter.push(&chunk, &mut events).ok()?;
        }
        for event in events.drain(..) {
            let text = event.data.and_then(|data| String::from_utf8(data).ok());
            if let Some(text) = text.filter(|text| answers(text, id)) {
                return Some(text);
            }
        }
    }
    None
}

pub fn is_stream(headers: &HeaderMap) -> bool {
    has_type(headers, "text/event-stream")
}

pub fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| media_type(value).eq_ignore_ascii_case(wanted))
}

fn answers(text: &str, id: &str) -> bool {
    let Ok(document) = reply::parse(text.as_bytes()) else {
        return false;
    };
    match Reply::of(&document.root, &document) {
        Ok(Reply::Answer(answer)) => answer.id.is_none_or(|answered| mcp::same_id(answered, id)),
        _ => false,
    }
}
