//! Changing a server by form: what it is called and how it is treated; where it is and what it is shown.

use super::{Said, header_of, page};
use crate::app::App;
use crate::http::read::Path;
use crate::page::{Form, Trouble, Visit, answer, then};
use crate::problem::Problem;
use crate::server::act;
use crate::server::{ServerChange, TimeoutsChange, auth};
use axum::extract::State;
use axum::response::Response;
use bundle::Pinning;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

#[derive(Debug, Default, Deserialize)]
pub struct Settings {
    #[serde(default)]
    etag: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    pinning: String,
    #[serde(default)]
    trusted: String,
    #[serde(default)]
    sampling: String,
    #[serde(default)]
    elicitation: String,
    #[serde(default)]
    connect_ms: String,
    #[serde(default)]
    first_byte_ms: String,
    #[serde(default)]
    call_first_byte_ms: String,
    #[serde(default)]
    idle_ms: String,
    #[serde(default)]
    whole_ms: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Place {
    #[serde(default)]
    etag: String,
    #[serde(default)]
    url: String,
    /// `keep`, `none` or `headers`.
    #[serde(default)]
    auth: String,
    #[serde(default)]
    header: Vec<String>,
    #[serde(default)]
    value: Vec<seal::Secret>,
}

pub async fn change(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<Settings>,
) -> Result<Response, Problem> {
    let wanted = form.read().map(|change| (change, &form.etag));
    save(&app, &visit, &named, wanted).await
}

pub async fn place(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<Place>,
) -> Result<Response, Problem> {
    let wanted = form.read().map(|change| (change, &form.etag));
    save(&app, &visit, &named, wanted).await
}

async fn save(
    app: &App,
    visit: &Visit,
    named: &str,
    wanted: Result<(ServerChange, &String), Problem>,
) -> Result<Response, Problem> {
    let done = match wanted {
        Ok((change, etag)) => {
            let etag = etag.parse::<Uuid>().ok();
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
            let (status, trouble) = Trouble::of(problem)?;
            let server = act::glance(app, &visit.caller, named).await?;
            let said = Said {
                trouble,
                ..Said::on("settings")
            };
            Ok(answer(status, &page(app, visit, server, said).await?))
        }
    }
}

impl Settings {
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
