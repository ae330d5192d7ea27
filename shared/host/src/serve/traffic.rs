//! Counts the requests under way on one connection, from their headers to the last byte of their answer.

#[cfg(test)]
mod tests;

use super::{Cause, Peer, Stands};
use http::{Request, Response, StatusCode, Version};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::Service;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    under_way: usize,
    begun: u64,
    /// Given up before they were answered.
    abandoned: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Traffic(watch::Sender<Count>);

impl Traffic {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Count::default()))
    }

    fn begin(&self) -> UnderWay {
        self.0.send_modify(|count| {
            count.under_way += 1;
            count.begun += 1;
        });
        UnderWay(self.clone())
    }

    /// Ends when nothing was under way for `first` before the first request, or for `then` after one.
    pub(super) fn quiet(
        &self,
        first: Duration,
        then: Duration,
    ) -> impl Future<Output = ()> + use<> {
        let mut heard = self.0.subscribe();
        async move {
            loop {
                let Ok(begun) = heard.wait_for(|c| c.under_way == 0).await.map(|c| c.begun) else {
                    return; // Nobody is left who could ask for anything.
                };
                let patience = if begun == 0 { first } else { then };
                let next = heard.wait_for(|count| count.begun > begun);
                if tokio::time::timeout(patience, next).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Ends when the peer gave up more than `most` requests within a minute, or a little over one.
    pub(super) fn abandons(&self, most: usize) -> impl Future<Output = ()> + use<> {
        const MINUTE: Duration = Duration::from_mins(1);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let mut heard = self.0.subscribe();
        async move {
            loop {
                let before = heard.borrow().abandoned;
                // The minute begins with the first of them, so that a quiet connection needs no clock.
                let first = heard
                    .wait_for(|count| count.abandoned > before)
                    .await
                    .is_ok();
                let too_many = before.saturating_add(most);
                let many = heard.wait_for(|count| count.abandoned > too_many);
                if !first || tokio::time::timeout(MINUTE, many).await.is_ok() {
                    return;
                }
            }
        }
    }
}

/// Held while a request is under way.
#[derive(Debug)]
struct UnderWay(Traffic);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.under_way -= 1);
    }
}

/// Dropped before the answer was there: the peer gave the request up.
#[derive(Debug)]
struct Unanswered {
    traffic: Traffic,
    is_answered: bool,
}

impl Unanswered {
    fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if !self.is_answered {
            self.traffic.0.send_modify(|count| count.abandoned += 1);
        }
    }
}

/// The service as one connection sees it.
pub(super) struct Counted<S, B> {
    pub service: S,
    pub peer: Peer,
    pub traffic: Traffic,
    pub max_header_fields: usize,
    /// Takes an answer of HTTP/1.1 that stands open, and the connection with it.
    pub stands: mpsc::Sender<Response<Answer<B>>>,
}

impl<S, B> Service<Request<Incoming>> for Counted<S, B>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<Cause> + Send + 'static,
    B: Send + 'static,
{
    type Response = Response<Answer<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let under_way = self.traffic.begin();
        // hyper counts the fields of HTTP/1.1; of HTTP/2 it measures only their bytes.
        if request.headers().len() > self.max_header_fields {
            let mut refusal = Response::new(Answer {
                body: None,
                _under_way: under_way,
            });
            *refusal.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Box::pin(std::future::ready(Ok(refusal)));
        }
        request.extensions_mut().insert(self.peer);
        let stands = (request.version() == Version::HTTP_11).then(|| self.stands.clone());
        let answer = self.service.call(request);
        let unanswered = Unanswered {
            traffic: self.traffic.clone(),
            is_answered: false,
        };
        Box::pin(async move {
            let answer = answer.await;
            unanswered.answered();
            let answer = answer?.map(|body| Answer {
                body: Some(body),
                _under_way: under_way,
            });
            let Some(stands) = stands.filter(|_| answer.extensions().get::<Stands>().is_some())
            else {
                return Ok(answer);
            };
            match stands.try_send(answer) {
                // Whoever has it ends this connection, and this with it.
                Ok(()) => std::future::pending().await,
                Err(left) => Ok(left.into_inner()),
            }
        })
    }
}

/// The service's body, or none where the request did not come so far.
pub(super) struct Answer<B> {
    body: Option<B>,
    _under_way: UnderWay,
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
