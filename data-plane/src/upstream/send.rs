//! One request to a server: on a connection of its pool, or on a line of its own where it stands over HTTP/1.1.

use super::answer::{Answer, Heard};
use super::lanes::Lasting;
use super::line::{self, LineError};
use super::pool::Upstream;
use bytes::Bytes;
use egress::ConnectError;
use http::header::HeaderMap;
use http::{Method, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::Connected;
use std::error::Error;

/// How often a request is offered that the server does not take up.
const TRIES: u32 = 3;

type Failed = hyper_util::client::legacy::Error;
type Cause = Box<dyn Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It took up no byte of it.
    #[error("no connection")]
    NotConnected(#[source] Cause),
    #[error("the connection took too long")]
    ConnectTimeout,
    #[error("the connection broke")]
    Broken(#[source] Cause),
    #[error("its event stream names no address of its own to post to")]
    NoEndpoint,
    #[error("its event stream ended")]
    Cut,
}

impl Upstream {
    /// Sends a request: the given headers, then the stored ones, which win.
    pub async fn send(
        &self,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Answer>, SendError> {
        self.send_to(self.uri.clone(), method, headers, body).await
    }

    /// To another address of the same origin.
    pub(super) async fn send_to(
        &self,
        uri: Uri,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Answer>, SendError> {
        let headers = self.with_stored(headers);
        self.send_pooled(Lasting::Call, uri, method, headers, body)
            .await
    }

    /// Asks for a stream that stands as long as both sides like.
    pub async fn send_standing(
        &self,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Answer>, SendError> {
        let headers = self.with_stored(headers);
        if let Some(https) = self.lanes.line(&self.uri) {
            let asked = line::ask(https, &self.uri, &method, &headers, &body).await?;
            return Ok(with_answer(asked, Heard::Line));
        }
        self.send_pooled(Lasting::Standing, self.uri.clone(), method, headers, body)
            .await
    }

    fn with_stored(&self, mut headers: HeaderMap) -> HeaderMap {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        headers
    }

    async fn send_pooled(
        &self,
        lasting: Lasting,
        uri: Uri,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Answer>, SendError> {
        let (client, place) = self.lanes.take(lasting);
        let request = || {
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = method.clone();
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = headers.clone();
            request
        };
        let mut answered = client.request(request()).await;
        for _ in 1..TRIES {
            match &answered {
                // It closes the connection, or takes no more on it: another one will do.
                Err(error) if was_not_taken_up(error) => {
                    answered = client.request(request()).await;
                }
                _ => break,
            }
        }
        let response: Response<Incoming> = answered.map_err(of)?;
        self.lanes.heard(response.version());
        Ok(with_answer(response, |body| Heard::Pooled(body, place)))
    }
}

fn with_answer<B>(response: Response<B>, heard: impl FnOnce(B) -> Heard) -> Response<Answer> {
    let (parts, body) = response.into_parts();
    let answer = Answer::new(&parts.headers, heard(body));
    Response::from_parts(parts, answer)
}

impl From<LineError> for SendError {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Connect(ConnectError::Slow(_)) => Self::ConnectTimeout,
            LineError::Connect(_) => Self::NotConnected(error.into()),
            LineError::Io(_) | LineError::Garbage(_) => Self::Broken(error.into()),
        }
    }
}

fn of(error: Failed) -> SendError {
    if was_not_taken_up(&error) {
        return SendError::NotConnected(error.into());
    }
    if !error.is_connect() {
        return SendError::Broken(error.into());
    }
    let slow = error
        .source()
        .and_then(|source| source.downcast_ref::<ConnectError>())
        .is_some_and(|cause| matches!(cause, ConnectError::Slow(_)));
    if slow {
        SendError::ConnectTimeout
    } else {
        SendError::NotConnected(error.into())
    }
}

/// RFC 9113, 8.7: a stream refused, or above the last one that a GOAWAY names, was not processed in any way. Nor was what still
/// waited for its turn on a connection that ended.
fn was_not_taken_up(error: &Failed) -> bool {
    let is_h2 = error
        .connect_info()
        .is_some_and(Connected::is_negotiated_h2);
    let mut cause = error.source();
    while let Some(known) = cause {
        if let Some(h2) = known.downcast_ref::<h2::Error>() {
            let refused = h2.is_reset() && h2.reason() == Some(h2::Reason::REFUSED_STREAM);
            let going = h2.is_go_away() && h2.reason() == Some(h2::Reason::NO_ERROR);
            return h2.is_remote() && (refused || going);
        }
        if let Some(hyper) = known.downcast_ref::<hyper::Error>() {
            // Hyper calls it the user's own error that a stream of HTTP/2 was never opened.
            if hyper.is_canceled() || (is_h2 && hyper.is_user()) {
                return true;
            }
        }
        cause = known.source();
    }
    false
}
