//! Bytes → call: what one message asks, owned, with the bytes that will be sent for it.
//!
//! Refuses what cannot be read. Judges nothing: that a call is well formed does not mean that it may be made.

mod edits;
mod letter;

pub use letter::{Letter, Presented, said_version};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::relay::SessionKey;
use crate::upstream::headers;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue};
use ids::{ApprovalId, CallId};
use json::Node;
use mcp::sealed::Approval;
use mcp::{Era, Rule};
use std::time::Instant;

#[derive(Debug)]
pub struct Call {
    pub caller: Caller,
    pub era: Era,
    pub what: What,
    pub presented: Option<Presented>,
    /// As they go upstream, besides the session and the stored ones.
    pub headers: HeaderMap,
    /// As it goes upstream: the client's own bytes, or those with slices of ours.
    pub body: Bytes,
    pub client: Client,
    pub id: CallId,
    /// What people approved, and this call has spent.
    pub approval: Option<ApprovalId>,
    pub at_ms: u64,
    pub arrived: Instant,
}

#[expect(
    clippy::large_enum_variant,
    reason = "nearly every message is a request"
)]
#[derive(Debug)]
pub enum What {
    Request(Request),
    Notification,
    /// To a question of the server's.
    Answer,
    /// A standing stream, or the rest of a broken one.
    Stream {
        resumed: bool,
    },
    /// The end of a session.
    End,
}

#[derive(Debug)]
pub struct Request {
    /// As the client wrote it.
    pub id: String,
    pub method: String,
    pub rule: Rule,
    pub tool: Option<String>,
    /// Why nobody could act on it.
    pub fault: Option<&'static str>,
    pub argument_keys: Vec<String>,
    /// Of method and parameters, where the answer may ask for another round.
    pub digest: Option<[u8; 32]>,
    /// The round that this one continues, where a rule held the call.
    pub round: Option<Round>,
}

/// An earlier round of a held call, by what the client brought back of it.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    pub approval: Approval,
    /// SHA-256 of the state as it was sealed.
    pub state: [u8; 32],
}

/// What the client says of itself.
#[derive(Debug, Clone, Default)]
pub struct Client {
    pub name: Option<String>,
    pub version: Option<String>,
    /// It opens addresses for its person.
    pub opens_urls: bool,
}

impl Call {
    /// A request of the client's.
    pub fn request(
        letter: &Letter<'_>,
        request: &mcp::Request<'_>,
        era: Era,
        presented: Option<Presented>,
        body: &Bytes,
    ) -> Result<Self, Refusal> {
        let rule = mcp::rule(request.method, era).ok_or(Refusal::UnknownMethod)?;
        if era.is_modern() {
            letter.check_mirror(request).map_err(Refusal::Framed)?;
        }
        let mut read = Request {
            id: request.id.to_owned(),
            method: request.method.to_owned(),
            rule,
            tool: None,
            fault: request.object_params().err().map(|invalid| invalid.0),
            argument_keys: Vec::new(),
            digest: None,
            round: None,
        };
        if rule == Rule::Call {
            match request.tool_call() {
                Ok(call) => {
                    read.argument_keys = keys(call.arguments);
                    read.tool = Some(call.name.to_owned());
                }
                Err(invalid) => read.fault = Some(invalid.0),
            }
        }
        if era.is_modern() && edits::has_rounds(request.method) {
            read.digest = Some(edits::digest(request));
        }
        let mut task = None;
        let mut changes = Vec::new();
        match edits::tasks(letter, request) {
            Ok(opened) => {
                task = opened.about;
                changes = opened.edits;
            }
            Err(fault) => read.fault = read.fault.or(Some(fault)),
        }
        changes.extend(edits::of_request(letter, request, &mut read)?);
        let sent = edits::applied(body, request.span, changes)?;
        let client = client(request, presented.as_ref());
        let mut call = letter.call(era, What::Request(read), presented, sent, client);
        if let Some(task) = task.filter(|_| call.headers.contains_key(headers::NAME)) {
            let value = HeaderValue::try_from(mcp::mirrored(&task)).map_err(|_| {
                Refusal::InvalidParams("`params.taskId` is no name that a header could carry")
            })?;
            call.headers.insert(headers::NAME, value);
        }
        Ok(call)
    }

    pub fn notification(
        letter: &Letter<'_>,
        notification: &mcp::Notification<'_>,
        era: Era,
        presented: Option<Presented>,
        body: &Bytes,
    ) -> Result<Self, Refusal> {
        let edits = edits::of_notification(letter, notification);
        let sent = edits::applied(body, notification.span, edits)?;
        Ok(letter.call(era, What::Notification, presented, sent, Client::default()))
    }

    /// The answer to a question of the server's, if it asked one under this id on this session.
    pub fn answer(
        letter: &Letter<'_>,
        answer: &mcp::Response<'_>,
        era: Era,
        presented: Option<Presented>,
        body: &Bytes,
    ) -> Result<Self, Refusal> {
        let edits = edits::of_answer(letter, answer, presented.as_ref()).ok_or(Refusal::Unasked)?;
        let sent = edits::applied(body, answer.span, edits)?;
        Ok(letter.call(era, What::Answer, presented, sent, Client::default()))
    }

    /// A standing stream, or the rest of a broken one: of the legacy eras.
    pub fn stream(letter: &Letter<'_>) -> Result<Self, Refusal> {
        let mut last = letter.head.headers.get_all(headers::LAST_EVENT_ID).iter();
        let (last, twice) = (last.next(), last.next());
        let resumed = last.is_some();
        let mut call = Self::without_body(letter, What::Stream { resumed })?;
        if let Some(last) = last {
            let id = letter
                .last_event(last, call.presented.as_ref())
                .filter(|_| twice.is_none())
                .ok_or(Refusal::NoStream)?;
            call.headers.insert(headers::LAST_EVENT_ID, id);
        }
        call.headers
            .insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        call.detach();
        Ok(call)
    }

    /// The end of a session.
    pub fn end(letter: &Letter<'_>) -> Result<Self, Refusal> {
        Self::without_body(letter, What::End)
    }

    fn without_body(letter: &Letter<'_>, what: What) -> Result<Self, Refusal> {
        let (era, presented) = letter.frame_plain()?;
        if era.is_modern() {
            return Err(Refusal::WrongVerb { allowed: "POST" });
        }
        let (body, client) = (Bytes::new(), Client::default());
        Ok(letter.call(era, what, presented, body, client))
    }

    /// Lets go of the buffers that the request was read into: a stream may stand for days.
    pub fn detach(&mut self) {
        let owned = |value: &HeaderValue| {
            let mut owned = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            owned.set_sensitive(value.is_sensitive());
            Some(owned)
        };
        for value in self.headers.values_mut() {
            // What was a header's value is one.
            if let Some(owned) = owned(value) {
                *value = owned;
            }
        }
        if let Some(presented) = &mut self.presented
            && let Some(owned) = owned(&presented.id)
        {
            presented.id = owned;
        }
        self.body = Bytes::copy_from_slice(&self.body);
    }

    pub fn as_request(&self) -> Option<&Request> {
        match &self.what {
            What::Request(request) => Some(request),
            _ => None,
        }
    }

    /// The session this belongs to, as one name; without a session, the grant at this server.
    pub fn session_key(&self) -> SessionKey {
        let bearer = self.caller.bearer();
        let mut text = Vec::new();
        for part in [&bearer.org, &bearer.server, &bearer.grant] {
            text.extend_from_slice(part);
        }
        if let Some(presented) = &self.presented {
            text.extend_from_slice(presented.session.upstream.as_bytes());
        }
        seal::sha256(&text)
    }
}

/// Names at the top of the arguments, never what stands behind them.
fn keys(arguments: Option<&Node<'_>>) -> Vec<String> {
    const MOST: usize = 64;
    arguments
        .and_then(Node::as_object)
        .unwrap_or_default()
        .iter()
        .take(MOST)
        .map(|member| member.key.clone().into_owned())
        .collect()
}

fn client(request: &mcp::Request<'_>, presented: Option<&Presented>) -> Client {
    let (name, version) = request.client_info();
    let session = presented.map(|presented| &presented.session);
    Client {
        opens_urls: request.opens_urls() || session.is_some_and(|session| session.opens_urls),
        name: name
            .map(str::to_owned)
            .or_else(|| session.and_then(|session| session.client_name.clone())),
        version: version
            .map(str::to_owned)
            .or_else(|| session.and_then(|session| session.client_version.clone())),
    }
}
