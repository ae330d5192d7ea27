//! `Idempotency-Key`: a write that is sent twice with one key happens once, and the second gets the answer of the first.
//!
//! Who calls is asked first, for a repetition as for anything: what was kept for a key or a session that has ended, for
//! someone who has left or for another caller is given to nobody. What is done under a claimed key is [`Once`]'s business,
//! how rows are kept is [`store`]'s.

mod once;
mod store;

use crate::access::Role;
use crate::app::App;
use crate::caller::Caller;
use crate::http::layers::RequestId;
use crate::problem::{Kind, Problem};
use crate::session::Account;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use once::Once;
use store::Slot;

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

pub async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if is_safe || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    match ask(app, request).await {
        Err(problem) => problem.into_response(),
        Ok((None, request)) => next.run(request).await,
        Ok((Some(once), request)) => once.run(request, next).await,
    }
}

/// What is to happen once, and its request. None for a caller unknown to us, whom the door may know what to tell.
async fn ask(app: App, request: Request) -> Result<(Option<Once>, Request), Problem> {
    let (mut parts, body) = request.into_parts();
    let key = read(&parts.headers)?;
    let Some((caller, role)) = who(&app, &mut parts).await? else {
        return Ok((None, Request::from_parts(parts, body)));
    };
    let head = parts.clone();
    let body = Bytes::from_request(Request::from_parts(parts, body), &())
        .await
        .map_err(|rejection| {
            let kind = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Kind::TooLarge
            } else {
                Kind::BadRequest
            };
            Problem::new(kind, rejection.body_text())
        })?;
    let id = head.extensions.get::<RequestId>().map(|id| id.0.clone());
    let once = Once {
        slot: Slot {
            caller,
            key,
            digest: digest(&head, &body),
        },
        role,
        id,
        app,
    };
    Ok((Some(once), Request::from_parts(head, Body::from(body))))
}

/// Who calls, and as what, exactly as the doors ask it. None: nobody that they require here.
async fn who(app: &App, parts: &mut Parts) -> Result<Option<(String, Option<Role>)>, Problem> {
    let names_org = parts
        .extensions
        .get::<MatchedPath>()
        .is_some_and(|path| path.as_str().contains("/{org}"));
    if names_org {
        let caller = Caller::from_request_parts(parts, app).await?;
        return Ok(Some((caller.actor().id.clone(), Some(caller.role()))));
    }
    match Account::from_request_parts(parts, app).await {
        Ok(account) => Ok(Some((account.id.to_string(), None))),
        Err(problem) if problem.kind == Kind::Unauthorized => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// One header of 1 to 255 visible ASCII characters.
fn read(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values
        .next()
        .and_then(|value| value.to_str().ok())
        .filter(|_| values.next().is_none());
    value
        .filter(|key| {
            (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map(ToOwned::to_owned)
        .ok_or_else(|| {
            Problem::new(
                Kind::BadRequest,
                "`Idempotency-Key`: expected one, of 1 to 255 visible ASCII characters",
            )
        })
}

fn digest(head: &Parts, body: &[u8]) -> [u8; 32] {
    let mut text = format!("{}\n{}\n", head.method, head.uri).into_bytes();
    text.extend_from_slice(body);
    seal::sha256(&text)
}
