//! An answer's body as it comes: piece by piece, decoded where it came encoded, and holding its place on the connection
//! until it is dropped.

use super::lanes::Place;
use crate::refusal::Trouble;
use bytes::Bytes;
use egress::{Decoder, Undecodable};
use http::HeaderMap;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either};
use hyper::body::{Body, Incoming};
use std::convert::Infallible;

/// A server's own bytes, or an older server's events as a newer one would send them.
pub type Heard = Either<Incoming, UnsyncBoxBody<Bytes, Infallible>>;

#[derive(Debug)]
pub struct Answer<B = Heard> {
    body: B,
    decoder: Result<Decoder, Undecodable>,
    _place: Option<Place>,
}

impl Answer {
    pub(super) fn new(headers: &HeaderMap, body: Incoming, place: Place) -> Self {
        Self {
            body: Either::Left(body),
            decoder: Decoder::of(headers),
            _place: Some(place),
        }
    }

    pub(super) fn made<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        Self::plain(Either::Right(body.boxed_unsync()))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Answer<B> {
    /// An answer of our own, which is as it is.
    pub fn plain(body: B) -> Self {
        Self {
            body,
            decoder: Decoder::of(&HeaderMap::new()),
            _place: None,
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

const fn trouble(cause: Undecodable) -> Trouble {
    match cause {
        Undecodable::Unknown => Trouble::Garbage,
        Undecodable::TooLarge => Trouble::TooLarge,
        Undecodable::Broken => Trouble::Broken,
    }
}
