//! Which of a session's open answers a message of the server's belongs to. PURE.
//!
//! On the server's one stream nothing says so but the message itself: an answer names its request, progress its token.
//! What names neither goes to the standing stream where the client has one, else with the oldest call, else it waits.

use crate::seats::Weighed;
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
    /// Until the relay has taken it, which weighs it anew.
    pub _weighed: Weighed,
}

/// What a message says of where it belongs, as it was written.
#[derive(Debug)]
pub enum Names {
    /// The request that it answers; `None`: the server does not say.
    Request(Option<String>),
    /// The token of the progress that it tells of.
    Progress(String),
    Nothing,
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
pub fn read(text: &str) -> Option<(What, Names)> {
    let document = reply::parse(text.as_bytes()).ok()?;
    Some(match Reply::of(&document.root, &document).ok()? {
        Reply::Answer(answer) => {
            let is_error = answer.is_error;
            let names = Names::Request(answer.id.map(str::to_owned));
            (What::Answer { is_error }, names)
        }
        Reply::Request { id, told, .. } => {
            let what = What::Question(id.to_owned(), told.method.to_owned());
            (what, Names::Nothing)
        }
        Reply::Notification(told) => {
            let token = (told.method == "notifications/progress")
                .then(|| told.message.get("params")?.get("progressToken"))
                .flatten();
            let token = token.map(|token| token.span.of(text).to_owned());
            (What::Other, token.map_or(Names::Nothing, Names::Progress))
        }
    })
}

pub fn way(names: &Names, awaited: &[Awaited]) -> Way {
    let (call, otherwise) = match names {
        Names::Request(id) => {
            let is_its = |call: &Awaited| id.as_ref().is_some_and(|id| same_id(&call.asked.id, id));
            (awaited.iter().position(is_its), Way::Nowhere)
        }
        Names::Progress(token) => {
            let is_its = |call: &Awaited| {
                let known = call.asked.token.as_ref();
                known.is_some_and(|known| same_id(known, token))
            };
            (awaited.iter().position(is_its), Way::Any)
        }
        Names::Nothing => (None, Way::Any),
    };
    call.map_or(otherwise, Way::To)
}

#[cfg(test)]
mod tests;
