//! The door for data planes themselves: the feed, bundles by their digest, reports, questions about held calls. Not part of the public API.

use super::{Replica, act};
use crate::app::App;
use crate::approval;
use crate::call;
use crate::http::read::{Body, Path, Query};
use crate::problem::{Kind, Problem};
use crate::publish::{self, Newest, PublishError};
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use bundle::approval::MAX_ASK;
use bundle::budget::{Ask, Used};
use bundle::feed::{Feed, Heard, Report};
use bundle::record::{MAX_BATCH, Stored};
use bytes::Bytes;
use serde::Deserialize;

pub fn routes(newest: Newest) -> Router<App> {
    Router::new()
        .route("/v1/gateway/feed", get(feed))
        .route("/v1/gateway/bundles/{sha256}", get(bundle))
        .route("/v1/gateway/acks", post(acks))
        .route(
            "/v1/gateway/records",
            post(records).layer(DefaultBodyLimit::max(MAX_BATCH)),
        )
        .route("/v1/gateway/budgets", post(budgets))
        .route(
            "/v1/gateway/approvals/ask",
            post(approval::door::asked).layer(DefaultBodyLimit::max(MAX_ASK)),
        )
        .route("/v1/gateway/approvals/wait", post(approval::door::waited))
        .route(
            "/v1/gateway/approvals/take-back",
            post(approval::door::taken_back),
        )
        .layer(Extension(newest))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeedQuery {
    cursor: Option<u64>,
}

async fn feed(
    State(app): State<App>,
    _: Replica,
    Extension(newest): Extension<Newest>,
    Query(query): Query<FeedQuery>,
) -> Result<Json<Feed>, Problem> {
    Ok(Json(publish::since(&app, &newest, query.cursor).await?))
}

async fn bundle(
    State(app): State<App>,
    _: Replica,
    Path(sha256): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let digest = seal::from_hex(&sha256)
        .filter(|digest| digest.len() == 32)
        .ok_or_else(Problem::not_found)?;
    let bytes = publish::bundle_bytes(&app, &digest)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok((
        [
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "private, immutable, max-age=86400"),
        ],
        bytes,
    ))
}

async fn acks(
    State(app): State<App>,
    replica: Replica,
    Body(report): Body<Report>,
) -> Result<Json<Heard>, Problem> {
    Ok(Json(act::hear(&app, &replica, &report).await?))
}

/// When this has answered, the replica forgets the batch.
async fn records(
    State(app): State<App>,
    replica: Replica,
    body: Bytes,
) -> Result<Json<Stored>, Problem> {
    Ok(Json(call::ingest::ingest(&app, &replica.0, &body).await?))
}

/// How much of an organisation's budgets is used by what is on record.
async fn budgets(
    State(app): State<App>,
    _: Replica,
    Body(ask): Body<Ask>,
) -> Result<Json<Used>, Problem> {
    Ok(Json(call::budget::used(&app, &ask).await?))
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Db(error) => error.into(),
            other => {
                tracing::error!(cause = %other, "feed");
                Self::new(Kind::Internal, "the feed cannot be read")
            }
        }
    }
}
