//! Listens: accepts connections up to a limit, serves HTTP/1.1 and HTTP/2 on them, and lets them finish at the end.
//!
//! Where to listen is the caller's choice (it hands in the listener); what to answer is the service's.

mod connection;
mod patience;
mod peers;
mod standing;
#[cfg(test)]
mod tests;
mod traffic;

use crate::stop::Stop;
use connection::Drive;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use peers::Peers;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Who is at the other end of the connection; in the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// In the extensions of an answer: it stands open and is mostly silent. Over HTTP/1.1 the connection is then its alone,
/// keeps no buffer for requests to come, and is closed with it.
#[derive(Debug, Clone, Copy)]
pub struct Stands;

/// How much one listener takes on. Whatever a stranger can make grow has its bound here.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open at once; beyond it new ones wait in the kernel's queue.
    pub connections: usize,
    /// Of one address (an IPv6 /64 is one); beyond it new ones are closed.
    pub connections_per_peer: usize,
    /// From the opening of a connection, or the last answer on it in HTTP/1.1, to the end of the next request's headers.
    pub header_read: Duration,
    /// For an HTTP/2 connection with no request under way (HTTP/1.1 has `header_read` for that).
    pub idle: Duration,
    /// How long a peer may take no byte of what it asked for.
    pub stall: Duration,
    /// Request line and headers together; at least 8192.
    pub max_header_bytes: u32,
    pub max_header_fields: usize,
    /// Requests at once on one HTTP/2 connection.
    pub h2_streams: u32,
    /// What a peer may send on one HTTP/2 stream, and on all of a connection, before somebody has read it.
    pub h2_stream_window: u32,
    pub h2_connection_window: u32,
    /// Streams reset before they were accepted, or by our own refusal, before the connection is closed.
    pub h2_resets: usize,
    /// Requests given up by the peer before they were answered, in a minute, before the connection is closed.
    pub abandoned_a_minute: usize,
    /// After [`Stop`]: how long requests under way may take to finish.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_peer: 12_288,
            header_read: Duration::from_secs(10),
            idle: Duration::from_mins(2),
            stall: Duration::from_mins(1),
            max_header_bytes: 32 * 1024,
            max_header_fields: 64,
            h2_streams: 128,
            h2_stream_window: 64 * 1024,
            h2_connection_window: 256 * 1024,
            h2_resets: 20,
            abandoned_a_minute: 200,
            drain: Duration::from_secs(30),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections closed in the middle of something because `drain` was over.
    pub cut: usize,
}

type Cause = Box<dyn Error + Send + Sync>;

/// Serves until `stop`, then stops listening and waits for what is under way, `limits.drain` at most.
pub async fn serve<S, B>(listener: TcpListener, limits: Limits, stop: Stop, service: S) -> Drained
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Cause> + Send + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Cause>,
{
    let room = Arc::new(Semaphore::new(limits.connections));
    let peers = Peers::new(limits.connections_per_peer);
    let open = TaskTracker::new();
    let cut = CancellationToken::new();
    // Also when this future is dropped half way: its connections do not outlive it.
    let _cut_at_last = cut.clone().drop_guard();
    let drive = Arc::new(Drive::new(limits.clone(), stop.clone(), cut.clone()));

    let accepting = async {
        loop {
            let Ok(seat) = Arc::clone(&room).acquire_owned().await else {
                break; // Nobody closes the semaphore.
            };
            let (stream, peer) = accept(&listener).await;
            let Some(place) = peers.place(peer) else {
                tracing::debug!(%peer, "closed: its address holds its share of the connections");
                continue;
            };
            let (drive, service) = (Arc::clone(&drive), service.clone());
            let tasks = open.clone();
            open.spawn(async move {
                if let Some(standing) = drive.connection(stream, Peer(peer), service).await {
                    // In a task of its own: this one has room for all that a connection may be.
                    tasks.spawn(async move {
                        drive.stand(standing).await;
                        drop((seat, place));
                    });
                }
            });
        }
    };
    tokio::select! {
        () = stop.stopped() => {}
        () = accepting => {}
    }
    // The address is free for a successor while the last requests finish.
    drop(listener);
    open.close();
    if tokio::time::timeout(limits.drain, open.wait())
        .await
        .is_ok()
    {
        return Drained { cut: 0 };
    }
    let left = open.len();
    tracing::warn!(connections = left, "drain time is over, closing the rest");
    cut.cancel();
    open.wait().await;
    Drained { cut: left }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if of_the_connection(&error) => {
                tracing::debug!(%error, "a connection was gone before it was accepted");
            }
            Err(error) => {
                // Out of descriptors or memory: the next try fails as well until somebody leaves.
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
