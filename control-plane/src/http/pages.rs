//! Every URL of the dashboard, on one page.

use crate::app::App;
use crate::page::{asset, door};
use crate::{call, event, grant, key, org, policy, server, session};
use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use tower_http::csrf::CsrfLayer;

pub fn routes(app: &App) -> Router<App> {
    let own = app.site().public_url.origin().ascii_serialization();
    let same_origin = CsrfLayer::new().add_trusted_origin(own);
    Router::new()
        .route("/", get(org::page::home))
        .route(
            "/signup",
            get(session::page::sign_up).post(session::page::signed_up),
        )
        .route(
            "/login",
            get(session::page::sign_in).post(session::page::signed_in),
        )
        .route(
            "/login/code",
            get(session::page::code).post(session::page::signed_in_with_code),
        )
        .route(
            "/login/again",
            get(session::page::step_up).post(session::page::stepped_up),
        )
        .route("/logout", post(session::page::signed_out))
        .route("/new", get(org::page::new).post(org::page::found))
        .route("/{org}", get(org::page::overview))
        .route("/{org}/servers", get(server::page::list))
        .route(
            "/{org}/servers/new",
            get(server::page::new).post(server::page::add),
        )
        .route("/{org}/servers/{server}", get(server::page::one))
        .route(
            "/{org}/servers/{server}/discover",
            post(server::page::discover),
        )
        .route("/{org}/servers/{server}/remove", post(server::page::remove))
        .route("/{org}/policies", get(policy::page::list))
        .route(
            "/{org}/policies/new",
            get(policy::page::new).post(policy::page::create),
        )
        .route(
            "/{org}/policies/{policy}",
            get(policy::page::one).post(policy::page::save),
        )
        .route("/{org}/policies/{policy}/try", post(policy::page::try_call))
        .route(
            "/{org}/policies/{policy}/versions/{version}",
            get(policy::page::version),
        )
        .route(
            "/{org}/policies/{policy}/versions/{version}/rollback",
            post(policy::page::roll_back),
        )
        .route("/{org}/grants", get(grant::page::list))
        .route(
            "/{org}/grants/new",
            get(grant::page::new).post(grant::page::mint),
        )
        .route("/{org}/grants/{grant}", get(grant::page::one))
        .route("/{org}/grants/{grant}/rotate", post(grant::page::rotate))
        .route("/{org}/grants/{grant}/revoke", post(grant::page::revoke))
        .route("/{org}/calls", get(call::page::list))
        .route("/{org}/calls/{call}", get(call::page::one))
        .route("/{org}/events", get(event::page::list))
        .route("/{org}/settings", get(key::page::settings))
        .route("/{org}/settings/keys", post(key::page::make))
        .route("/{org}/settings/keys/{key}/delete", post(key::page::delete))
        .layer(same_origin.expect("the configuration's own URL is an origin"))
        .layer(middleware::from_fn_with_state(app.clone(), door::pass))
        .route("/assets/{file}", get(asset::serve))
}
