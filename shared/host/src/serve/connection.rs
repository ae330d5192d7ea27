//! One connection from its first byte to its last.

use super::traffic::{Counted, Traffic};
use super::{Cause, Limits, Peer};
use crate::stop::Stop;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How often an HTTP/2 peer with requests under way is asked whether it is still there, and how long it may think.
const PING: Duration = Duration::from_secs(20);

/// What all connections of a listener share.
pub(super) struct Drive {
    limits: Limits,
    protocol: auto::Builder<TokioExecutor>,
    stop: Stop,
    cut: CancellationToken,
}

impl Drive {
    pub(super) fn new(limits: Limits, stop: Stop, cut: CancellationToken) -> Self {
        let buffer = usize::try_from(limits.max_header_bytes).unwrap_or(usize::MAX);
        // hyper panics below its least.
        let buffer = buffer.max(8192);
        let mut protocol = auto::Builder::new(TokioExecutor::new());
        protocol
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read)
            .max_headers(limits.max_header_fields)
            .max_buf_size(buffer);
        protocol
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.h2_streams)
            .max_header_list_size(limits.max_header_bytes)
            .max_pending_accept_reset_streams(limits.h2_resets)
            .max_local_error_reset_streams(limits.h2_resets)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        Self {
            limits,
            protocol,
            stop,
            cut,
        }
    }

    pub(super) async fn connection<S, B>(&self, stream: TcpStream, peer: Peer, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Cause> + Send + 'static,
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Cause>,
    {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone at once");
            return;
        }
        let traffic = Traffic::new();
        let counted = Counted {
            service,
            peer,
            traffic: traffic.clone(),
            max_header_fields: self.limits.max_header_fields,
        };
        let mut connection = pin!(
            self.protocol
                .serve_connection(TokioIo::new(stream), counted)
        );
        let quiet = |then| traffic.quiet(self.limits.header_read, then);
        let mut quiet_for_long = pin!(quiet(self.limits.idle));
        let mut leaving = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, peer = %peer.0, "connection ended early");
                    }
                    return;
                }
                () = self.cut.cancelled() => return,
                () = self.stop.stopped(), if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                // hyper times HTTP/1.1 headers only: this catches those who never say which protocol they
                // speak, and HTTP/2 peers who hold a seat and ask nothing.
                () = quiet_for_long.as_mut() => {
                    if leaving {
                        return;
                    }
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                    quiet_for_long.set(quiet(self.limits.header_read));
                }
            }
        }
    }
}
