//! A server of 2024-11-05 (HTTP+SSE) as one that speaks Streamable HTTP: toward the relay it answers requests, each with
//! what belongs to it; toward the server there is one event stream a session, and an address that all is posted to.
//!
//! Here: which sessions there are, and what a request becomes. One session is [`session`]'s, what goes where [`routes`]'s.
//! A session lives in this replica and ends with it, since the server ties it to its stream:
//! another replica knows nothing of it, and the client begins again.

mod routes;
mod session;

use super::answer::Answer;
use super::headers::SESSION_ID;
use super::pool::Upstream;
use super::send::SendError;
use crate::relay::Aside;
use crate::seats::{Scale, Seats};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use ids::{GrantId, OrgId};
use mcp::Message;
use routes::Asked;
use session::Session;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Sessions of one grant, and of all, at one server: the one longest unused makes room.
const MOST_OF_GRANT: usize = 16;
const MOST: usize = 512;

/// Asked of the server by ourselves, where a call comes without a session.
const HELLO: &str = concat!(
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"portcullis","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}}"#
);
const READY: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// For whom something is sent, and what a session of theirs would be named.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    pub grant: GrantId,
    pub name: [u8; 16],
    /// What is asked for may stand as long as both sides like.
    pub lasts: bool,
}

/// What is posted, as far as it matters here: no tree of it is held while its answer comes.
enum Posted {
    /// Begins a session.
    Hello(Asked),
    Request(Asked),
    Other,
}

impl Posted {
    fn of(body: &[u8]) -> Option<Self> {
        let document = mcp::parse(body).ok()?;
        let mcp::Body::One(message) = mcp::Body::of(&document).ok()? else {
            return None;
        };
        Some(match message {
            Message::Request(request) => {
                let asked = Asked::of(&request, document.text);
                if request.method == "initialize" {
                    Self::Hello(asked)
                } else {
                    Self::Request(asked)
                }
            }
            Message::Notification(_) | Message::Response(_) => Self::Other,
        })
    }
}

/// The sessions at one server. Dropped, they end.
#[derive(Debug)]
pub struct Bridge {
    open: Mutex<HashMap<String, Arc<Session>>>,
    org: OrgId,
    seats: Seats,
    aside: Aside,
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
        for session in open.values() {
            session.end();
        }
    }
}

impl Upstream {
    /// Sends a request of Streamable HTTP, whatever the server speaks.
    pub async fn say(
        self: &Arc<Self>,
        sender: Sender,
        method: Method,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Answer>, SendError> {
        let Some(bridge) = self.bridge() else {
            return if sender.lasts {
                self.send_standing(method, headers, body).await
            } else {
                self.send(method, headers, body).await
            };
        };
        let named = headers.remove(SESSION_ID);
        let session = named.as_ref().map(|id| bridge.session(id));
        match (method, session) {
            (_, Some(None)) => Ok(status(StatusCode::NOT_FOUND)),
            (Method::POST, session) => {
                self.post(bridge, sender, session.flatten(), headers, body)
                    .await
            }
            (Method::GET, Some(Some(session))) => Ok(session.stand()),
            (Method::DELETE, Some(Some(session))) => {
                session.end();
                Ok(status(StatusCode::OK))
            }
            _ => Ok(status(StatusCode::METHOD_NOT_ALLOWED)),
        }
    }

    async fn post(
        self: &Arc<Self>,
        bridge: &Bridge,
        sender: Sender,
        session: Option<Arc<Session>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Answer>, SendError> {
        let Some(posted) = Posted::of(&body) else {
            return Ok(status(StatusCode::BAD_REQUEST));
        };
        match (posted, session) {
            (Posted::Hello(asked) | Posted::Request(asked), Some(session)) => {
                session.ask(self, headers, asked, body, None).await
            }
            (Posted::Hello(asked), None) => {
                let session = match Session::open(bridge, self, &headers, &sender.name).await? {
                    Ok(session) => session,
                    Err(refused) => return Ok(status(refused)),
                };
                let guard = session.ends_with_this();
                let mut answer = session.ask(self, headers, asked, body, None).await?;
                let Ok(name) = HeaderValue::from_str(&session.name) else {
                    return Ok(answer);
                };
                if answer.status().is_success() {
                    answer.headers_mut().insert(SESSION_ID, name);
                    bridge.keep(sender.grant, session);
                    let _ = guard.disarm();
                }
                Ok(answer)
            }
            (Posted::Request(asked), None) => {
                let session = match Session::open(bridge, self, &headers, &sender.name).await? {
                    Ok(session) => session,
                    Err(refused) => return Ok(status(refused)),
                };
                let guard = session.ends_with_this();
                if let Some(refused) = self.greet(&session, &headers).await? {
                    return Ok(refused);
                }
                session.ask(self, headers, asked, body, Some(guard)).await
            }
            (Posted::Other, Some(session)) => session.tell(self, headers, body).await,
            // Without a session there is nobody to whom it would mean something.
            (Posted::Other, None) => Ok(status(StatusCode::ACCEPTED)),
        }
    }

    /// The handshake of a session that lasts for one call; what went wrong with it is the call's answer.
    async fn greet(
        self: &Arc<Self>,
        session: &Arc<Session>,
        headers: &HeaderMap,
    ) -> Result<Option<Response<Answer>>, SendError> {
        let hello = Bytes::from_static(HELLO.as_bytes());
        let Some(Posted::Hello(asked)) = Posted::of(&hello) else {
            return Err(SendError::NoEndpoint);
        };
        let answer = session
            .ask(self, headers.clone(), asked, hello, None)
            .await?;
        if !answer.status().is_success() {
            return Ok(Some(answer));
        }
        let ready = Bytes::from_static(READY.as_bytes());
        let told = session.tell(self, headers.clone(), ready).await?;
        Ok((!told.status().is_success()).then_some(told))
    }
}

impl Bridge {
    pub fn new(org: OrgId, seats: Seats, aside: Aside) -> Self {
        Self {
            open: Mutex::default(),
            org,
            seats,
            aside,
        }
    }

    /// Where one session's bytes are weighed.
    fn scale(&self) -> Scale {
        self.seats.scale(self.org)
    }

    fn session(&self, id: &HeaderValue) -> Option<Arc<Session>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| !session.has_ended());
        let session = open.get(id.to_str().ok()?)?;
        session.used();
        Some(Arc::clone(session))
    }

    fn keep(&self, grant: GrantId, session: Arc<Session>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| !session.has_ended());
        session.belongs_to(grant);
        let own = open.values().filter(|other| other.is_of(grant)).count();
        let among_own = own >= MOST_OF_GRANT;
        if among_own || open.len() >= MOST {
            let oldest = open
                .values()
                .filter(|other| !among_own || other.is_of(grant))
                .min_by_key(|other| other.last_use())
                .map(|other| other.name.clone());
            if let Some(gone) = oldest.and_then(|name| open.remove(&name)) {
                gone.end();
            }
        }
        open.insert(session.name.clone(), session);
    }

    /// Ends the sessions of those who may not be here any more.
    pub fn keep_only(&self, may_stay: impl Fn(GrantId) -> bool) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| {
            let stays = !session.has_ended() && session.grant().is_none_or(&may_stay);
            if !stays {
                session.end();
            }
            stays
        });
    }

    /// Whether clients still hold sessions here.
    pub fn is_in_use(&self) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().any(|session| !session.has_ended())
    }
}

fn status(status: StatusCode) -> Response<Answer> {
    let mut response = Response::new(Answer::made(Full::default()));
    *response.status_mut() = status;
    response
}

fn json(text: String) -> Response<Answer> {
    let mut response = Response::new(Answer::made(Full::from(text)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
