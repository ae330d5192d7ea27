//! Every no of the data plane: a closed list, each mapped once to its HTTP status, JSON-RPC code, public sentence and
//! metric label. PURE. The cause of a failure is logged where it happens; only the sentence leaves the house.

use crate::front::{self, Body};
use crate::record::SpoolClosed;
use crate::seats::Busy;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use mcp::answer::{self, Decision, Opening};

/// Our own codes lie outside the range that JSON-RPC and MCP keep for themselves.
const UNKNOWN_CALLER: i32 = 1000;
const UPSTREAM: i32 = 1001;
const REFUSED: i32 = 1002;
const LIMITED: i32 = 1003;
const UNAVAILABLE: i32 = 1004;
const INVALID_REQUEST: i32 = -32600;
const NO_SUCH_METHOD: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;

/// A judgement, with the sentence for whoever asked.
#[derive(Debug, Clone)]
pub struct Judged {
    pub decision: Decision,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No byte reached it.
    Unreachable,
    Slow,
    /// It hung up, or broke off.
    Broken,
    /// What it said is no MCP.
    Garbage,
    TooLarge,
    /// What is held for its organisation leaves no room for the answer.
    NoRoom,
    /// The bundle's entry for it cannot be used.
    Unusable,
    /// It has failed several times in a row, and is not asked for a while.
    Resting {
        seconds: u32,
    },
    /// It answered with an HTTP error and no message.
    Status(u16),
}

#[derive(Debug, Clone)]
pub enum Refusal {
    ForeignHost,
    ForeignOrigin,
    NoSuchPath,
    TooLarge {
        most: usize,
    },
    SlowBody,
    /// Its framing is not one thing to every reader.
    Misframed,
    NotJson,
    WrongVerb {
        allowed: &'static str,
    },
    /// `metadata` is where the challenge sends the client.
    NoToken {
        metadata: String,
    },
    BadToken {
        metadata: String,
    },
    /// Organisation or server unknown, or not covered by the grant: the same bytes.
    NotFound,
    SwitchedOff,
    Malformed(mcp::Refused),
    Framed(mcp::Framing),
    SessionGone,
    NoStream,
    UnknownMethod,
    InvalidParams(&'static str),
    /// An answer to a question that the server did not ask on this session.
    Unasked,
    /// The server speaks none of the stateless era: the client may begin as the older ones do.
    OlderServer,
    /// A state that was not made for this question and this grant.
    ForeignState,
    UnknownTool {
        name: String,
    },
    /// A tool call denied, held or over a limit: a result, which the model can read.
    Call(Box<Judged>),
    /// A held call whose client opens an address for its person; with the state to bring back, where there is one.
    Elicit {
        judged: Box<Judged>,
        opening: Opening,
        state: Option<String>,
    },
    /// Any other method denied.
    Method(Box<Judged>),
    /// Any other method over a limit.
    MethodLimit(Box<Judged>),
    Stale,
    Unrecorded(SpoolClosed),
    /// Too much is under way already.
    Busy(Busy),
    /// A retry brings no other end: the server's name, for people.
    Upstream {
        server: String,
        trouble: Trouble,
    },
    /// The server does not accept the credential stored for it.
    UpstreamAuth {
        server: String,
        is_call: bool,
        /// The page where it can be renewed.
        page: Option<String>,
    },
}

/// Whom a refusal answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Toward<'a> {
    /// As the client wrote it.
    pub id: Option<&'a str>,
    pub is_modern: bool,
}

struct Said {
    status: StatusCode,
    body: String,
}

impl Refusal {
    pub fn answer(&self, toward: Toward<'_>) -> Response<Body> {
        let Said { status, body } = self.say(toward);
        let mut response = Response::new(front::full(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let allowed = match self {
            Self::WrongVerb { allowed } => Some(*allowed),
            Self::NoStream => Some("POST, DELETE"),
            _ => None,
        };
        if let Some(allowed) = allowed {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        if matches!(self, Self::Misframed) {
            // What follows on this connection is read by nobody.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(challenge) = self
            .challenge()
            .and_then(|text| HeaderValue::from_str(&text).ok())
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// The message alone, for an element of a batch or a stream that is open already.
    pub fn message(&self, toward: Toward<'_>) -> String {
        self.say(toward).body
    }

    fn challenge(&self) -> Option<String> {
        match self {
            Self::NoToken { metadata } => Some(format!("Bearer resource_metadata=\"{metadata}\"")),
            Self::BadToken { metadata } => Some(format!(
                "Bearer error=\"invalid_token\", resource_metadata=\"{metadata}\""
            )),
            _ => None,
        }
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::MethodLimit(judged) => judged
                .decision
                .retry_after_ms
                .map(|ms| ms.div_ceil(1000).max(1)),
            Self::Unrecorded(closed) => Some(u64::from(closed.retry_after_seconds())),
            Self::Stale => Some(5),
            Self::Upstream {
                trouble: Trouble::Resting { seconds },
                ..
            } => Some(u64::from(*seconds)),
            Self::Busy(_)
            | Self::Upstream {
                trouble: Trouble::NoRoom,
                ..
            } => Some(1),
            _ => None,
        }
    }

    /// What metrics call it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::ForeignHost => "foreign_host",
            Self::ForeignOrigin => "foreign_origin",
            Self::NoSuchPath => "no_such_path",
            Self::TooLarge { .. } => "too_large",
            Self::SlowBody => "slow_body",
            Self::Misframed => "misframed",
            Self::NotJson => "not_json",
            Self::WrongVerb { .. } => "wrong_verb",
            Self::NoToken { .. } => "no_token",
            Self::BadToken { .. } => "bad_token",
            Self::NotFound => "not_found",
            Self::SwitchedOff => "switched_off",
            Self::Malformed(_) => "malformed",
            Self::Framed(_) => "framed",
            Self::SessionGone => "session_gone",
            Self::NoStream => "no_stream",
            Self::UnknownMethod => "unknown_method",
            Self::InvalidParams(_) => "invalid_params",
            Self::Unasked => "unasked",
            Self::OlderServer => "older_server",
            Self::ForeignState => "foreign_state",
            Self::UnknownTool { .. } => "unknown_tool",
            Self::Call(_) => "call",
            Self::Elicit { .. } => "elicit",
            Self::Method(_) => "method",
            Self::MethodLimit(_) => "method_limit",
            Self::Stale => "stale",
            Self::Unrecorded(SpoolClosed::Unacknowledged) => "unacknowledged",
            Self::Unrecorded(_) => "unrecorded",
            Self::Busy(Busy::Grant) => "busy_grant",
            Self::Busy(Busy::Org) => "busy_org",
            Self::Busy(Busy::Replica) => "busy_replica",
            Self::Upstream {
                trouble: Trouble::Resting { .. },
                ..
            } => "upstream_resting",
            Self::Upstream { .. } => "upstream",
            Self::UpstreamAuth { .. } => "upstream_auth",
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm for every refusal")]
    fn say(&self, toward: Toward<'_>) -> Said {
        if let Some((status, code, sentence)) = self.fixed(toward.is_modern) {
            return said(status, toward, code, sentence, None);
        }
        let error = |status, code, message: &str| said(status, toward, code, message, None);
        match self {
            Self::TooLarge { most } => {
                let message = format!("the body is larger than {most} bytes");
                error(StatusCode::PAYLOAD_TOO_LARGE, INVALID_REQUEST, &message)
            }
            Self::Malformed(refused) => {
                let id = refused.id.as_deref().or(toward.id);
                let toward = Toward { id, ..toward };
                said(
                    StatusCode::BAD_REQUEST,
                    toward,
                    refused.code,
                    &refused.message,
                    None,
                )
            }
            Self::Framed(framing) => {
                let data = framing.data.as_deref();
                said(
                    StatusCode::BAD_REQUEST,
                    toward,
                    framing.code,
                    &framing.message,
                    data,
                )
            }
            Self::InvalidParams(message) => error(StatusCode::OK, INVALID_PARAMS, message),
            Self::UnknownTool { name } => error(
                StatusCode::OK,
                INVALID_PARAMS,
                &format!("Unknown tool: {}", shown(name)),
            ),
            Self::Call(judged) => call_result(toward, &judged.message, Some(&judged.decision)),
            Self::Elicit {
                judged,
                opening,
                state,
            } => {
                let (id, text) = (toward.id.unwrap_or("null"), judged.message.as_str());
                let body = match state {
                    Some(state) => {
                        answer::input_required(id, text, opening, state, &judged.decision)
                    }
                    None => answer::url_required(id, text, opening, &judged.decision),
                };
                Said {
                    status: StatusCode::OK,
                    body,
                }
            }
            Self::Method(judged) => judged_error(toward, StatusCode::FORBIDDEN, REFUSED, judged),
            Self::MethodLimit(judged) => {
                judged_error(toward, StatusCode::TOO_MANY_REQUESTS, LIMITED, judged)
            }
            Self::Busy(whose) => {
                // A legacy client takes another status for a broken connection; where it asked for no answer, there is
                // none that could say it.
                let status = if toward.is_modern || toward.id.is_none() {
                    StatusCode::TOO_MANY_REQUESTS
                } else {
                    StatusCode::OK
                };
                error(status, LIMITED, busy(*whose))
            }
            Self::Upstream { server, trouble } => {
                let (status, message) = trouble.say(server);
                error(status, UPSTREAM, &message)
            }
            Self::UpstreamAuth {
                server,
                is_call,
                page,
            } => {
                let whereabouts = page.as_deref().unwrap_or("the control plane");
                let message = format!(
                    "the server `{server}` does not accept the credential stored for it; somebody who runs the organisation can reconnect it at {whereabouts}"
                );
                if *is_call {
                    call_result(toward, &message, None)
                } else {
                    error(StatusCode::BAD_GATEWAY, UPSTREAM, &message)
                }
            }
            // These are in the table, and were answered above.
            Self::ForeignHost
            | Self::ForeignOrigin
            | Self::NoSuchPath
            | Self::NotFound
            | Self::SlowBody
            | Self::Misframed
            | Self::NotJson
            | Self::WrongVerb { .. }
            | Self::NoToken { .. }
            | Self::BadToken { .. }
            | Self::SwitchedOff
            | Self::SessionGone
            | Self::NoStream
            | Self::UnknownMethod
            | Self::Unasked
            | Self::OlderServer
            | Self::ForeignState
            | Self::Stale
            | Self::Unrecorded(_) => error(StatusCode::INTERNAL_SERVER_ERROR, REFUSED, "refused"),
        }
    }

    /// The refusals that say the same to everybody.
    fn fixed(&self, is_modern: bool) -> Option<(StatusCode, i32, &'static str)> {
        use StatusCode as S;
        Some(match self {
            Self::ForeignHost => (S::FORBIDDEN, REFUSED, "this host is not served here"),
            Self::ForeignOrigin => (
                S::FORBIDDEN,
                REFUSED,
                "requests of this origin are not taken",
            ),
            Self::NoSuchPath | Self::NotFound => (S::NOT_FOUND, UNKNOWN_CALLER, "not found"),
            Self::SlowBody => (
                S::REQUEST_TIMEOUT,
                INVALID_REQUEST,
                "the body did not come in time",
            ),
            Self::Misframed => (
                S::BAD_REQUEST,
                INVALID_REQUEST,
                "the request can be framed in two ways",
            ),
            Self::NotJson => (
                S::UNSUPPORTED_MEDIA_TYPE,
                INVALID_REQUEST,
                "the body is not of type `application/json` in UTF-8",
            ),
            Self::WrongVerb { .. } => (S::METHOD_NOT_ALLOWED, REFUSED, "method not allowed"),
            Self::NoToken { .. } => (S::UNAUTHORIZED, UNKNOWN_CALLER, "a grant token is needed"),
            Self::BadToken { .. } => (
                S::UNAUTHORIZED,
                UNKNOWN_CALLER,
                "the grant token is not valid: unknown, expired or revoked",
            ),
            Self::SwitchedOff => (S::FORBIDDEN, REFUSED, "switched off by the organisation"),
            Self::SessionGone => (
                S::NOT_FOUND,
                UNKNOWN_CALLER,
                "no such session: begin a new one",
            ),
            Self::NoStream => (
                S::METHOD_NOT_ALLOWED,
                REFUSED,
                "the server offers no stream here",
            ),
            // In the legacy eras a 404 means that the session is gone.
            Self::UnknownMethod if is_modern => (S::NOT_FOUND, NO_SUCH_METHOD, "method not found"),
            Self::UnknownMethod => (S::OK, NO_SUCH_METHOD, "method not found"),
            Self::Unasked => (
                S::BAD_REQUEST,
                INVALID_REQUEST,
                "an answer to nothing that was asked here",
            ),
            // No code of the stateless era: whoever reads one would not fall back.
            Self::OlderServer => (
                S::BAD_REQUEST,
                INVALID_REQUEST,
                "the server speaks an older revision of the protocol: begin with `initialize`",
            ),
            Self::ForeignState => (
                S::BAD_REQUEST,
                INVALID_PARAMS,
                "`params.requestState` is not the state of this request",
            ),
            Self::Stale => (
                S::SERVICE_UNAVAILABLE,
                UNAVAILABLE,
                "the policies here are older than the organisation accepts",
            ),
            Self::Unrecorded(SpoolClosed::Unacknowledged) => (
                S::SERVICE_UNAVAILABLE,
                UNAVAILABLE,
                "the database has not acknowledged the record of the call, so it is not made; try again",
            ),
            Self::Unrecorded(_) => (
                S::SERVICE_UNAVAILABLE,
                UNAVAILABLE,
                "the call cannot be recorded, so it is not made",
            ),
            Self::TooLarge { .. }
            | Self::Malformed(_)
            | Self::Framed(_)
            | Self::InvalidParams(_)
            | Self::UnknownTool { .. }
            | Self::Call(_)
            | Self::Elicit { .. }
            | Self::Method(_)
            | Self::MethodLimit(_)
            | Self::Busy(_)
            | Self::Upstream { .. }
            | Self::UpstreamAuth { .. } => return None,
        })
    }
}

const fn busy(whose: Busy) -> &'static str {
    match whose {
        Busy::Grant => "too much is under way for this grant: wait for an answer, or end a stream",
        Busy::Org => "too much is under way for this organisation: try again soon",
        Busy::Replica => "too much is under way here: try again soon",
    }
}

fn call_result(toward: Toward<'_>, message: &str, decision: Option<&Decision>) -> Said {
    Said {
        status: StatusCode::OK,
        body: answer::tool_error(
            toward.id.unwrap_or("null"),
            message,
            decision,
            toward.is_modern,
        ),
    }
}

impl Trouble {
    fn say(self, server: &str) -> (StatusCode, String) {
        let bad = StatusCode::BAD_GATEWAY;
        match self {
            Self::Unreachable => (bad, format!("the server `{server}` cannot be reached")),
            Self::Slow => (
                StatusCode::GATEWAY_TIMEOUT,
                format!("the server `{server}` did not answer in time"),
            ),
            Self::Broken => (bad, format!("the server `{server}` broke off")),
            Self::Garbage => (
                bad,
                format!("the server `{server}` answered with something that is no MCP message"),
            ),
            Self::TooLarge => (
                bad,
                format!("the server `{server}` answered with more than is passed on"),
            ),
            Self::NoRoom => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("there is no room just now for what the server `{server}` answered"),
            ),
            Self::Unusable => (
                bad,
                format!("the server `{server}` is not set up so that it can be reached"),
            ),
            Self::Resting { seconds } => (
                bad,
                format!(
                    "the server `{server}` has failed several times in a row and is not asked for the next {seconds} s"
                ),
            ),
            Self::Status(status) => (
                StatusCode::from_u16(status)
                    .ok()
                    .filter(|status| status.is_client_error() || status.is_server_error())
                    .unwrap_or(bad),
                format!("the server `{server}` answered with status {status}"),
            ),
        }
    }
}

fn said(
    status: StatusCode,
    toward: Toward<'_>,
    code: i32,
    message: &str,
    data: Option<&str>,
) -> Said {
    Said {
        status,
        body: answer::error(toward.id, code, message, data),
    }
}

/// Legacy clients take any other status than 200 for a broken connection.
fn judged_error(toward: Toward<'_>, modern: StatusCode, code: i32, judged: &Judged) -> Said {
    let status = if toward.is_modern {
        modern
    } else {
        StatusCode::OK
    };
    let decision = judged.decision.to_json();
    said(status, toward, code, &judged.message, Some(&decision))
}

/// As much of it as an answer repeats.
fn shown(name: &str) -> &str {
    name.get(..name.floor_char_boundary(1_024))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
