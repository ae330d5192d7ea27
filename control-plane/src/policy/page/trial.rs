//! A call tried on the draft: what would become of it, and which lines say so.

use super::{Head, chosen::Chosen};
use crate::app::App;
use crate::http::read::{self, Path, Query};
use crate::page::{Form, Frame, Trouble, Visit, answer};
use crate::policy::act::PolicyError;
use crate::policy::explain::{Explain, explain};
use crate::policy::sample;
use crate::problem::Problem;
use ::policy::{Explanation, line_of};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

#[derive(Debug, Template)]
#[template(path = "policy/try.html")]
struct Try {
    frame: Frame,
    head: Head,
    chosen: Chosen,
    tried: Tried,
    verdict: Option<Verdict>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Tried {
    #[serde(default)]
    server: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    arguments: String,
}

/// What the policy would say, in the words of the page.
#[derive(Debug)]
struct Verdict {
    word: &'static str,
    rule: Option<String>,
    line: Option<u32>,
    message: Option<String>,
    limits: Vec<Looked>,
    trace: Vec<Looked>,
}

/// One rule that was looked at, with its line in the draft.
#[derive(Debug)]
struct Looked {
    rule: String,
    line: Option<u32>,
    outcome: String,
    why: String,
}

/// The tool, and arguments that its schema would take.
pub async fn trying(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Query(tried): Query<Tried>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut page = page(&app, &visit, &named, tried, &headers).await?;
    if page.tried.tool.is_empty() {
        page.tried.tool = page
            .chosen
            .tools
            .first()
            .map(|tool| tool.name.clone())
            .unwrap_or_default();
    }
    let tool = page
        .chosen
        .tools
        .iter()
        .find(|tool| tool.name == page.tried.tool);
    let schema = tool.and_then(|tool| tool.input_schema.as_deref());
    let schema = schema.and_then(|schema| serde_json::from_str(schema.get()).ok());
    page.tried.arguments = schema
        .as_ref()
        .map_or_else(|| "{}".to_owned(), sample::example);
    let response = answer(StatusCode::OK, &page);
    Ok(page.chosen.remember(&app, &visit, response))
}

pub async fn try_call(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    headers: HeaderMap,
    Form(tried): Form<Tried>,
) -> Result<Response, Problem> {
    let mut page = page(&app, &visit, &named, tried, &headers).await?;
    let asked = page.tried.ask(&page.head.text);
    let (status, problem) = match asked {
        Ok(asked) => match explain(&app, &visit.caller, asked).await {
            Ok(explanation) => {
                page.verdict = Some(Verdict::of(explanation, &page.head.text));
                (StatusCode::OK, None)
            }
            Err(PolicyError::Faulty(_)) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                Some("The draft has errors: mend them, then try again.".to_owned()),
            ),
            Err(error) => {
                let (status, trouble) = Trouble::above(error.into());
                (status, trouble.message().map(str::to_owned))
            }
        },
        Err(said) => (StatusCode::UNPROCESSABLE_ENTITY, Some(said)),
    };
    page.head.problem = problem;
    Ok(answer(status, &page))
}

async fn page(
    app: &App,
    visit: &Visit,
    named: &str,
    tried: Tried,
    headers: &HeaderMap,
) -> Result<Try, Problem> {
    let head = Head::of(app, visit, named, "try").await?;
    let mut chosen = Chosen::of(app, visit, &tried.server, headers).await?;
    if tried.server == "-" {
        // Asked for by name: a tool that no server is known to have.
        (chosen.slug, chosen.tools) = (String::new(), Vec::new());
    }
    Ok(Try {
        frame: visit.frame(app, "policies", head.policy.name.clone()),
        head,
        tried: Tried {
            server: chosen.slug.clone(),
            ..tried
        },
        chosen,
        verdict: None,
    })
}

impl Tried {
    /// The question in the API's own form; what is no JSON is said to the reader.
    fn ask(&self, draft: &str) -> Result<Explain, String> {
        let arguments = match self.arguments.trim() {
            "" => "{}",
            text => text,
        };
        RawValue::from_string(arguments.to_owned())
            .map_err(|error| format!("The arguments are no JSON: {error}"))?;
        let server = (!self.server.is_empty()).then_some(&self.server);
        let (server, tool) = (json!(server), json!(self.tool.trim()));
        let asked = format!(
            r#"{{"document":{draft},"server":{server},"call":{{"tool":{tool},"arguments":{arguments}}}}}"#
        );
        read::parse(asked.as_bytes()).map_err(|problem| problem.detail)
    }
}

impl Verdict {
    fn of(explanation: Explanation, text: &str) -> Self {
        let limits = explanation.limits.into_iter().map(|limit| {
            let within = limit.window.map_or_else(
                || " at once".to_owned(),
                |seconds| format!(" in {seconds} s"),
            );
            Looked {
                line: line_of(text, &limit.rule),
                outcome: "charged".to_owned(),
                why: format!("costs {} of {}{within}", limit.cost, limit.max),
                rule: limit.rule,
            }
        });
        let trace = explanation.trace.into_iter().map(|step| Looked {
            line: line_of(text, &step.rule),
            outcome: step.outcome.replace('_', " "),
            why: step.why,
            rule: step.rule,
        });
        Self {
            word: match explanation.verdict {
                "unknown_tool" => "unknown tool",
                other => other,
            },
            line: explanation
                .rule
                .as_deref()
                .and_then(|rule| line_of(text, rule)),
            rule: explanation.rule,
            message: explanation.message,
            limits: limits.collect(),
            trace: trace.collect(),
        }
    }
}
