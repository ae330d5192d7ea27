//! Every URL of the dashboard, on one page.

use crate::app::App;
use crate::page::{asset, door};
use crate::{
    account, approval, call, catalog, event, grant, inventory, key, mail, oidc, org, policy,
    server, session, slack, totp, webhook,
};
use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use tower_http::csrf::CsrfLayer;

pub fn routes(app: &App) -> Router<App> {
    let own = app.site().public_url.origin().ascii_serialization();
    let same_origin = CsrfLayer::new().add_trusted_origin(own);
    Router::new()
        .merge(of_people())
        .merge(of_an_organisation())
        .merge(of_the_catalogue())
        .merge(of_policies())
        .merge(of_approvals())
        .merge(of_webhooks())
        .layer(same_origin.expect("the configuration's own URL is an origin"))
        .layer(middleware::from_fn_with_state(app.clone(), door::pass))
        .route("/assets/{file}", get(asset::serve))
}

/// Those that name no organisation.
fn of_people() -> Router<App> {
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
        .route(
            "/forgot",
            get(account::page::forgot).post(account::page::asked),
        )
        .route(
            "/forgot/{token}",
            get(account::page::choose).post(account::page::chosen),
        )
        .route(
            "/verify/{token}",
            get(account::page::verify).post(account::page::verified),
        )
        .route(
            "/invitations/{token}",
            get(org::invitation::page::show).post(org::invitation::page::accept),
        )
        .route(
            "/invitations/{token}/signup",
            post(org::invitation::page::sign_up),
        )
        .route("/dev/mail", get(mail::page::list))
        .route("/account", get(account::page::show))
        .route("/account/name", post(account::page::rename))
        .route("/account/mails", post(account::page::choose_mails))
        .route("/account/delete", post(account::page::delete))
        .route(
            "/account/identities/{identity}/remove",
            post(oidc::identity::page::remove),
        )
        .route("/account/confirmation", post(account::page::ask_again))
        .route("/account/password", post(account::page::change_password))
        .route("/account/sessions/end", post(session::page::end_others))
        .route("/account/sessions/{session}/end", post(session::page::end))
        .route("/account/totp", post(totp::page::enrol))
        .route("/account/totp/confirm", post(totp::page::confirm))
        .route(
            "/account/totp/recovery-codes",
            post(totp::page::renew_codes),
        )
        .route("/account/totp/off", post(totp::page::disable))
        .route("/new", get(org::page::new).post(org::page::found))
}

/// Those that are for anybody, and the two that take something out of them.
fn of_the_catalogue() -> Router<App> {
    Router::new()
        .route("/catalog", get(catalog::page::list))
        .route("/catalog.md", get(catalog::page::list_markdown))
        .route("/catalog/use", get(catalog::page::choose))
        .route("/catalog/attacks", get(catalog::page::attacks))
        .route("/catalog/attacks.md", get(catalog::page::attacks))
        .route("/catalog/attacks/{pattern}", get(catalog::page::attack))
        .route(
            "/catalog/categories/{category}",
            get(catalog::page::category),
        )
        .route(
            "/catalog/severities/{severity}",
            get(catalog::page::severity),
        )
        .route("/catalog/sitemap/{part}", get(catalog::page::sitemap_part))
        .route("/catalog/{server}", get(catalog::page::server))
        .route("/catalog/{server}/{tool}", get(catalog::page::tool))
        .route("/sitemap.xml", get(catalog::page::sitemap))
        .route("/llms.txt", get(catalog::page::llms))
        .route(
            "/{org}/recommended",
            get(catalog::page::recommended).post(catalog::page::take),
        )
}

fn of_policies() -> Router<App> {
    Router::new()
        .route("/{org}/policies", get(policy::page::list))
        .route(
            "/{org}/policies/new",
            get(policy::page::new).post(policy::page::create),
        )
        .route(
            "/{org}/policies/{policy}",
            get(policy::page::one).post(policy::page::save),
        )
        .route(
            "/{org}/policies/{policy}/tools",
            get(policy::page::tools).post(policy::page::choose),
        )
        .route(
            "/{org}/policies/{policy}/entry",
            get(policy::page::entry).post(policy::page::edit_entry),
        )
        .route(
            "/{org}/policies/{policy}/settings",
            get(policy::page::settings).post(policy::page::save_settings),
        )
        .route(
            "/{org}/policies/{policy}/try",
            get(policy::page::trying).post(policy::page::try_call),
        )
        .route(
            "/{org}/policies/{policy}/changes",
            get(policy::page::changes),
        )
        .route(
            "/{org}/policies/{policy}/versions/{version}",
            get(policy::page::version),
        )
        .route(
            "/{org}/policies/{policy}/versions/{version}/rollback",
            post(policy::page::roll_back),
        )
}

fn of_webhooks() -> Router<App> {
    Router::new()
        .route(
            "/{org}/settings/approvals",
            get(approval::routing::page::show).post(approval::routing::page::add),
        )
        .route(
            "/{org}/settings/approvals/remove",
            post(approval::routing::page::remove),
        )
        .route(
            "/{org}/settings/approvals/quiet",
            post(approval::routing::page::hush),
        )
        .route("/{org}/settings/slack", get(slack::page::show_all))
        .route("/{org}/settings/slack/app", post(slack::page::set_up))
        .route(
            "/{org}/settings/slack/app/remove",
            post(slack::page::remove),
        )
        .route("/{org}/settings/slack/code", post(slack::page::make_code))
        .route("/{org}/settings/slack/unlink", post(slack::page::unlink))
        .route(
            "/{org}/settings/webhooks",
            get(webhook::page::list).post(webhook::page::make),
        )
        .route(
            "/{org}/settings/webhooks/{webhook}",
            get(webhook::page::one).post(webhook::page::change),
        )
        .route(
            "/{org}/settings/webhooks/{webhook}/rotate",
            post(webhook::page::rotate),
        )
        .route(
            "/{org}/settings/webhooks/{webhook}/test",
            post(webhook::page::test),
        )
        .route(
            "/{org}/settings/webhooks/{webhook}/delete",
            post(webhook::page::delete),
        )
        .route(
            "/{org}/settings/webhooks/{webhook}/deliveries/{delivery}/replay",
            post(webhook::page::replay),
        )
}

fn of_an_organisation() -> Router<App> {
    Router::new()
        .route("/{org}", get(org::page::overview))
        .route("/{org}/servers", get(server::page::list))
        .route(
            "/{org}/servers/new",
            get(server::page::new::new).post(server::page::new::add),
        )
        .route("/{org}/servers/{server}", get(server::page::one))
        .route(
            "/{org}/servers/{server}/discover",
            post(server::page::discover),
        )
        .route(
            "/{org}/servers/{server}/tools/accept",
            post(server::page::accept),
        )
        .route(
            "/{org}/servers/{server}/tools/accept-all",
            post(server::page::accept_all),
        )
        .route(
            "/{org}/servers/{server}/settings",
            post(server::page::settings::change),
        )
        .route(
            "/{org}/servers/{server}/place",
            post(server::page::settings::place),
        )
        .route("/{org}/servers/{server}/remove", post(server::page::remove))
        .route("/{org}/inventory", get(inventory::page::list))
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
        .route(
            "/{org}/settings/capture",
            get(call::capture::page::show).post(call::capture::page::change),
        )
        .route("/{org}/events", get(event::page::list))
        .route(
            "/{org}/settings",
            get(org::settings::show).post(org::settings::change),
        )
        .route("/{org}/settings/leave", post(org::settings::leave))
        .route("/{org}/settings/delete", post(org::settings::delete))
        .route("/{org}/kill", post(org::kill::page::switch))
        .route("/{org}/members", get(org::member::page::list))
        .route(
            "/{org}/members/{member}",
            get(org::member::page::one).post(org::member::page::change),
        )
        .route(
            "/{org}/members/{member}/remove",
            post(org::member::page::remove),
        )
        .route("/{org}/invitations", post(org::invitation::page::invite))
        .route(
            "/{org}/invitations/{invitation}/withdraw",
            post(org::invitation::page::withdraw),
        )
        .route(
            "/{org}/settings/keys",
            get(key::page::list).post(key::page::make),
        )
        .route("/{org}/settings/keys/{key}/delete", post(key::page::delete))
}

fn of_approvals() -> Router<App> {
    Router::new()
        .route("/{org}/approvals", get(approval::page::list))
        .route("/{org}/approvals/{approval}", get(approval::page::one))
        .route(
            "/{org}/approvals/{approval}/approve",
            post(approval::page::approve),
        )
        .route(
            "/{org}/approvals/{approval}/refuse",
            post(approval::page::refuse),
        )
        .route(
            "/{org}/approvals/{approval}/withdraw",
            post(approval::page::withdraw),
        )
}
