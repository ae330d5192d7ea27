//! What stands at the top of a draft, by form: the answer for the rest, what is hidden, the zone, and what is not tools.

use super::{Head, Kept, edited, keep, made_worse};
use crate::app::App;
use crate::http::read::Path;
use crate::page::{Form, Frame, Visit, answer, ok, then};
use crate::policy::edit::spell::Json;
use crate::policy::edit::{CannotEdit, Edit};
use crate::policy::outline::Outline;
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Debug, Template)]
#[template(path = "policy/settings.html")]
struct Settings {
    frame: Frame,
    head: Head,
    form: Top,
    /// Why there is no form for this draft.
    unclear: Option<CannotEdit>,
    faults: Vec<(String, String)>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Top {
    etag: Option<Uuid>,
    #[serde(default)]
    default: String,
    #[serde(default)]
    timezone: String,
    /// One selector a line.
    #[serde(default)]
    hide: String,
    /// `default` leaves it to `default`, `listed` means those that are ticked.
    #[serde(default)]
    methods: String,
    #[serde(default)]
    method: Vec<String>,
}

pub async fn settings(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
) -> Result<Response, Problem> {
    Ok(ok(&page(&app, &visit, &named).await?))
}

pub async fn save_settings(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(mut form): Form<Top>,
) -> Result<Response, Problem> {
    form.hide = form.hide.replace("\r\n", "\n");
    let mut page = page(&app, &visit, &named).await?;
    let (before, was) = (page.head.text.clone(), page.form.clone());
    page.form = form.clone();
    if form.etag != Some(page.head.policy.draft.etag) {
        page.head.is_stale = true;
        return Ok(answer(StatusCode::PRECONDITION_FAILED, &page));
    }
    let after = match edited(&before, &was.edits(&form)) {
        Ok(after) => after,
        Err(cannot) => {
            page.head.problem = Some(format!(
                "Nothing was saved: {cannot} (`{}`).",
                cannot.pointer
            ));
            return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let worse = made_worse(&app, &visit, (&before, &after), None).await?;
    if !worse.is_empty() {
        page.faults = worse
            .into_iter()
            .map(|finding| (finding.pointer, finding.message))
            .collect();
        page.head.problem = Some("Nothing was saved: what is wrong is said beside it.".to_owned());
        return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    match keep(&app, &visit, &named, (form.etag, &after), None).await? {
        Kept::Stale => {
            let mut page = self::page(&app, &visit, &named).await?;
            (page.form, page.head.is_stale) = (form, true);
            Ok(answer(StatusCode::PRECONDITION_FAILED, &page))
        }
        Kept::Saved | Kept::Unpublished(..) => Ok(then(
            &visit.path(&format!("/policies/{named}/settings?done=saved")),
        )),
    }
}

async fn page(app: &App, visit: &Visit, named: &str) -> Result<Settings, Problem> {
    let head = Head::of(app, visit, named, "settings").await?;
    let (form, unclear) = match Outline::of(&head.text, &[]) {
        Ok(outline) => (Top::of(outline), None),
        Err(cannot) => (Top::default(), Some(cannot)),
    };
    Ok(Settings {
        frame: visit.frame(app, "policies", format!("{}: settings", head.policy.name)),
        head,
        form,
        unclear,
        faults: Vec::new(),
    })
}

impl Settings {
    fn fault(&self, key: &str) -> Option<&str> {
        let fault = self
            .faults
            .iter()
            .find(|(pointer, _)| pointer.starts_with(key));
        fault.map(|(_, said)| said.as_str())
    }

    /// What is wrong where there is no field for it.
    fn elsewhere(&self) -> impl Iterator<Item = &str> {
        const FIELDS: [&str; 4] = ["/default", "/timezone", "/hide", "/methods"];
        let is_shown = |pointer: &str| FIELDS.iter().any(|field| pointer.starts_with(field));
        self.faults
            .iter()
            .filter(move |(pointer, _)| !is_shown(pointer))
            .map(|(_, said)| said.as_str())
    }
}

impl Top {
    fn of(outline: Outline) -> Self {
        Self {
            etag: None,
            default: outline.default.unwrap_or_default(),
            timezone: outline.timezone,
            hide: outline.hide.join("\n"),
            methods: if outline.methods.is_some() {
                "listed"
            } else {
                "default"
            }
            .to_owned(),
            method: outline.methods.unwrap_or_default(),
        }
    }

    /// What leads from this form to the other: what is as it was is not written again.
    fn edits(&self, to: &Self) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut set = |key, value| edits.push(Edit::Set { key, value });
        if self.default != to.default {
            set("default", Some(Json::text(to.default.trim())));
        }
        if self.timezone != to.timezone {
            let zone = Some(to.timezone.trim()).filter(|zone| !zone.is_empty());
            set("timezone", zone.map(Json::text));
        }
        let (old, new): (Vec<&str>, Vec<&str>) = (self.hidden().collect(), to.hidden().collect());
        if old != new {
            let list = Json::List(new.into_iter().map(Json::text).collect());
            set("hide", (list != Json::List(Vec::new())).then_some(list));
        }
        if (&self.methods, &self.method) != (&to.methods, &to.method) {
            let list = || Json::List(to.method.iter().map(Json::text).collect());
            set("methods", (to.methods == "listed").then(list));
        }
        edits
    }

    fn hidden(&self) -> impl Iterator<Item = &str> {
        self.hide
            .split('\n')
            .map(str::trim)
            .filter(|line| !line.is_empty())
    }

    fn lists(&self, group: &str) -> bool {
        self.method.iter().any(|method| method == group)
    }
}
