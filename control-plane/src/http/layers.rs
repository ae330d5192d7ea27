//! What every request passes, whatever its URL: an id, bounds, a span, and a problem for whatever had none.

use crate::app::App;
use crate::problem::{Kind, Problem};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use host::serve::Peer;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

/// A policy document is at most 256 KiB; with its escapes it may be four times that.
const BODY_LIMIT: usize = 2 * 1024 * 1024;
/// Discovery may take 30 s; nothing else comes near.
pub(super) const DEADLINE: Duration = Duration::from_secs(40);

/// Where the request came from: the peer, or, where that is a proxy of this instance, whoever it says it speaks for.
#[derive(Debug, Clone, Copy)]
pub struct Source(pub IpAddr);

impl FromRequestParts<App> for Source {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(Self(source(
            &parts.headers,
            peer,
            &app.site().trusted_proxies,
        )))
    }
}

/// From the right, where each proxy wrote whom it heard: the first that is no proxy of ours. What stands left of it, anybody
/// may have written.
fn source(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|net| net.contains(&address))
    };
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .collect();
    let mut source = peer;
    for heard in forwarded.into_iter().rev() {
        if !is_trusted(source) {
            break;
        }
        // What is no address ends the chain: the proxy that wrote it is the last we know of.
        let Ok(address) = heard.trim().parse() else {
            break;
        };
        source = address;
    }
    source
}

/// The id of the request: in its span, in its answer's header and in its problem.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

pub fn wrap(router: Router<App>, app: App) -> Router {
    router
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "this path has other methods")
        })
        .layer(CatchPanicLayer::custom(
            |_: Box<dyn std::any::Any + Send>| {
                Problem::new(
                    Kind::Internal,
                    "the log has the cause under the id of this request",
                )
                .into_response()
            },
        ))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), pass))
        .with_state(app)
}

async fn pass(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId(format!("req_{}", seal::to_hex(&app.random().bytes::<16>())));
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("(none)", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        request.id = id.0,
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    request.extensions_mut().insert(id.clone());
    let (method, begun) = (request.method().clone(), Instant::now());
    let answered = tokio::time::timeout(DEADLINE, next.run(request))
        .instrument(span.clone())
        .await;
    let response = answered.unwrap_or_else(|_| {
        Problem::new(Kind::Unavailable, "it took too long")
            .with_retry_after(5)
            .into_response()
    });
    span.record("http.response.status_code", response.status().as_u16());
    app.meter()
        .answered(&route, &method, response.status(), begun.elapsed());
    span.in_scope(|| tracing::info!("answered"));
    finish(response, &id)
}

fn finish(response: Response, id: &RequestId) -> Response {
    let mut response = match response.extensions().get::<Problem>().cloned() {
        Some(problem) => problem.into_response_for(Some(id.0.clone())),
        None => response,
    };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert("x-request-id", value);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    response
}

/// `/healthz`: the process is alive. `/readyz`: the database answers.
pub fn health() -> Router<App> {
    Router::new()
        .route("/healthz", axum::routing::get(|| async { StatusCode::OK }))
        .route(
            "/readyz",
            axum::routing::get(async |State(app): State<App>| {
                if app.db().is_alive().await {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                }
            }),
        )
}

#[cfg(test)]
mod tests;
