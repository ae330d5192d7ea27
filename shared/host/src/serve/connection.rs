//! One connection from its first byte to its last.

use super::patience::Patience;
use super::standing::Standing;
use super::traffic::{Answer, Counted, Traffic};
use super::{Cause, Limits, Peer};
use crate::stop::Stop;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often an HTTP/2 peer with requests under way is asked whether it is still there, and how long it may think.
const PING: Duration = Duration::from_secs(20);

/// What waits to be sent on one HTTP/2 stream, besides the piece that is being handed over.
const MOST_UNSENT: usize = 32 * 1024;

/// What all connections of a listener share.
pub(super) struct Drive {
    limits: Limits,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    stop: Stop,
    cut: CancellationToken,
}

impl Drive {
    pub(super) fn new(limits: Limits, stop: Stop, cut: CancellationToken) -> Self {
        let buffer = usize::try_from(limits.max_header_bytes).unwrap_or(usize::MAX);
        // hyper panics below its least.
        let buffer = buffer.max(8192);
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read)
            .max_headers(limits.max_header_fields)
            .max_buf_size(buffer);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.h2_streams)
            .initial_stream_window_size(limits.h2_stream_window)
            .initial_connection_window_size(limits.h2_connection_window)
            .max_send_buf_size(MOST_UNSENT)
            .max_header_list_size(limits.max_header_bytes)
            .max_pending_accept_reset_streams(limits.h2_resets)
            .max_local_error_reset_streams(limits.h2_resets)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        Self {
            limits,
            http1,
            http2,
            stop,
            cut,
        }
    }

    /// Serves requests as they come. What is given back is what is left of the connection: an answer that stands open.
    pub(super) async fn connection<S, B>(
        &self,
        stream: TcpStream,
        peer: Peer,
        service: S,
    ) -> Option<Standing<Answer<B>>>
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
            return None;
        }
        let spoken = tokio::select! {
            spoken = timeout(self.limits.header_read, speaks_http2(&stream)) => spoken,
            () = self.cut.cancelled() => return None,
            () = self.stop.stopped() => return None,
        };
        // It said nothing in time, or has gone.
        let Ok(Ok(speaks_http2)) = spoken else {
            return None;
        };
        let traffic = Traffic::new();
        let (stands, mut stood) = mpsc::channel(1);
        let counted = Counted {
            service,
            peer,
            traffic: traffic.clone(),
            max_header_fields: self.limits.max_header_fields,
            stands,
        };
        let stream = TokioIo::new(Patience::new(stream, self.limits.stall));
        if speaks_http2 {
            let connection = pin!(self.http2.serve_connection(stream, counted));
            self.attend(
                connection,
                http2::Connection::graceful_shutdown,
                peer,
                &traffic,
            )
            .await;
            return None;
        }
        let mut connection = self.http1.serve_connection(stream, counted);
        let pinned = Pin::new(&mut connection);
        let answer = tokio::select! {
            () = self.attend(pinned, http1::Connection::graceful_shutdown, peer, &traffic) => return None,
            answer = stood.recv() => answer?,
        };
        // With its buffers goes what the peer has said since: it was told that nothing more is read.
        let wire = connection.into_parts().io.into_inner();
        Some(Standing::new(wire, answer))
    }

    /// To the end of the connection, which `leave` asks it to come to.
    async fn attend<C, E>(
        &self,
        mut connection: Pin<&mut C>,
        leave: fn(Pin<&mut C>),
        peer: Peer,
        traffic: &Traffic,
    ) where
        C: Future<Output = Result<(), E>>,
        E: std::fmt::Display,
    {
        let quiet = |then| traffic.quiet(self.limits.header_read, then);
        let mut quiet_for_long = pin!(quiet(self.limits.idle));
        let mut abandons = pin!(traffic.abandons(self.limits.abandoned_a_minute));
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
                // Asking and giving up at once costs the asker next to nothing, and us a request.
                () = abandons.as_mut() => {
                    tracing::debug!(peer = %peer.0, "closed: too many requests were given up");
                    return;
                }
                () = self.stop.stopped(), if !leaving => {
                    leaving = true;
                    leave(connection.as_mut());
                }
                // hyper times HTTP/1.1 headers only: this catches HTTP/2 peers who hold a seat and ask nothing.
                () = quiet_for_long.as_mut() => {
                    if leaving {
                        return;
                    }
                    leaving = true;
                    leave(connection.as_mut());
                    quiet_for_long.set(quiet(self.limits.header_read));
                }
            }
        }
    }

    /// To the end of an answer that stands open.
    pub(super) async fn stand<B>(&self, standing: Standing<B>)
    where
        B: Body + Unpin,
        B::Error: Into<Cause>,
    {
        tokio::select! {
            ended = standing.send() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a standing answer ended early");
                }
            }
            () = self.cut.cancelled() => {}
        }
    }
}

/// Whether the peer begins as HTTP/2 does, which no request of HTTP/1.1 can. What it said stays to be read: hyper's own
/// look at it would cost every connection of HTTP/1.1 another buffer.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut pause = Duration::from_millis(10);
    let mut said = [0; PREFACE.len()];
    loop {
        let read = stream.peek(&mut said).await?;
        let said = said.get(..read).unwrap_or_default();
        if said.is_empty() || said == PREFACE || !PREFACE.starts_with(said) {
            return Ok(said == PREFACE);
        }
        // Bytes that were seen and left wake nobody when more come after them.
        sleep(pause).await;
        pause *= 2;
    }
}
