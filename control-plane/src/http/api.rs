//! Every URL of the REST API, on one page, and the document that describes them.

use super::described;
use crate::app::App;
use crate::{
    account, approval, call, catalog, event, gateway, grant, inventory, key, oidc, org, policy,
    server, session, slack, totp, webhook,
};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(info(
    title = "Portcullis",
    description = "The control plane of the gateway for the Model Context Protocol."
))]
struct Document;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::api::sign_up))
        .routes(routes!(session::api::sign_in))
        .routes(routes!(session::api::sign_in_with_code))
        .routes(routes!(oidc::api::list))
        .routes(routes!(oidc::api::depart))
        .routes(routes!(oidc::api::arrive))
        .routes(routes!(session::api::step_up))
        .routes(routes!(session::api::sign_out))
        .routes(routes!(
            session::api::show,
            account::api::rename,
            account::api::delete
        ))
        .routes(routes!(oidc::identity::api::list))
        .routes(routes!(oidc::identity::api::remove))
        .routes(routes!(session::api::list, session::api::end_others))
        .routes(routes!(session::api::end))
        .routes(routes!(account::api::confirm))
        .routes(routes!(account::api::ask_again))
        .routes(routes!(account::api::forgot))
        .routes(routes!(account::api::reset))
        .routes(routes!(account::api::change_password))
        .routes(routes!(totp::api::enrol, totp::api::disable))
        .routes(routes!(totp::api::confirm))
        .routes(routes!(totp::api::renew_codes))
        .routes(routes!(org::api::list, org::api::found))
        .routes(routes!(org::api::show, org::api::change, org::api::delete))
        .routes(routes!(org::kill::api::switch))
        .routes(routes!(org::export::api::export))
        .routes(routes!(org::member::api::list))
        .routes(routes!(org::member::api::change, org::member::api::remove))
        .routes(routes!(
            org::invitation::api::list,
            org::invitation::api::invite
        ))
        .routes(routes!(org::invitation::api::withdraw))
        .routes(routes!(org::invitation::api::offer))
        .routes(routes!(org::invitation::api::accept))
        .routes(routes!(key::api::list, key::api::make))
        .routes(routes!(key::api::delete))
        .routes(routes!(policy::api::list, policy::api::create))
        .routes(routes!(
            policy::api::show,
            policy::api::change,
            policy::api::delete
        ))
        .routes(routes!(policy::api::save_draft))
        .routes(routes!(policy::api::check))
        .routes(routes!(policy::api::explain))
        .routes(routes!(policy::version::api::publish))
        .routes(routes!(policy::version::api::roll_back))
        .routes(routes!(policy::version::api::list))
        .routes(routes!(policy::version::api::show))
        .routes(routes!(policy::version::api::compare))
        .routes(routes!(grant::api::list, grant::api::mint))
        .routes(routes!(grant::api::show, grant::api::change))
        .routes(routes!(grant::api::rotate))
        .routes(routes!(grant::api::revoke))
        .routes(routes!(server::api::list, server::api::add))
        .routes(routes!(
            server::api::show,
            server::api::change,
            server::api::remove
        ))
        .routes(routes!(server::api::discover))
        .routes(routes!(server::tool::api::list))
        .routes(routes!(server::tool::api::review))
        .routes(routes!(approval::api::list))
        .routes(routes!(approval::api::show))
        .routes(routes!(approval::api::approve))
        .routes(routes!(approval::api::refuse))
        .routes(routes!(approval::api::withdraw))
        .routes(routes!(server::tool::api::changes))
        .routes(routes!(server::tool::api::accept_all))
        .routes(routes!(inventory::api::list))
        .routes(routes!(inventory::api::export))
        .routes(routes!(event::api::list))
        .routes(routes!(call::api::list))
        .routes(routes!(call::api::follow))
        .routes(routes!(call::api::export))
        .routes(routes!(call::api::show))
        .routes(routes!(call::capture::api::read))
        .routes(routes!(
            call::capture::api::show,
            call::capture::api::replace
        ))
        .routes(routes!(call::usage::api::show))
        .merge(of_webhooks())
        .routes(routes!(gateway::api::list))
        .routes(routes!(catalog::api::list))
        .routes(routes!(catalog::api::show))
        .routes(routes!(catalog::api::tool))
        .routes(routes!(catalog::api::policy))
        .routes(routes!(catalog::api::classify))
        .routes(routes!(catalog::api::recommended))
}

/// Who is told what becomes of approvals.
fn of_webhooks() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(
            approval::routing::api::show,
            approval::routing::api::replace
        ))
        .routes(routes!(webhook::api::list, webhook::api::make))
        .routes(routes!(
            webhook::api::show,
            webhook::api::change,
            webhook::api::delete
        ))
        .routes(routes!(
            slack::api::show,
            slack::api::set_up,
            slack::api::remove
        ))
        .routes(routes!(slack::api::unlink))
        .routes(routes!(slack::api::take))
        .routes(routes!(webhook::api::rotate))
        .routes(routes!(webhook::api::test))
        .routes(routes!(webhook::api::log))
        .routes(routes!(webhook::api::replay))
}

/// The `OpenAPI` document.
pub fn document() -> utoipa::openapi::OpenApi {
    described::complete(routes().into_openapi())
}
