//! Taking a recommended policy into an organisation: which organisation, for which of its servers, into which draft.

use super::say;
use crate::access::Action;
use crate::app::App;
use crate::caller::Anyone;
use crate::catalog::recommend::{own, preset};
use crate::catalog::{Category, Preset, act};
use crate::http::read::Query;
use crate::org::{self, Org};
use crate::page::{Form, Frame, Trouble, Visit, answer, choice, ok, slug_of, then};
use crate::policy::{self, NewPolicy, Policy};
use crate::problem::Problem;
use crate::server::{self, Server};
use crate::session::Account;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What is taken: of a server of the catalogue or of one's own, for one tool or all of them.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wish {
    /// A server of the catalogue.
    #[serde(default)]
    from: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    preset: String,
    /// A server of the organisation.
    #[serde(default)]
    server: String,
    /// A policy whose draft is replaced; a new one where none is named.
    #[serde(default)]
    policy: String,
}

impl Wish {
    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = [
            ("from", &self.from),
            ("tool", &self.tool),
            ("preset", &self.preset),
            ("server", &self.server),
        ];
        query.extend_pairs(kept.into_iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    fn tool(&self) -> Option<&str> {
        Some(self.tool.as_str()).filter(|tool| !tool.is_empty())
    }

    /// With another preset.
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "a template hands over references"
    )]
    fn with(&self, preset: &Preset) -> String {
        let wish = Self {
            preset: preset.name().to_owned(),
            ..self.clone()
        };
        wish.query()
    }
}

#[derive(Debug, Template)]
#[template(path = "catalog/use.html")]
struct Choose {
    frame: Frame,
    wish: Wish,
    orgs: Vec<Org>,
}

/// Which organisation: asked only where there are several.
pub async fn choose(
    State(app): State<App>,
    account: Account,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    preset(&wish.preset)?;
    let frame = Frame::outside(&app, "Use this policy", Some(&account));
    let anyone = Anyone::Person(account);
    let orgs = org::act::list(&app, &anyone, choice()?).await?.items;
    Ok(match orgs.as_slice() {
        [only] => then(&format!("/{}/recommended?{}", only.slug, wish.query())),
        _ => ok(&Choose { frame, wish, orgs }),
    })
}

#[derive(Debug, Template)]
#[template(path = "catalog/recommended.html")]
struct Page {
    frame: Frame,
    trouble: Trouble,
    wish: Wish,
    preset: Preset,
    document: String,
    tools: usize,
    servers: Vec<Server>,
    policies: Vec<Policy>,
    may_add: bool,
    /// Where adding a server comes back to.
    back: String,
}

pub async fn recommended(
    State(app): State<App>,
    visit: Visit,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    visit.caller.allow(Action::WritePolicies)?;
    page(&app, &visit, wish, (StatusCode::OK, Trouble::default())).await
}

async fn page(
    app: &App,
    visit: &Visit,
    wish: Wish,
    (status, trouble): (StatusCode, Trouble),
) -> Result<Response, Problem> {
    let preset = preset(&wish.preset)?;
    let tools = categories(app, visit, &wish).await?;
    let servers = server::act::list(app, &visit.caller, choice()?)
        .await?
        .items;
    let policies = policy::act::list(app, &visit.caller, choice()?)
        .await?
        .items;
    let page = Page {
        frame: visit.frame(app, "policies", "Recommended policy"),
        trouble,
        preset,
        document: document(preset, &tools),
        tools: tools.len(),
        servers,
        policies,
        may_add: visit.caller.role().may(Action::WriteServers),
        back: visit.path(&format!("/recommended?{}", wish.query())),
        wish,
    };
    Ok(answer(status, &page))
}

/// Of the organisation's own server where one is chosen, else of the catalogue's.
async fn categories(
    app: &App,
    visit: &Visit,
    wish: &Wish,
) -> Result<Vec<(String, Category)>, Problem> {
    if !wish.server.is_empty() {
        return own(app, &visit.caller, &wish.server, wish.tool()).await;
    }
    if wish.from.is_empty() {
        return Ok(Vec::new());
    }
    act::categories(app, &wish.from, wish.tool()).await
}

fn document(preset: Preset, tools: &[(String, Category)]) -> String {
    let tools = tools
        .iter()
        .map(|(name, category)| (name.as_str(), *category));
    preset.document(tools)
}

/// Puts it into a draft: nothing is in force before that is published.
pub async fn take(
    State(app): State<App>,
    visit: Visit,
    Form(wish): Form<Wish>,
) -> Result<Response, Problem> {
    visit.caller.allow(Action::WritePolicies)?;
    match try_take(&app, &visit, &wish).await {
        Ok(slug) => Ok(then(&visit.path(&format!("/policies/{slug}?done=created")))),
        Err(problem) => {
            // Shown without what cannot be shown: a server or a tool that is not there.
            let shown = match categories(&app, &visit, &wish).await {
                Ok(_) => wish,
                Err(_) => Wish::default(),
            };
            page(&app, &visit, shown, Trouble::above(problem)).await
        }
    }
}

async fn try_take(app: &App, visit: &Visit, wish: &Wish) -> Result<String, Problem> {
    let preset = preset(&wish.preset)?;
    let tools = categories(app, visit, wish).await?;
    if tools.is_empty() {
        return Err(Problem::invalid(
            "/server",
            "choose the server whose tools it is for; one whose tools were read",
        ));
    }
    let text = document(preset, &tools);
    let document = RawValue::from_string(text).map_err(|error| Problem::internal(&error))?;
    if !wish.policy.is_empty() {
        policy::act::save_draft(app, &visit.caller, &wish.policy, None, &document).await?;
        return Ok(wish.policy.clone());
    }
    let subject = match wish.tool() {
        Some(tool) => tool,
        None if wish.server.is_empty() => &wish.from,
        None => &wish.server,
    };
    let name: String = format!("{subject} {}", preset.name())
        .chars()
        .take(60)
        .collect();
    let name = name.trim().to_owned();
    let taken = policy::act::list(app, &visit.caller, choice()?)
        .await?
        .items;
    let base = slug_of("", &name).or_else(|_| slug_of("", "recommended"))?;
    let mut slug = base.clone();
    for number in 2..=taken.len() + 2 {
        if taken.iter().all(|one| one.slug != slug) {
            break;
        }
        let stem: String = base.as_str().chars().take(35).collect();
        slug = slug_of(&format!("{}-{number}", stem.trim_end_matches('-')), "")?;
    }
    let new = NewPolicy {
        slug,
        name,
        document: Some(document),
    };
    Ok(policy::act::create(app, &visit.caller, new)
        .await?
        .slug
        .to_string())
}
