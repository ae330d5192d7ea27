//! Which of a session's open answers a message of the server's belongs to. PURE.
//!
//! On the server's one stream nothing says so but the message itself: an answer names its request, progress its token.
//! What names neither goes to the standing stream where the client has one, else with the oldest call, else it waits.

use mcp::reply::{self, Reply};
use mcp::{Request, same_id};
use tokio::sync::mpsc;

/// What a request says of the messages that belong to it.
#[derive(Debug, Clone)]
pub struct Asked {
    id: String,
    token: Option<String>,
}

/// A call whose answer is awaited.
#[derive(Debug)]
pub struct Awaited {
    pub asked: Asked,
    pub heard: mpsc::Sender<Said>,
}

/// A message of the server's, as it stood.
#[derive(Debug)]
pub struct Said {
    pub text: String,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Answer {
        is_error: bool,
    },
    /// With its id as it was written, and its method.
    Question(String, String),
    Other,
}

/// Where a message goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Way {
    /// To this call.
    To(usize),
    /// Nobody's.
    Nowhere,
    /// It names no call.
    Any,
}

impl Asked {
    pub fn of(request: &Request<'_>, body: &str) -> Self {
        Self {
            id: request.id.to_owned(),
            token: request
                .progress_token()
                .map(|token| token.span.of(body).to_owned()),
        }
    }
}

/// `None`: the text is no message, and nothing more of this server can be believed.
pub fn way(text: &str, awaited: &[Awaited]) -> Option<(What, Way)> {
    let document = reply::parse(text.as_bytes()).ok()?;
    Some(match Reply::of(&document.root, &document).ok()? {
        Reply::Answer(answer) => {
            let is_error = answer.is_error;
            let call = answer
                .id
                .and_then(|id| awaited.iter().position(|call| same_id(&call.asked.id, id)));
            (
                What::Answer { is_error },
                call.map_or(Way::Nowhere, Way::To),
            )
        }
        Reply::Request { id, told, .. } => {
            let what = What::Question(id.to_owned(), told.method.to_owned());
            (what, Way::Any)
        }
        Reply::Notification(told) => {
            let token = (told.method == "notifications/progress")
                .then(|| told.message.get("params")?.get("progressToken"))
                .flatten();
            let call = token.and_then(|token| {
                let token = token.span.of(text);
                let is_its = |known: &String| same_id(known, token);
                awaited
                    .iter()
                    .position(|call| call.asked.token.as_ref().is_some_and(is_its))
            });
            (What::Other, call.map_or(Way::Any, Way::To))
        }
    })
}

#[cfg(test)]
mod tests;
