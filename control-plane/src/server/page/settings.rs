//! Changing a server by form: what it is called and how it is treated; where it is and what it is shown.

use super::{Said, header_of, page};
use crate::app::App;
use crate::http::read::Path;
use crate::page::{Form, Trouble, Visit, answer, then};
use crate::problem::{Kind, Problem};
use crate::server::act;
use crate::server::{Server, ServerChange, TimeoutsChange, auth, pinning_word};
use axum::extract::State;
use axum::response::Response;
use bundle::Pinning;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

#[derive(Debug, Default, Deserialize)]
pub struct Settings {
    #[serde(default)]
    pub etag: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub pinning: String,
    #[serde(default)]
    pub trusted: String,
    #[serde(default)]
    pub sampling: String,
    #[serde(default)]
    pub elicitation: String,
    #[serde(default)]
    pub connect_ms: String,
    #[serde(default)]
    pub first_byte_ms: String,
    #[serde(default)]
    pub call_first_byte_ms: String,
    #[serde(default)]
    pub idle_ms: String,
    #[serde(default)]
    pub whole_ms: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Place {
    #[serde(default)]
    pub etag: String,
    #[serde(default)]
    pub url: String,
    /// `keep`, `none` or `headers`.
    #[serde(default)]
    pub auth: String,
    #[serde(default)]
    header: Vec<String>,
    #[serde(default)]
    value: Vec<seal::Secret>,
}

/// What stands in the two forms: what was typed, and otherwise how things are.
#[derive(Debug)]
pub struct Forms {
    pub settings: Settings,
    pub place: Place,
}

/// Of the two forms the one that was sent.
#[derive(Debug)]
pub enum Typed {
    Settings(Settings),
    Place(Place),
}

pub async fn change(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<Settings>,
) -> Result<Response, Problem> {
    save(&app, &visit, &named, form.read(), Typed::Settings(form)).await
}

pub async fn place(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<Place>,
) -> Result<Response, Problem> {
    save(&app, &visit, &named, form.read(), Typed::Place(form)).await
}

async fn save(
    app: &App,
    visit: &Visit,
    named: &str,
    wanted: Result<ServerChange, Problem>,
    mut typed: Typed,
) -> Result<Response, Problem> {
    let done = match wanted {
        Ok(change) => {
            let etag = typed.etag().parse::<Uuid>().ok();
            act::change(app, &visit.caller, named, change, etag)
                .await
                .map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match done {
        Ok(server) => {
            let path = format!("/servers/{}?tab=settings&done=saved", server.slug);
            Ok(then(&visit.path(&path)))
        }
        Err(problem) => {
            let is_stale = problem.kind == Kind::StaleVersion;
            let (status, trouble) = Trouble::of(problem)?;
            let server = act::glance(app, &visit.caller, named).await?;
            if is_stale {
                // Now that this was said, saving once more is meant.
                *typed.etag() = server.etag.to_string();
            }
            let said = Said {
                trouble,
                typed: Some(typed),
                ..Said::on("settings")
            };
            Ok(answer(status, &page(app, visit, server, said).await?))
        }
    }
}

impl Typed {
    fn etag(&mut self) -> &mut String {
        match self {
            Self::Settings(form) => &mut form.etag,
            Self::Place(form) => &mut form.etag,
        }
    }
}

impl Forms {
    pub fn of(server: &Server, typed: Option<Typed>) -> Self {
        let mut forms = Self {
            settings: Settings::of(server),
            place: Place::of(server),
        };
        match typed {
            Some(Typed::Settings(form)) => forms.settings = form,
            Some(Typed::Place(form)) => forms.place = form,
            None => {}
        }
        forms
    }
}

impl Settings {
    fn of(server: &Server) -> Self {
        let on = |is: bool| if is { "on" } else { "" }.to_owned();
        let times = &server.timeouts;
        Self {
            etag: server.etag.to_string(),
            name: server.name.clone(),
            pinning: pinning_word(server.pinning).to_owned(),
            trusted: on(server.trusted),
            sampling: on(server.sampling),
            elicitation: on(server.elicitation),
            connect_ms: times.connect_ms.to_string(),
            first_byte_ms: times.first_byte_ms.to_string(),
            call_first_byte_ms: times.call_first_byte_ms.to_string(),
            idle_ms: times.idle_ms.to_string(),
            whole_ms: times.whole_ms.to_string(),
        }
    }

    fn read(&self) -> Result<ServerChange, Problem> {
        Ok(ServerChange {
            name: Some(self.name.trim().to_owned()),
            timeouts: TimeoutsChange {
                connect_ms: number("connect_ms", &self.connect_ms)?,
                first_byte_ms: number("first_byte_ms", &self.first_byte_ms)?,
                call_first_byte_ms: number("call_first_byte_ms", &self.call_first_byte_ms)?,
                idle_ms: number("idle_ms", &self.idle_ms)?,
                whole_ms: number("whole_ms", &self.whole_ms)?,
            },
            pinning: match self.pinning.as_str() {
                "off" => Some(Pinning::Off),
                "warn" => Some(Pinning::Warn),
                "block" => Some(Pinning::Block),
                _ => None,
            },
            trusted: Some(!self.trusted.is_empty()),
            sampling: Some(!self.sampling.is_empty()),
            elicitation: Some(!self.elicitation.is_empty()),
            ..ServerChange::default()
        })
    }
}

impl Place {
    fn of(server: &Server) -> Self {
        Self {
            etag: server.etag.to_string(),
            url: server.url.clone(),
            auth: "keep".to_owned(),
            ..Self::default()
        }
    }

    /// The names as they were typed, in as many rows as the form has at least.
    pub fn header_rows(&self) -> Vec<&str> {
        let rows = self.header.len().max(3);
        let typed = self.header.iter().map(String::as_str);
        typed.chain(std::iter::repeat("")).take(rows).collect()
    }

    /// Whether a value was typed that has to be typed once more.
    pub fn has_lost_values(&self) -> bool {
        self.value.iter().any(|value| !value.expose().is_empty())
    }

    fn read(&self) -> Result<ServerChange, Problem> {
        let auth = match self.auth.as_str() {
            "none" => Some(json!({"type": "none"})),
            "headers" => {
                let names = self.header.iter().map(|name| name.trim());
                let values = self.value.iter().map(seal::Secret::expose);
                let pairs: Vec<_> = names.zip(values).collect();
                match header_of(&pairs) {
                    auth if auth["type"] == "none" => {
                        let said = "expected a header and its value";
                        return Err(Problem::invalid("/auth/headers", said));
                    }
                    auth => Some(auth),
                }
            }
            _ => None,
        };
        Ok(ServerChange {
            url: Some(self.url.trim().to_owned()),
            auth: auth.map(auth::NewAuth::of),
            ..ServerChange::default()
        })
    }
}

/// Left empty, it stays as it is.
fn number(name: &str, typed: &str) -> Result<Option<u64>, Problem> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let read = typed.parse().map(Some);
    read.map_err(|_| {
        Problem::invalid(
            format!("/timeouts/{name}"),
            "expected a whole number of milliseconds",
        )
    })
}
