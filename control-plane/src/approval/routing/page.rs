//! Who is told, by page: the routes in their order, a form for one more, and the hours at which no mail goes.

use super::act;
use super::{Escalate, Quiet, Route, Routing};
use crate::access::Action;
use crate::app::App;
use crate::page::{Form, Frame, Trouble, Visit, answer, choice, ok, then};
use crate::problem::Problem;
use crate::server::{self, Server};
use crate::webhook::{self, Webhook};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ids::{ServerId, WebhookId};
use serde::Deserialize;

const PATH: &str = "/settings/approvals";

#[derive(Debug, Template)]
#[template(path = "approval/routing.html")]
struct Show {
    frame: Frame,
    trouble: Trouble,
    routing: Routing,
    form: RouteForm,
    quiet: QuietForm,
    servers: Vec<Server>,
    webhooks: Vec<Webhook>,
}

impl Show {
    fn server(&self, id: &ServerId) -> String {
        let found = self.servers.iter().find(|server| server.id == *id);
        found.map_or_else(|| id.to_string(), |server| server.name.clone())
    }

    fn names(&self, ids: &[WebhookId]) -> String {
        let named = ids.iter().map(|id| {
            let found = self.webhooks.iter().find(|webhook| webhook.id == *id);
            found.map_or_else(|| id.to_string(), |webhook| webhook.name.clone())
        });
        named.collect::<Vec<_>>().join(", ")
    }

    /// What is wrong with the route that was to come last, at this place of it.
    fn said(&self, place: &str) -> Option<&str> {
        let at = self.routing.routes.len();
        self.trouble.at(&format!("/routes/{at}{place}"))
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct RouteForm {
    #[serde(default)]
    server: Option<String>,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    mail: Option<String>,
    /// `all`, or those that are ticked.
    #[serde(default)]
    which: String,
    #[serde(default)]
    webhook: Vec<WebhookId>,
    #[serde(default)]
    after_minutes: String,
    #[serde(default)]
    escalate_mail: Option<String>,
    #[serde(default)]
    escalate_webhook: Vec<WebhookId>,
}

impl RouteForm {
    fn empty() -> Self {
        Self {
            mail: Some(String::new()),
            which: "all".to_owned(),
            escalate_mail: Some(String::new()),
            ..Self::default()
        }
    }

    fn tells(&self, webhook: &Webhook) -> bool {
        self.webhook.contains(&webhook.id)
    }

    fn escalates_to(&self, webhook: &Webhook) -> bool {
        self.escalate_webhook.contains(&webhook.id)
    }

    fn is_of(&self, server: &Server) -> bool {
        self.server.as_deref() == Some(server.id.to_string().as_str())
    }

    fn route(&self, at: usize) -> Result<Route, Problem> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let place = |rest: &str| format!("/routes/{at}{rest}");
        let server = self.server.as_deref().and_then(given);
        let server = server.map(|id| id.parse::<ServerId>()).transpose();
        let server =
            server.map_err(|_| Problem::invalid(place("/server"), "there is no such server"))?;
        let escalate = match self.after_minutes.trim() {
            "" => None,
            text => Some(Escalate {
                after_minutes: text.parse().map_err(|_| {
                    let place = place("/escalate/after_minutes");
                    Problem::invalid(place, "expected a number of minutes, or nothing")
                })?,
                mail: self.escalate_mail.is_some(),
                webhooks: self.escalate_webhook.clone(),
            }),
        };
        Ok(Route {
            server,
            severity: given(&self.severity),
            rule: given(&self.rule),
            mail: self.mail.is_some(),
            webhooks: (self.which != "all").then(|| self.webhook.clone()),
            escalate,
        })
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct QuietForm {
    #[serde(default)]
    zone: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
}

#[derive(Debug, Deserialize)]
pub struct Which {
    position: usize,
    /// The route as it was looked at.
    #[serde(default)]
    was: String,
}

pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    Ok(ok(&page(&app, &visit).await?))
}

/// One more, behind those that are there.
pub async fn add(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<RouteForm>,
) -> Result<Response, Problem> {
    let mut routing = act::show(&app, &visit.caller).await?;
    let done = match form.route(routing.routes.len()) {
        Ok(route) => {
            routing.routes.push(route);
            let done = act::replace(&app, &visit.caller, routing).await;
            done.map(drop).map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => Ok(then(&visit.path(&format!("{PATH}?done=saved")))),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let mut page = page(&app, &visit).await?;
            (page.trouble, page.form) = (trouble, form);
            Ok(answer(status, &page))
        }
    }
}

/// Nothing is removed that is not what was looked at.
pub async fn remove(
    State(app): State<App>,
    visit: Visit,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    let mut routing = act::show(&app, &visit.caller).await?;
    let is_it = routing
        .routes
        .get(which.position)
        .is_some_and(|route| route.text() == which.was);
    if !is_it {
        let said = "the routes have changed since you looked; nothing was removed";
        let (status, trouble) = Trouble::of(Problem::new(crate::problem::Kind::Conflict, said))?;
        let mut page = page(&app, &visit).await?;
        page.trouble = trouble;
        return Ok(answer(status, &page));
    }
    routing.routes.remove(which.position);
    act::replace(&app, &visit.caller, routing).await?;
    Ok(then(&visit.path(&format!("{PATH}?done=saved"))))
}

/// Hours at which no mail goes; none where the zone is left empty.
pub async fn hush(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<QuietForm>,
) -> Result<Response, Problem> {
    let mut routing = act::show(&app, &visit.caller).await?;
    routing.quiet = (!form.zone.trim().is_empty()).then(|| Quiet {
        zone: form.zone.trim().to_owned(),
        from: form.from.trim().to_owned(),
        until: form.until.trim().to_owned(),
    });
    match act::replace(&app, &visit.caller, routing)
        .await
        .map_err(Problem::from)
    {
        Ok(_) => Ok(then(&visit.path(&format!("{PATH}?done=saved")))),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let mut page = page(&app, &visit).await?;
            (page.trouble, page.quiet) = (trouble, form);
            Ok(answer(status, &page))
        }
    }
}

impl Route {
    /// What tells it from another.
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

async fn page(app: &App, visit: &Visit) -> Result<Show, Problem> {
    visit.caller.allow(Action::Administer)?;
    let routing = act::show(app, &visit.caller).await?;
    let quiet = routing.quiet.clone().map(|quiet| QuietForm {
        zone: quiet.zone,
        from: quiet.from,
        until: quiet.until,
    });
    Ok(Show {
        frame: visit.frame(app, "settings", "Who is told"),
        trouble: Trouble::default(),
        routing,
        form: RouteForm::empty(),
        quiet: quiet.unwrap_or_default(),
        servers: server::act::list(app, &visit.caller, choice()?)
            .await?
            .items,
        webhooks: webhook::act::list(app, &visit.caller, choice()?)
            .await?
            .items,
    })
}
