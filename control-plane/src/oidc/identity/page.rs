//! Removing an identity by form. The list stands on the page of the account.

use super::act;
use crate::account;
use crate::app::App;
use crate::http::read::Path;
use crate::page::then;
use crate::problem::Problem;
use crate::session::Account;
use axum::extract::State;
use axum::response::Response;
use ids::IdentityId;

pub async fn remove(
    State(app): State<App>,
    account: Account,
    Path(identity): Path<IdentityId>,
) -> Result<Response, Problem> {
    match act::remove(&app, &account, identity).await {
        Ok(()) => Ok(then("/account?done=deleted")),
        Err(error) => account::page::again(&app, &account, error.into()).await,
    }
}
