//! A connection of its own for one stream that stands, over HTTP/1.1.
//!
//! A pooled connection keeps its buffers for the next request, and a stream that stands for hours has none: most of what it
//! would cost is buffers that wait with it. Here a piece is read into the stack, what came is copied out, and between two
//! events nothing is kept. The connection serves one request and is closed.

pub mod frames;
pub mod head;

use bytes::{Bytes, BytesMut};
use egress::{ConnectError, Https};
use frames::Frames;
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use hyper::body::{Body, Frame};
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tower::Service;

const PIECE: usize = 8 * 1024;
const MOST_HEAD: usize = 64 * 1024;
/// Answers before the answer (RFC 9110, 15.2).
const MOST_INTERIM: usize = 8;

type Wire = TokioIo<<Https as Service<Uri>>::Response>;

#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It took up no byte of the request.
    #[error("no connection")]
    Connect(#[source] ConnectError),
    #[error("the connection broke")]
    Io(#[source] io::Error),
    #[error("its answer is no HTTP/1.1: {0}")]
    Garbage(&'static str),
}

/// Connects, asks, and reads as far as the head of the answer.
pub async fn ask(
    mut https: Https,
    uri: &Uri,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Rest>, LineError> {
    let wire = https.call(uri.clone()).await.map_err(LineError::Connect)?;
    let mut wire = Box::new(TokioIo::new(wire));
    let mut request = head::write(method, uri, headers, body.len());
    request.extend_from_slice(body);
    wire.write_all(&request).await.map_err(LineError::Io)?;
    wire.flush().await.map_err(LineError::Io)?;
    drop(request);
    answer(wire).await
}

async fn answer(mut wire: Box<Wire>) -> Result<Response<Rest>, LineError> {
    let mut came = BytesMut::new();
    let mut interim = 0;
    loop {
        let Some(read) = head::read(&came).map_err(LineError::Garbage)? else {
            if came.len() >= MOST_HEAD {
                return Err(LineError::Garbage("its head is too long"));
            }
            let piece = poll_fn(|context| poll_piece(&mut wire, context)).await;
            let piece = piece.map_err(LineError::Io)?;
            if piece.is_empty() {
                return Err(LineError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
            came.extend_from_slice(&piece);
            continue;
        };
        let status = read.parts.status;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(LineError::Garbage("it changes the protocol unasked"));
        }
        if status.is_informational() {
            interim += 1;
            if interim > MOST_INTERIM {
                return Err(LineError::Garbage("it never comes to its answer"));
            }
            let _ = came.split_to(read.length);
            continue;
        }
        let rest = Rest {
            wire,
            frames: Frames::new(read.framing),
            ahead: Bytes::copy_from_slice(came.get(read.length..).unwrap_or_default()),
        };
        return Ok(Response::from_parts(read.parts, rest));
    }
}

/// What came meanwhile; empty at the end. Nothing is set aside while nothing comes.
fn poll_piece(wire: &mut Wire, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    let mut space = [0; PIECE];
    let mut piece = ReadBuf::new(&mut space);
    ready!(Pin::new(wire).poll_read(context, &mut piece))?;
    Poll::Ready(Ok(Bytes::copy_from_slice(piece.filled())))
}

/// The body of the answer; dropping it closes the connection.
#[derive(Debug)]
pub struct Rest {
    wire: Box<Wire>,
    frames: Frames,
    /// Came, and is not taken yet.
    ahead: Bytes,
}

impl Body for Rest {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        loop {
            if let Some(data) = this.frames.take(&mut this.ahead).map_err(broken)? {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            if this.frames.is_done() {
                return Poll::Ready(None);
            }
            this.ahead = ready!(poll_piece(&mut this.wire, context))?;
            if this.ahead.is_empty() {
                return Poll::Ready(this.frames.end().map_err(broken).err().map(Err));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_done()
    }
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests;
