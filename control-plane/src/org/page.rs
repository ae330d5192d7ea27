//! The start page, the list of organisations, founding one, and one's overview.

use super::{NewOrg, Org, act};
use crate::app::App;
use crate::call::CallFilter;
use crate::call::usage;
use crate::call::usage::act::Glance;
use crate::caller::Anyone;
use crate::gateway::Gateway;
use crate::http::list::ListQuery;
use crate::http::read::Query;
use crate::page::{
    Form, Frame, Guest, Told, Trouble, Turn, Visit, answer, choice, ok, show, suggested, then,
};
use crate::problem::Problem;
use crate::session::Account;
use crate::{call, gateway, grant, policy, server};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ids::Slug;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "org/landing.html")]
struct Landing {
    frame: Frame,
}

#[derive(Debug, Template)]
#[template(path = "org/list.html")]
struct List {
    frame: Frame,
    orgs: Vec<Org>,
    next: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "org/new.html")]
struct New {
    frame: Frame,
    trouble: Trouble,
    form: OrgForm,
}

#[derive(Debug, Template)]
#[template(path = "org/overview.html")]
struct Overview {
    frame: Frame,
    /// The last 24 hours.
    glance: Glance,
    gateways: Vec<Gateway>,
    /// What a new organisation does first, and whether it has done it.
    steps: [(First, bool); 4],
    /// The newest server: a first policy begins with what it says of its tools.
    server: Option<Slug>,
    /// The newest policy, where none is published.
    draft: Option<Slug>,
}

#[derive(Debug)]
enum First {
    Server,
    Policy,
    Grant,
    Call,
}

impl Overview {
    fn is_set_up(&self) -> bool {
        self.steps.iter().all(|(_, is_done)| *is_done)
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct OrgForm {
    #[serde(default)]
    pub org: String,
    #[serde(default)]
    pub slug: String,
}

impl OrgForm {
    /// The organisation that is wished for; what is wrong with its address is said at `PLACE/slug`.
    pub fn read(&self, place: &str) -> Result<NewOrg, Problem> {
        let name = self.org.trim();
        let slug = match self.slug.trim() {
            "" => suggested(name),
            slug => slug.to_owned(),
        };
        match Slug::for_org(&slug) {
            Ok(slug) => Ok(NewOrg {
                name: name.to_owned(),
                slug,
            }),
            Err(_) if name.is_empty() => {
                Err(Problem::invalid(format!("{place}/name"), "expected a name"))
            }
            Err(error) => Err(Problem::invalid(format!("{place}/slug"), error.to_string())),
        }
    }
}

pub async fn home(
    State(app): State<App>,
    guest: Guest,
    Query(told): Query<Told>,
    Query(turn): Query<Turn>,
) -> Result<Response, Problem> {
    let Some(account) = guest.0 else {
        return Ok(ok(&Landing {
            frame: Frame::outside(&app, "A gate between your agents and their tools", None)
                .told(&told.done),
        }));
    };
    let frame = Frame::outside(&app, "Your organisations", Some(&account)).told(&told.done);
    let listed = act::list(&app, &Anyone::Person(account), turn.page()?).await?;
    Ok(ok(&List {
        frame,
        orgs: listed.items,
        next: listed.next_cursor,
    }))
}

pub async fn new(State(app): State<App>, account: Account) -> Response {
    ok(&New {
        frame: Frame::outside(&app, "New organisation", Some(&account)),
        trouble: Trouble::default(),
        form: OrgForm::default(),
    })
}

pub async fn found(
    State(app): State<App>,
    account: Account,
    Form(form): Form<OrgForm>,
) -> Result<Response, Problem> {
    match try_found(&app, &account, &form).await {
        Ok(org) => Ok(then(&format!("/{}", org.slug))),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let page = New {
                frame: Frame::outside(&app, "New organisation", Some(&account)),
                trouble,
                form,
            };
            Ok(answer(status, &page))
        }
    }
}

async fn try_found(app: &App, account: &Account, form: &OrgForm) -> Result<Org, Problem> {
    Ok(act::found(app, account, form.read("")?).await?)
}

pub async fn overview(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let (one, caller) = (
        ListQuery {
            limit: Some(1),
            cursor: None,
        },
        &visit.caller,
    );
    let gateways = gateway::act::list(&app, caller, choice()?).await?;
    let servers = server::act::list(&app, caller, one.page()?).await?;
    let policies = policy::act::list(&app, caller, choice()?).await?;
    let grants = grant::act::list(&app, caller, one.page()?).await?;
    let calls = call::act::list(&app, caller, &CallFilter::default(), one.page()?).await?;
    let glance = usage::act::glance(&app, caller).await?;
    let is_published = policies
        .items
        .iter()
        .any(|policy| policy.published.is_some());
    let draft = policies.items.first().filter(|_| !is_published);
    let draft = draft.map(|policy| policy.slug.clone());
    let server = servers.items.first().map(|server| server.slug.clone());
    Ok(ok(&Overview {
        server,
        draft,
        frame: visit.frame(&app, "overview", "Overview"),
        glance,
        gateways: gateways.items,
        steps: [
            (First::Server, !servers.items.is_empty()),
            (First::Policy, is_published),
            (First::Grant, !grants.items.is_empty()),
            (First::Call, !calls.items.is_empty()),
        ],
    }))
}
