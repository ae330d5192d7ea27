//! What a trace tells of a request: one span for whatever came in, and within it one for each call.

use crate::call::Letter;
use http::request::Parts;
use tracing::Span;
use tracing::field::Empty;

/// A name as far as spans tell it: the client made it up, of any length.
pub fn shown(name: &str) -> &str {
    const LONGEST: usize = 128;
    name.get(..name.floor_char_boundary(LONGEST)).unwrap_or("")
}

/// The span of a request, whoever sent it, which continues the client's own where the headers name one. Not its path: that
/// is a stranger's to write.
pub fn of_request(head: &Parts) -> Span {
    let span = tracing::info_span!(
        "request",
        "otel.kind" = "server",
        "http.request.method" = shown(head.method.as_str()),
        "http.response.status_code" = Empty,
    );
    if let Some(parent) = said(head, "traceparent") {
        goes_on(&span, parent, said(head, "tracestate"));
    }
    span
}

/// The span of a call: within its request's, but where the message alone names another.
pub fn of_call(letter: Letter<'_>, request: &mcp::Request<'_>) -> Span {
    let span = tracing::info_span!(
        "call",
        "mcp.method.name" = shown(request.method),
        "gen_ai.tool.name" = Empty,
        "org.id" = %letter.caller.org.bundle().org.id,
        "portcullis.verdict" = Empty,
    );
    let meta = |name| request.meta(name)?.as_str();
    if said(letter.head, "traceparent").is_none()
        && let Some(parent) = meta("traceparent")
    {
        goes_on(&span, parent, meta("tracestate"));
    }
    span
}

fn said<'h>(head: &'h Parts, name: &str) -> Option<&'h str> {
    head.headers.get(name)?.to_str().ok()
}

fn goes_on(span: &Span, parent: &str, state: Option<&str>) {
    if let Some(parent) = host::telemetry::parent(parent, state) {
        host::telemetry::set_parent(span, parent);
    }
}
