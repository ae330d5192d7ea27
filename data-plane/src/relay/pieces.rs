//! An answer on its way to the client, in pieces: handed over as fast as the client takes them, and weighing on its seat
//! until the last of them has gone.

use crate::front::Body;
use crate::seats::Seat;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

const PIECE: usize = 32 * 1024;

struct Pieces {
    rest: Bytes,
    _seat: Option<Seat>,
}

pub fn pieces(whole: Bytes, seat: Option<Seat>) -> Body {
    let pieces = Pieces {
        rest: whole,
        _seat: seat,
    };
    pieces.map_err(|never| match never {}).boxed_unsync()
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = PIECE.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests;
