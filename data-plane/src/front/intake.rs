//! How much body a request may bring, and how fast it must come: read whole, since it is judged before any of it goes on.

use crate::refusal::Refusal;
use crate::seats::{Busy, FREE_BYTES, Load, Seat};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Body;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How long whoever has no seat may take for a body.
const GLANCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intake {
    /// A message is no larger.
    pub most_body: usize,
    /// Bytes a second, from `grace` on: whoever is slower is cut.
    pub body_rate: u32,
    pub grace: Duration,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            most_body: 1 << 20,
            body_rate: 1_024,
            grace: Duration::from_secs(10),
        }
    }
}

impl Intake {
    /// Refuses at once what is announced to be too large.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let announced = headers
            .get(http::header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        match announced {
            Some(length) if length > self.most_body as u64 => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    /// The body, whole. Its weight is the seat's.
    pub async fn read<B>(&self, body: B, seat: &Seat) -> Result<Bytes, Refusal>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        self.collect(body, |bytes| {
            if bytes > self.most_body {
                return Err(self.too_large());
            }
            if seat.weigh(Load::Question, bytes) {
                Ok(())
            } else {
                Err(Refusal::Busy(Busy::Org))
            }
        })
        .await
    }

    /// The body of whoever has no seat: no more of it than is needed to answer a usual one by its id.
    pub async fn glance<B>(&self, body: B, refusal: &Refusal) -> Result<Bytes, Refusal>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let may_hold = |bytes| {
            if bytes > FREE_BYTES.min(self.most_body) {
                return Err(refusal.clone());
            }
            Ok(())
        };
        // What says that it is large is not waited for at all.
        may_hold(usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX))?;
        let whole = self.collect(body, may_hold);
        // Whoever comes in thousands is not waited for.
        timeout(GLANCE, whole)
            .await
            .unwrap_or_else(|_| Err(refusal.clone()))
    }

    async fn collect<B>(
        &self,
        mut body: B,
        mut may_hold: impl FnMut(usize) -> Result<(), Refusal>,
    ) -> Result<Bytes, Refusal>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let begun = Instant::now();
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        loop {
            let had = first.len() + whole.len();
            let earned = Duration::from_millis(had as u64 * 1_000 / u64::from(self.body_rate));
            let frame = match timeout_at(begun + self.grace + earned, body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(None) if whole.is_empty() => return Ok(first),
                Ok(None) => return Ok(whole.freeze()),
                // The client broke off, or is too slow: whoever is still there learns the latter.
                Ok(Some(Err(_))) | Err(_) => return Err(Refusal::SlowBody),
            };
            let Ok(chunk) = frame.into_data() else {
                continue;
            };
            may_hold(had + chunk.len())?;
            // Most bodies come in one piece, which is then the body.
            if had == 0 {
                first = chunk;
                continue;
            }
            if whole.is_empty() {
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&chunk);
        }
    }

    const fn too_large(&self) -> Refusal {
        Refusal::TooLarge {
            most: self.most_body,
        }
    }
}

#[cfg(test)]
mod tests;
