//! The connector: a name is resolved here, every address judged, and the very address judged is dialled.
//!
//! Check and use being one, neither a literal address, nor an odd spelling, nor a name that changes its answer leads
//! anywhere else. TLS is wrapped around it by its user.

use crate::address::{Allowed, Egress};
use crate::lookup::Lookup;
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
use tokio::time::{Instant, timeout};
use tower::Service;

/// More of a name's addresses are not tried.
const MOST_ADDRESSES: usize = 8;

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
    #[error("no TLS could be agreed on")]
    Tls(#[source] Failed),
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl ConnectError {
    /// What TLS around the connector failed with: the connector's own error, or one of TLS.
    pub(crate) fn of(error: Failed) -> Self {
        error
            .downcast::<Self>()
            .map_or_else(Self::Tls, |connect| *connect)
    }
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<Stream, ConnectError> {
        let host = uri.host().ok_or(ConnectError::NoHost)?;
        let is_plain = uri.scheme_str() != Some("https");
        let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        let until = Instant::now() + self.timeout;
        let addresses = self.addresses(host, port).await?;
        let (allowed, mut last) = self.allowed(addresses, is_plain);
        for (tried, address) in allowed.iter().enumerate() {
            // An address that swallows packets takes its part of the time, and leaves the others theirs.
            let untried = u32::try_from(allowed.len() - tried).unwrap_or(1);
            let share = until.saturating_duration_since(Instant::now()) / untried;
            match timeout(share, dial(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = ConnectError::Io(error),
                Err(_) => last = ConnectError::Slow(self.timeout),
            }
        }
        Err(last)
    }

    /// Those that may be dialled; and what to say where it is none.
    fn allowed(
        &self,
        addresses: Vec<SocketAddr>,
        is_plain: bool,
    ) -> (Vec<SocketAddr>, ConnectError) {
        let mut why = ConnectError::Refused("it has none");
        let mut allowed = addresses;
        allowed.retain(|address| match self.egress.judge(address.ip()) {
            Ok(Allowed::Exception) => true,
            Ok(Allowed::Public) if !is_plain => true,
            Ok(Allowed::Public) => {
                why = ConnectError::Plain;
                false
            }
            Err(refused) => {
                why = ConnectError::Refused(refused.range);
                false
            }
        });
        allowed.truncate(MOST_ADDRESSES);
        (allowed, why)
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(literal) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(literal, port)]);
        }
        self.lookup
            .addresses(bare.to_owned(), port)
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
            let most = connector.timeout;
            timeout(most, connector.connect(uri))
                .await
                .unwrap_or(Err(ConnectError::Slow(most)))
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
