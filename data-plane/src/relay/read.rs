//! Reads the one answer that is wanted out of a body: JSON, or an event stream that leads to it.

use crate::front::media_type;
use crate::upstream::answer::Answer;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use hyper::body::Body;
use mcp::Blocks;
use mcp::reply::{self, Reply};
use mcp::sse::Splitter;

/// An event, and an answer in JSON, is no larger: long lists, screenshots.
pub const MOST_EVENT: usize = 16 << 20;
/// All events of a stream together.
pub const MOST_STREAM: usize = 64 << 20;

/// The text of the answer to `id` in a body of our own; nothing where it does not come. Deadlines are the caller's.
pub async fn read_answer<B>(headers: &HeaderMap, body: B, id: &str) -> Option<String>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut answer = Answer::plain(body);
    if !is_stream(headers) {
        let mut whole = Blocks::default();
        while let Some(piece) = answer.piece().await.ok()? {
            if whole.len() + piece.len() > MOST_EVENT {
                return None;
            }
            whole.extend(&piece);
        }
        return String::from_utf8(whole.into_vec()).ok();
    }
    let mut splitter = Splitter::new(MOST_EVENT, MOST_STREAM);
    let mut events = Vec::new();
    while let Some(piece) = answer.piece().await.ok()? {
        splitter.push(&piece, &mut events).ok()?;
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

pub fn answers(text: &str, id: &str) -> bool {
    let Ok(document) = reply::parse(text.as_bytes()) else {
        return false;
    };
    match Reply::of(&document.root, &document) {
        Ok(Reply::Answer(answer)) => answer.id.is_none_or(|answered| mcp::same_id(answered, id)),
        _ => false,
    }
}
