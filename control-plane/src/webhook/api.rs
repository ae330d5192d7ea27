//! The JSON door of webhooks.

use super::act::{self, WebhookError};
use super::{Delivery, MadeWebhook, NewWebhook, Webhook, WebhookChange};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, Path, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ids::{DeliveryId, WebhookId};

/// The webhooks, newest first, without their secrets.
#[utoipa::path(get, path = "/v1/orgs/{org}/webhooks", tag = "webhooks", params(ListQuery, ("org" = String, Path)),
    responses((status = 200, body = Listed<Webhook>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Webhook>>, Problem> {
    Ok(Json(act::list(&app, &caller, query.page()?).await?))
}

/// Makes one. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/orgs/{org}/webhooks", tag = "webhooks", params(("org" = String, Path)),
    request_body = NewWebhook, responses((status = 201, body = MadeWebhook), (status = "default", body = ProblemBody)))]
pub async fn make(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewWebhook>,
) -> Result<(StatusCode, Json<MadeWebhook>), Problem> {
    let made = act::make(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

#[utoipa::path(get, path = "/v1/orgs/{org}/webhooks/{webhook}", tag = "webhooks",
    params(("org" = String, Path), ("webhook" = String, Path)),
    responses((status = 200, body = Webhook), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((_org, webhook)): Path<(String, WebhookId)>,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json(act::show(&app, &caller, webhook).await?))
}

/// Changes what is given. Switched on, it begins anew, and what waits is sent.
#[utoipa::path(patch, path = "/v1/orgs/{org}/webhooks/{webhook}", tag = "webhooks",
    params(("org" = String, Path), ("webhook" = String, Path)), request_body = WebhookChange,
    responses((status = 200, body = Webhook), (status = "default", body = ProblemBody)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((_org, webhook)): Path<(String, WebhookId)>,
    Body(change): Body<WebhookChange>,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json(act::change(&app, &caller, webhook, change).await?))
}

/// Deletes it, with its log and whatever waits for it.
#[utoipa::path(delete, path = "/v1/orgs/{org}/webhooks/{webhook}", tag = "webhooks",
    params(("org" = String, Path), ("webhook" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((_org, webhook)): Path<(String, WebhookId)>,
) -> Result<StatusCode, Problem> {
    act::delete(&app, &caller, webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives it a fresh secret. For a day what is sent is signed with the one before as well.
#[utoipa::path(post, path = "/v1/orgs/{org}/webhooks/{webhook}/rotate", tag = "webhooks",
    params(("org" = String, Path), ("webhook" = String, Path)),
    responses((status = 200, body = MadeWebhook), (status = "default", body = ProblemBody)))]
pub async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path((_org, webhook)): Path<(String, WebhookId)>,
) -> Result<Json<MadeWebhook>, Problem> {
    Ok(Json(act::rotate(&app, &caller, webhook).await?))
}

/// Has an event `webhook.test` sent to it.
#[utoipa::path(post, path = "/v1/orgs/{org}/webhooks/{webhook}/test", tag = "webhooks",
    params(("org" = String, Path), ("webhook" = String, Path)),
    responses((status = 202, body = Delivery), (status = "default", body = ProblemBody)))]
pub async fn test(
    State(app): State<App>,
    caller: Caller,
    Path((_org, webhook)): Path<(String, WebhookId)>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let made = act::test(&app, &caller, webhook).await?;
    Ok((StatusCode::ACCEPTED, Json(made)))
}

/// What was sent to it, or is to be, newest first, with what came back. Kept for 30 days.
#[utoipa::path(get, path = "/v1/orgs/{org}/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(ListQuery, ("org" = String, Path), ("webhook" = String, Path)),
    responses((status = 200, body = Listed<Delivery>), (status = "default", body = ProblemBody)))]
pub async fn log(
    State(app): State<App>,
    caller: Caller,
    Path((_org, webhook)): Path<(String, WebhookId)>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Delivery>>, Problem> {
    Ok(Json(act::log(&app, &caller, webhook, query.page()?).await?))
}

/// Sends one again, from the first attempt on, under the id that it had.
#[utoipa::path(post, path = "/v1/orgs/{org}/webhooks/{webhook}/deliveries/{delivery}/replay", tag = "webhooks",
    params(("org" = String, Path), ("webhook" = String, Path), ("delivery" = String, Path)),
    responses((status = 202, body = Delivery), (status = "default", body = ProblemBody)))]
pub async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path((_org, webhook, delivery)): Path<(String, WebhookId, DeliveryId)>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let again = act::replay(&app, &caller, (webhook, delivery)).await?;
    Ok((StatusCode::ACCEPTED, Json(again)))
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        let text = error.to_string();
        match error {
            WebhookError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            WebhookError::TooMany
            | WebhookError::Off
            | WebhookError::Named
            | WebhookError::Unsigned
            | WebhookError::FullUp => Self::new(Kind::Conflict, text),
            WebhookError::NoSuchWebhook => Self::not_found(),
            WebhookError::Forbidden(forbidden) => forbidden.into(),
            WebhookError::Db(error) => error.into(),
        }
    }
}
