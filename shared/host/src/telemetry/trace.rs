//! W3C trace context, in and out. Whether a stranger's context is to be continued, the caller decides.

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// What the specification asks everybody to pass on at least, and so the most that we take.
const TRACESTATE_BYTES: usize = 512;

/// The caller's span, for [`set_parent`]; none when `traceparent` is not one.
pub fn parent(traceparent: &str, tracestate: Option<&str>) -> Option<Context> {
    if !is_traceparent(traceparent) {
        return None;
    }
    let mut carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    if let Some(state) = tracestate.filter(|state| state.len() <= TRACESTATE_BYTES) {
        carrier.insert("tracestate".to_owned(), state.to_owned());
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    opentelemetry::trace::TraceContextExt::has_active_span(&context).then_some(context)
}

/// Continues `parent` with `span`; before the span is entered. Does nothing when no spans are exported.
pub fn set_parent(span: &Span, parent: Context) {
    // Err says that nothing exports this span: then it has no parent to show.
    let _ = span.set_parent(parent);
}

/// The `traceparent` to send along from within the current span; none when no spans are exported.
pub fn current_traceparent() -> Option<String> {
    outgoing().remove("traceparent")
}

/// The `tracestate` that goes with [`current_traceparent`].
pub fn current_tracestate() -> Option<String> {
    outgoing()
        .remove("tracestate")
        .filter(|state| !state.is_empty())
}

fn outgoing() -> HashMap<String, String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier
}

/// The shape alone, which the propagator is lax about: lower-case hex of the right lengths, version 00.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let [version, trace, span, flags] = parts[..] else {
        return false;
    };
    version == "00"
        && (trace.len(), span.len(), flags.len()) == (32, 16, 2)
        && [trace, span, flags].into_iter().all(is_hex)
}

/// Whether `target` is a crate that sees bytes of the wire.
pub(super) fn is_wire(target: &str) -> bool {
    const WIRE: [&str; 10] = [
        "h2",
        "hyper",
        "hyper_util",
        "hyper_rustls",
        "reqwest",
        "rustls",
        "tokio_rustls",
        "redis",
        "sqlx",
        "tower_http",
    ];
    let name = target.split("::").next().unwrap_or(target);
    WIRE.contains(&name)
}
