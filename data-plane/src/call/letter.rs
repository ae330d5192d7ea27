//! One HTTP request around its messages: headers, caller, the session it presents.

use super::{Call, Client, What};
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::refusal::Refusal;
use crate::seats::Seat;
use crate::upstream::headers::{
    METHOD, NAME, PARAM_PREFIX, PROTOCOL_VERSION, SESSION_ID, toward_upstream,
};
use crate::upstream::mark::{Named, Place};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use json::Node;
use mcp::sealed::Session;
use mcp::{Copies, Era, Framing, Mirror, ParamHeader, Revision};
use std::sync::Arc;
use std::time::Instant;

#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    pub app: &'a Arc<Gateway>,
    pub caller: &'a Caller,
    pub head: &'a Parts,
    pub arrived: Instant,
    pub seat: &'a Seat,
}

/// A session id of ours that a client brought, and what is inside.
#[derive(Debug, Clone)]
pub struct Presented {
    pub session: Session,
    pub id: HeaderValue,
}

impl Letter<'_> {
    /// The era of a request and its session. The modern era has none and ignores a stray id; `initialize` begins one.
    pub fn frame(&self, request: &mcp::Request<'_>) -> Result<(Era, Option<Presented>), Refusal> {
        let presented = self.session();
        let revision = presented
            .as_ref()
            .ok()
            .and_then(|presented| presented.as_ref())
            .map(|presented| presented.session.revision);
        let era = mcp::era(request, self.version(), revision).map_err(Refusal::Framed)?;
        if era.is_modern() || request.method == "initialize" {
            return Ok((era, None));
        }
        Ok((era, presented?))
    }

    /// The era of what carries no version of its own: a notification, an answer, a request without a body, a batch.
    pub fn frame_plain(&self) -> Result<(Era, Option<Presented>), Refusal> {
        let presented = self.session();
        let era = mcp::era_of_header(self.version(), Revision::UNSAID).map_err(Refusal::Framed)?;
        if era.is_modern() {
            return Ok((era, None));
        }
        let presented = presented?;
        let era = presented
            .as_ref()
            .map_or(era, |presented| Era::Legacy(presented.session.revision));
        Ok((era, presented))
    }

    fn session(&self) -> Result<Option<Presented>, Refusal> {
        let id = match copies(&self.head.headers, &SESSION_ID) {
            Copies::None => return Ok(None),
            Copies::Many => return Err(Refusal::SessionGone),
            Copies::One(id) => id,
        };
        let session = self
            .app
            .seals
            .open_session(id, &self.caller.bearer(), self.app.now_ms())
            .ok_or(Refusal::SessionGone)?;
        let id = HeaderValue::from_bytes(id).map_err(|_| Refusal::SessionGone)?;
        Ok(Some(Presented { session, id }))
    }

    fn version(&self) -> Copies<'_> {
        said_version(&self.head.headers)
    }

    /// The name of the last event that the client has, as the server gave it: a session says whose it is; without one,
    /// its own proof.
    pub(super) fn last_event(
        &self,
        id: &HeaderValue,
        presented: Option<&Presented>,
    ) -> Option<HeaderValue> {
        if presented.is_some() {
            return Some(id.clone());
        }
        let bearer = self.caller.bearer();
        let place = Place {
            bearer: &bearer,
            session: None,
        };
        let text = std::str::from_utf8(id.as_bytes()).ok()?;
        let raw = self.app.seals.unmark(Named::Event, place, text)?;
        HeaderValue::from_bytes(raw.as_bytes()).ok()
    }

    pub(super) fn check_mirror(&self, request: &mcp::Request<'_>) -> Result<(), Framing> {
        let mirror = Mirror {
            method: copies(&self.head.headers, &METHOD),
            name: copies(&self.head.headers, &NAME),
        };
        mcp::check_mirror(request, &mirror)
    }

    /// The arguments that a tool wants repeated in headers.
    pub fn check_params(
        &self,
        known: &[ParamHeader],
        arguments: Option<&Node<'_>>,
    ) -> Result<(), Framing> {
        mcp::check_param_headers(known, arguments, |name| {
            HeaderName::from_bytes(format!("{PARAM_PREFIX}{name}").as_bytes())
                .map_or(Copies::None, |name| copies(&self.head.headers, &name))
        })
    }

    pub(super) fn call(
        &self,
        era: Era,
        what: What,
        presented: Option<Presented>,
        body: Bytes,
        client: Client,
    ) -> Call {
        let at_ms = self.app.now_ms();
        Call {
            caller: self.caller.clone(),
            era,
            what,
            presented,
            headers: toward_upstream(&self.head.headers, era.is_modern()),
            body,
            client,
            id: self.app.call_id(at_ms),
            approval: None,
            at_ms,
            arrived: self.arrived,
        }
    }
}

pub fn said_version(headers: &HeaderMap) -> Copies<'_> {
    copies(headers, &PROTOCOL_VERSION)
}

fn copies<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Copies<'h> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (None, _) => Copies::None,
        (Some(one), None) => Copies::One(one.as_bytes()),
        (Some(_), Some(_)) => Copies::Many,
    }
}
