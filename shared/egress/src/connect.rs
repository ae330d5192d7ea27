//! The connector: a name is resolved here, every address judged, and the very address judged is dialled.
//!
//! Check and use being one, neither a literal address, nor an odd spelling, nor a name that changes its answer leads
//! anywhere else. TLS is wrapped around it by its user.

use crate::address::{Allowed, Egress};
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower::Service;

/// Name and port → addresses. The operating system's resolver, or a test's.
#[derive(Clone)]
pub struct Lookup(Ask);

type Ask =
    Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

impl Lookup {
    pub fn system() -> Self {
        Self::by(|name, port| {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) })
        })
    }

    pub fn by(
        ask: impl Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(ask))
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookup")
    }
}

#[derive(Debug, Clone)]
pub struct Connector {
    pub egress: Arc<Egress>,
    pub lookup: Lookup,
    pub timeout: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the URL names no host")]
    NoHost,
    #[error("the name could not be resolved")]
    Unresolved(#[source] io::Error),
    #[error("none of its addresses may be dialled: {0}")]
    Refused(&'static str),
    #[error("plain http is spoken only to networks that the operator named")]
    Plain,
    #[error("no connection within {0:?}")]
    Slow(Duration),
    #[error("could not connect")]
    Io(#[source] io::Error),
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<Stream, ConnectError> {
        let host = uri.host().ok_or(ConnectError::NoHost)?;
        let is_plain = uri.scheme_str() != Some("https");
        let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        let mut last = ConnectError::Refused("it has none");
        for address in self.addresses(host, port).await? {
            match self.egress.judge(address.ip()) {
                Err(refused) => last = ConnectError::Refused(refused.range),
                Ok(Allowed::Public) if is_plain => last = ConnectError::Plain,
                Ok(_) => match dial(address).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = ConnectError::Io(error),
                },
            }
        }
        Err(last)
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(literal) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(literal, port)]);
        }
        (self.lookup.0)(bare.to_owned(), port)
            .await
            .map_err(ConnectError::Unresolved)
    }
}

async fn dial(address: SocketAddr) -> io::Result<Stream> {
    let tcp = TcpStream::connect(address).await?;
    // A second look at the other end: nothing between the judgement and here may have moved it.
    if tcp.peer_addr()?.ip() != address.ip() {
        return Err(io::Error::other("connected to another address"));
    }
    tcp.set_nodelay(true)?;
    Ok(Stream(TokioIo::new(tcp)))
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Stream, ConnectError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let timeout = connector.timeout;
            tokio::time::timeout(timeout, connector.connect(uri))
                .await
                .unwrap_or(Err(ConnectError::Slow(timeout)))
        })
    }
}

/// A TCP stream as hyper's client wants it.
#[derive(Debug)]
pub struct Stream(TokioIo<TcpStream>);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
