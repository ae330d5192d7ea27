//! The door of replicas: may this call go on, and has it been decided?

use super::ask::{self, AskError};
use crate::app::App;
use crate::gateway::Replica;
use crate::http::read::Body;
use crate::problem::{Kind, Problem};
use axum::Json;
use axum::extract::State;
use bundle::approval::{Answer, Ask, TakeBack, TakenBack, Wait, Waited};

pub async fn asked(
    State(app): State<App>,
    replica: Replica,
    Body(asked): Body<Ask>,
) -> Result<Json<Answer>, Problem> {
    Ok(Json(ask::ask(&app, &replica.0, &asked).await?))
}

pub async fn waited(
    State(app): State<App>,
    _: Replica,
    Body(wait): Body<Wait>,
) -> Result<Json<Waited>, Problem> {
    Ok(Json(ask::wait(&app, &wait).await?))
}

pub async fn taken_back(
    State(app): State<App>,
    _: Replica,
    Body(back): Body<TakeBack>,
) -> Result<Json<TakenBack>, Problem> {
    Ok(Json(ask::take_back(&app, &back).await?))
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let text = error.to_string();
        match error {
            AskError::Invalid(pointer) => Self::invalid(pointer, text),
            AskError::NoSuchGrant => Self::not_found(),
            AskError::OtherCall => Self::new(Kind::Conflict, text),
            AskError::Db(error) => error.into(),
        }
    }
}
