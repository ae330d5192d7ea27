//! A request that holds the claim to its key: done, and its answer kept; or answered from what was kept.

use super::store::{self, Claim, Slot, Taken};
use crate::access::Role;
use crate::app::App;
use crate::db::{DbError, Reason};
use crate::http::layers::DEADLINE;
use crate::problem::{Kind, Problem};
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use time::Duration;
use tracing::Instrument;

/// Says that an answer is a repetition.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEPT_FOR: Duration = Duration::hours(24);
/// A longer answer is given once; whoever repeats the request is told to look for themselves.
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// What is kept of an answer, sealed: some of them show a secret.
#[derive(Serialize, Deserialize)]
struct Kept {
    role: Option<Role>,
    content_type: Option<String>,
    etag: Option<String>,
    body: String,
}

/// A request that is to happen once.
pub struct Once {
    pub app: App,
    pub slot: Slot,
    /// What the caller was in the organisation, where the path names one.
    pub role: Option<Role>,
    /// Of the request, as the log has it.
    pub id: Option<String>,
}

impl Once {
    async fn claim(&self) -> Result<Claim, DbError> {
        let mut tx = self.app.db().system(Reason::Idempotency).await?;
        let now = self.app.now().time();
        let claim = store::claim(&mut tx, &self.slot, now, now - KEPT_FOR).await?;
        tx.commit().await?;
        Ok(claim)
    }

    /// In a task of its own, the claim included: a caller who hangs up and asks again must not find the first half done.
    pub async fn run(self, request: Request, next: Next) -> Response {
        let task = async move {
            self.done(request, next)
                .await
                .unwrap_or_else(IntoResponse::into_response)
        };
        let running = tokio::spawn(task.instrument(tracing::Span::current()));
        running
            .await
            .unwrap_or_else(|error| Problem::internal(&error).into_response())
    }

    async fn done(self, request: Request, next: Next) -> Result<Response, Problem> {
        if let Claim::Taken(taken) = self.claim().await? {
            return self.answer(&taken);
        }
        // INVARIANT: what took too long may have happened or not; the claim stays, and a repetition is refused.
        let answered = tokio::time::timeout(DEADLINE, next.run(request)).await;
        let response = answered
            .map_err(|_| Problem::new(Kind::Unavailable, "it took too long").with_retry_after(5))?;
        self.finish(response).await
    }

    /// Keeps the answer, or gives the key back where the same request should be tried again.
    async fn finish(&self, response: Response) -> Result<Response, Problem> {
        let status = response.status();
        let is_passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        // A cookie belongs to one browser's one sign-in.
        if is_passing || response.headers().contains_key(SET_COOKIE) {
            self.save(None).await;
            return Ok(response);
        }
        // A body of no known length is a stream, and is not read here.
        if response
            .body()
            .size_hint()
            .upper()
            .is_none_or(|length| length > LONGEST_ANSWER)
        {
            self.save(Some((status, None))).await;
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX)
            .await
            .map_err(|error| Problem::internal(&error))?;
        let said = match parts.extensions.get::<Problem>() {
            // With the id of this request, under which the log has it.
            Some(problem) => serde_json::to_string(&problem.body(self.id.clone())).ok(),
            None => String::from_utf8(body.to_vec()).ok(),
        };
        let kept = said.map(|body| Kept {
            role: self.role,
            content_type: text(&parts.headers, CONTENT_TYPE),
            etag: text(&parts.headers, ETAG),
            body,
        });
        self.save(Some((status, kept.and_then(|kept| self.seal(&kept)))))
            .await;
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    /// What was done is done: that its answer could not be kept is for the log, and a repetition is refused.
    async fn save(&self, answer: Option<(StatusCode, Option<Vec<u8>>)>) {
        let save = async {
            let mut tx = self.app.db().system(Reason::Idempotency).await?;
            match answer {
                None => store::release(&mut tx, &self.slot).await?,
                Some((status, sealed)) => {
                    store::keep(&mut tx, &self.slot, status.as_u16(), sealed).await?;
                }
            }
            tx.commit().await
        };
        if let Err(error) = save.await {
            tracing::error!(cause = %error, "the answer to an idempotent request is not kept");
        }
    }

    /// The answer to a repetition.
    fn answer(&self, taken: &Taken) -> Result<Response, Problem> {
        let conflict = |detail: &str| Problem::new(Kind::Conflict, detail);
        if taken.digest != self.slot.digest {
            return Err(conflict(
                "this `Idempotency-Key` came with another method, path or body before",
            ));
        }
        let Some(status) = taken.status else {
            let age = self.app.now().time() - taken.since;
            return Err(if age <= DEADLINE {
                conflict("the first request with this `Idempotency-Key` is still in progress")
                    .with_retry_after(1)
            } else {
                conflict(
                    "how the first request with this `Idempotency-Key` ended is not known; look before you repeat it",
                )
            });
        };
        let kept = taken.answer.as_deref().and_then(|sealed| self.open(sealed));
        let kept = kept.ok_or_else(|| {
            conflict("it was done with this `Idempotency-Key`, and the answer is not kept")
        })?;
        if kept.role != self.role {
            return Err(conflict(
                "your role has changed since this `Idempotency-Key` was used",
            ));
        }
        let mut response = (
            StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
            kept.body,
        )
            .into_response();
        let headers = response.headers_mut();
        headers.remove(CONTENT_TYPE);
        for (name, value) in [(CONTENT_TYPE, kept.content_type), (ETAG, kept.etag)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name, value);
            }
        }
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }

    fn seal(&self, kept: &Kept) -> Option<Vec<u8>> {
        let plain = serde_json::to_vec(kept).ok()?;
        self.app
            .keys()
            .credentials
            .seal(self.app.random().bytes(), &self.bound_to(), &plain)
    }

    fn open(&self, sealed: &[u8]) -> Option<Kept> {
        let plain = self
            .app
            .keys()
            .credentials
            .open(&self.bound_to(), sealed)
            .ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// An answer opens for its caller, its key and its request alone.
    fn bound_to(&self) -> Vec<u8> {
        let Slot {
            caller,
            key,
            digest,
        } = &self.slot;
        format!(
            "idempotent answer\n{caller}\n{key}\n{}",
            seal::to_hex(digest)
        )
        .into_bytes()
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(ToOwned::to_owned)
}
