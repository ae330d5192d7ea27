//! Whether arguments are kept, by page.

use super::{Capture, act};
use crate::app::App;
use crate::page::{Form, Frame, Trouble, Visit, answer, ok, then};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

const PATH: &str = "/settings/capture";

#[derive(Debug, Template)]
#[template(path = "call/capture.html")]
struct Show {
    frame: Frame,
    trouble: Trouble,
    form: CaptureForm,
}

impl Show {
    /// What is wrong with the first path that has something wrong.
    fn said_of_paths(&self) -> Option<&str> {
        let mut lines = 0..super::MOST_PATHS;
        self.trouble
            .at("/redact")
            .or_else(|| lines.find_map(|at| self.trouble.at(&format!("/redact/{at}"))))
    }
}

#[derive(Debug, Deserialize)]
pub struct CaptureForm {
    #[serde(default)]
    on: Option<String>,
    /// A path on each line.
    #[serde(default)]
    redact: String,
    #[serde(default)]
    keep_days: String,
}

impl CaptureForm {
    fn of(capture: &Capture) -> Self {
        Self {
            on: capture.is_on.then(String::new),
            redact: capture.redact.join("\n"),
            keep_days: capture.keep_days.to_string(),
        }
    }

    fn read(&self) -> Result<Capture, Problem> {
        let paths = self.redact.lines().map(str::trim);
        let keep_days = self.keep_days.trim().parse();
        Ok(Capture {
            is_on: self.on.is_some(),
            redact: paths
                .filter(|path| !path.is_empty())
                .map(str::to_owned)
                .collect(),
            keep_days: keep_days
                .map_err(|_| Problem::invalid("/keep_days", "expected a number of days"))?,
        })
    }
}

pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let form = CaptureForm::of(&act::show(&app, &visit.caller).await?);
    Ok(ok(&page(&app, &visit, form, Trouble::default())))
}

pub async fn change(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<CaptureForm>,
) -> Result<Response, Problem> {
    let changed = match form.read() {
        Ok(capture) => act::replace(&app, &visit.caller, capture)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match changed {
        Ok(_) => Ok(then(&visit.path(&format!("{PATH}?done=saved")))),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            Ok(answer(status, &page(&app, &visit, form, trouble)))
        }
    }
}

fn page(app: &App, visit: &Visit, form: CaptureForm, trouble: Trouble) -> Show {
    Show {
        frame: visit.frame(app, "settings", "Arguments of calls"),
        trouble,
        form,
    }
}
