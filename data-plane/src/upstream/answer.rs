//! An answer's body as it comes: piece by piece, decoded where it came encoded, and holding its connection, or its place on
//! one, until it is dropped.

use super::lanes::Place;
use super::line::Rest;
use crate::refusal::Trouble;
use bytes::Bytes;
use egress::{Decoder, Undecodable};
use http::HeaderMap;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

#[derive(Debug)]
pub struct Answer<B = Heard> {
    body: B,
    decoder: Result<Decoder, Undecodable>,
}

#[derive(Debug)]
pub enum Heard {
    /// On a pooled connection, with the place on it.
    Pooled(Incoming, Place),
    Line(Rest),
    /// An older server's events as a newer one would send them.
    Made(UnsyncBoxBody<Bytes, Infallible>),
}

impl Answer {
    pub(super) fn new(headers: &HeaderMap, body: Heard) -> Self {
        Self {
            body,
            decoder: Decoder::of(headers),
        }
    }

    pub(super) fn made<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        Self::plain(Heard::Made(body.boxed_unsync()))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Answer<B> {
    /// An answer of our own, which is as it is.
    pub fn plain(body: B) -> Self {
        Self {
            body,
            decoder: Decoder::of(&HeaderMap::new()),
        }
    }

    /// What it says itself that it weighs, before it is decoded.
    pub fn at_least(&self) -> u64 {
        self.body.size_hint().lower()
    }

    /// The next piece; none at its end. Dropping the future loses nothing.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Trouble> {
        let decoder = self.decoder.as_mut().map_err(|cause| trouble(*cause))?;
        while let Some(frame) = self.body.frame().await {
            let Ok(piece) = frame.map_err(|_| Trouble::Broken)?.into_data() else {
                continue;
            };
            let out = decoder.push(piece).map_err(trouble)?;
            if !out.is_empty() {
                return Ok(Some(out));
            }
        }
        decoder.finish().map_err(trouble)?;
        Ok(None)
    }
}

/// Why a body ended early nobody asks: the answer is as broken.
impl Body for Heard {
    type Data = Bytes;
    type Error = Trouble;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        let broken = Trouble::Broken;
        match self.get_mut() {
            Self::Pooled(body, _) => Pin::new(body).poll_frame(context).map_err(|_| broken),
            Self::Line(body) => Pin::new(body).poll_frame(context).map_err(|_| broken),
            Self::Made(body) => Pin::new(body).poll_frame(context).map_err(|_| broken),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Pooled(body, _) => body.size_hint(),
            Self::Line(body) => body.size_hint(),
            Self::Made(body) => body.size_hint(),
        }
    }
}

const fn trouble(cause: Undecodable) -> Trouble {
    match cause {
        Undecodable::Unknown => Trouble::Garbage,
        Undecodable::TooLarge => Trouble::TooLarge,
        Undecodable::Broken => Trouble::Broken,
    }
}
