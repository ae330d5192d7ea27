//! Numbers about the process, and the listener that shows them. What is counted, each plane says.

mod process;
#[cfg(test)]
mod tests;

use crate::serve::{Drained, Limits, serve as serve_http};
use crate::stop::Stop;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every name begins with `portcullis_` and carries the label `plane`.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    pub fn new(plane: &'static str) -> Self {
        let labels = [(Cow::Borrowed("plane"), Cow::Borrowed(plane))];
        let mut registry = Registry::with_prefix_and_labels("portcullis", labels.into_iter());
        registry.register_collector(Box::new(process::Process));
        Self(Arc::new(Mutex::new(registry)))
    }

    /// Lends the registry, to enter metrics in it; whatever `enter` gives back comes back.
    pub fn register<T>(&self, enter: impl FnOnce(&mut Registry) -> T) -> T {
        enter(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// As `OpenMetrics` text.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut shown = String::new();
        self.register(|registry| text::encode(&mut shown, registry))?;
        Ok(shown)
    }
}

/// Answers `GET /metrics` on an address of its own until `stop`, and nothing else.
pub async fn serve(listen: SocketAddr, metrics: Metrics, stop: Stop) -> io::Result<Drained> {
    let listener = TcpListener::bind(listen).await?;
    Ok(serve_on(listener, metrics, stop).await)
}

/// As [`serve`], for callers that want to know early whether the address is free.
pub async fn serve_on(listener: TcpListener, metrics: Metrics, stop: Stop) -> Drained {
    let limits = Limits {
        connections: 64,
        h2_streams: 8,
        drain: Duration::from_secs(2),
        ..Limits::default()
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&metrics, request.method(), request.uri().path());
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    serve_http(listener, limits, stop, service).await
}

fn answer(metrics: &Metrics, method: &Method, path: &str) -> Response<Full<Bytes>> {
    if path != "/metrics" {
        return plain(StatusCode::NOT_FOUND);
    }
    if method != Method::GET && method != Method::HEAD {
        let mut refusal = plain(StatusCode::METHOD_NOT_ALLOWED);
        let allowed = header::HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(header::ALLOW, allowed);
        return refusal;
    }
    match metrics.text() {
        Ok(text) => {
            let mut shown = Response::new(Full::from(text));
            let kind = header::HeaderValue::from_static(OPEN_METRICS);
            shown.headers_mut().insert(header::CONTENT_TYPE, kind);
            shown
        }
        Err(error) => {
            tracing::error!(%error, "cannot write the metrics");
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
