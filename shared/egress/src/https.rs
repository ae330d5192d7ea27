//! The connector with TLS around it, under one deadline: a server that takes the connection and then says nothing is as
//! unreachable as one that is not there.

use crate::connect::{ConnectError, Connector, Stream};
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use rustls::ClientConfig;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;

#[derive(Debug, Clone)]
pub struct Https {
    over: HttpsConnector<Connector>,
    timeout: Duration,
}

impl Https {
    /// Offers HTTP/2 and HTTP/1.1. `tls` has no protocols of its own yet.
    pub fn new(tls: ClientConfig, connector: Connector) -> Self {
        let timeout = connector.timeout;
        let over = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(connector);
        Self { over, timeout }
    }

    /// Offers HTTP/1.1 alone.
    pub fn http1(tls: ClientConfig, connector: Connector) -> Self {
        let timeout = connector.timeout;
        let over = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Self { over, timeout }
    }
}

impl Service<Uri> for Https {
    type Response = MaybeHttpsStream<Stream>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Self::Response, ConnectError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.over.poll_ready(context).map_err(ConnectError::of)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.over.call(uri);
        let timeout = self.timeout;
        Box::pin(async move {
            tokio::time::timeout(timeout, connecting)
                .await
                .unwrap_or(Err(ConnectError::Slow(timeout).into()))
                .map_err(ConnectError::of)
        })
    }
}

#[cfg(test)]
mod tests;
