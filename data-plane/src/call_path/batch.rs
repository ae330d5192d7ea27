//! A batch (2025-03-26 only): every element is judged for itself, goes upstream by itself, and is answered in order.

use super::message::one;
use super::refused;
use crate::call::Letter;
use crate::front::{self, Body};
use crate::refusal::{Refusal, Toward, Trouble};
use crate::relay::read_answer;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use mcp::{Message, Refused};

/// What all answers of one batch may weigh together.
const MOST_BYTES: usize = 16 << 20;

pub async fn answer(
    letter: Letter<'_>,
    elements: Vec<Result<Message<'_>, Refused>>,
    bytes: &Bytes,
) -> Result<Response<Body>, Refusal> {
    let (era, _) = letter.frame_plain()?;
    if era.is_modern() || !era.revision().has_batches() {
        return Err(malformed(
            None,
            "this revision of the protocol has no batches",
        ));
    }
    let mut answers: Vec<String> = Vec::new();
    let mut weight = 0;
    for element in elements {
        let (id, response) = match element {
            Err(refused) => (None, Refusal::Malformed(refused).answer(Toward::default())),
            Ok(Message::Request(request)) if request.method == "initialize" => {
                let refusal = malformed(Some(request.id), "`initialize` stands alone");
                (Some(request.id), refusal.answer(Toward::default()))
            }
            Ok(message) => {
                let id = match message {
                    Message::Request(request) => Some(request.id),
                    _ => None,
                };
                // The elements before may have taken long: each is judged by what is in force when its turn comes.
                let response = match letter.caller.renewed(letter.app) {
                    Ok(caller) => {
                        let caller = &caller;
                        // Boxed: an element's way is as large as a whole request's.
                        Box::pin(one(Letter { caller, ..letter }, message, bytes)).await
                    }
                    Err(refusal) => {
                        let is_modern = false;
                        refused(letter.app, &refusal, Toward { id, is_modern })
                    }
                };
                if id.is_none() && response.status().is_success() {
                    // What asks for nothing is answered by nothing.
                    continue;
                }
                (id, response)
            }
        };
        let (head, body) = response.into_parts();
        let said = read_answer(&head.headers, body, id.unwrap_or("null")).await;
        let text = said
            .filter(|text| weight + text.len() <= MOST_BYTES)
            .unwrap_or_else(|| {
                let server = letter.caller.server().name.clone();
                let trouble = Trouble::TooLarge;
                let unread = Refusal::Upstream { server, trouble };
                unread.message(Toward {
                    id,
                    is_modern: false,
                })
            });
        weight += text.len();
        answers.push(text);
    }
    let mut response = Response::new(front::full(""));
    if answers.is_empty() {
        *response.status_mut() = StatusCode::ACCEPTED;
        return Ok(response);
    }
    *response.body_mut() = front::full(format!("[{}]", answers.join(",")));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn malformed(id: Option<&str>, message: &str) -> Refusal {
    Refusal::Malformed(Refused {
        id: id.map(str::to_owned),
        code: -32600,
        message: message.to_owned(),
    })
}
