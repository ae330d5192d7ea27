//! An answer that stands open over HTTP/1.1: from its head on, all that the connection is for.
//!
//! hyper keeps two buffers for a connection as long as it lives, which is most of what a silent stream would cost.
//! Here an event is packed when it comes, sent, and forgotten.

#[cfg(test)]
mod tests;

use super::Cause;
use super::patience::Patience;
use crate::clock::Clock;
use bytes::{Buf, BufMut};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// RFC 9110, 5.6.7.
const DATE_FORMAT: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
/// The last chunk, and no trailers (RFC 9112, 7.1).
const LAST: &[u8] = b"0\r\n\r\n";

pub(super) struct Standing<B, W = Patience> {
    wire: W,
    head: Vec<u8>,
    body: B,
}

impl<B, W> Standing<B, W>
where
    B: Body + Unpin,
    B::Error: Into<Cause>,
    W: AsyncRead + AsyncWrite + Unpin,
{
    pub fn new(wire: W, answer: Response<B>) -> Self {
        let (parts, body) = answer.into_parts();
        Self {
            wire,
            head: head(parts.status, &parts.headers),
            body,
        }
    }

    /// To the end of the answer, or until the peer has gone. Broken off, it lacks its last chunk.
    pub async fn send(mut self) -> Result<(), Cause> {
        self.wire.write_all(&std::mem::take(&mut self.head)).await?;
        let mut listens = true;
        loop {
            let frame = tokio::select! {
                frame = self.body.frame() => frame,
                heard = poll_fn(|context| poll_heard(&mut self.wire, context)), if listens => {
                    if heard? == 0 {
                        return Ok(());
                    }
                    // It was told that nothing more is read, so it may fill the kernel's buffer and no other.
                    listens = false;
                    continue;
                }
            };
            let Some(frame) = frame.transpose().map_err(Into::into)? else {
                break;
            };
            match frame.into_data() {
                // An empty chunk would be the last one.
                Ok(data) if data.has_remaining() => self.wire.write_all(&chunk(data)).await?,
                // Nothing, or trailers that nobody was promised.
                Ok(_) | Err(_) => {}
            }
        }
        self.wire.write_all(LAST).await?;
        self.wire.shutdown().await?;
        Ok(())
    }
}

fn head(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} ", status.as_str()).into_bytes();
    head.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    head.extend_from_slice(b"\r\n");
    let ours = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
    // No name or value of these types holds a line end.
    for (name, value) in headers.iter().filter(|(name, _)| !ours.contains(name)) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if !headers.contains_key(DATE)
        && let Ok(date) = Clock::system().now().format(DATE_FORMAT)
    {
        head.extend_from_slice(format!("date: {date}\r\n").as_bytes());
    }
    head.extend_from_slice(b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n");
    head
}

fn chunk(data: impl Buf) -> Vec<u8> {
    let size = format!("{:x}\r\n", data.remaining());
    let mut chunk = Vec::with_capacity(size.len() + data.remaining() + 2);
    chunk.put(size.as_bytes());
    chunk.put(data);
    chunk.put(&b"\r\n"[..]);
    chunk
}

/// How many bytes the peer said; 0 when it has gone. They are not kept.
fn poll_heard<W: AsyncRead + Unpin>(
    wire: &mut W,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut space = [0; 64];
    let mut heard = ReadBuf::new(&mut space);
    ready!(Pin::new(wire).poll_read(context, &mut heard))?;
    Poll::Ready(Ok(heard.filled().len()))
}
