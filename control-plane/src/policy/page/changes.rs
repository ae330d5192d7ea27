//! What differs between two states of a policy, in words and line by line: the draft and the versions, any two of them.

use super::Head;
use crate::app::App;
use crate::http::read::{Path, Query};
use crate::page::{Frame, Turn, Visit, ok};
use crate::policy::compile;
use crate::policy::diff::{Hunk, diff, hunks};
use crate::policy::version::{self, Version};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Template)]
#[template(path = "policy/changes.html")]
struct Changes {
    frame: Frame,
    head: Head,
    versions: Vec<Version>,
    from: String,
    to: String,
    words: Vec<String>,
    hunks: Vec<Hunk>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Between {
    /// `draft`, or the number of a version. Left out, it is the version in force.
    #[serde(default)]
    from: String,
    /// Left out, it is the draft.
    #[serde(default)]
    to: String,
}

pub async fn changes(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Query(mut between): Query<Between>,
) -> Result<Response, Problem> {
    let head = Head::of(&app, &visit, &named, "changes").await?;
    let versions = version::act::list(&app, &visit.caller, &named, Turn::default().page()?).await?;
    if between.from.is_empty() {
        between.from = head
            .policy
            .published
            .map_or_else(|| "draft".to_owned(), |number| number.to_string());
    }
    if between.to.is_empty() {
        "draft".clone_into(&mut between.to);
    }
    let mut texts = Vec::new();
    for state in [&between.from, &between.to] {
        texts.push(match state.as_str() {
            "draft" => head.text.clone(),
            number => {
                let number = number.parse().map_err(|_| Problem::not_found())?;
                let version = version::act::show(&app, &visit.caller, &named, number).await?;
                version
                    .document
                    .as_deref()
                    .map_or("", RawValue::get)
                    .to_owned()
            }
        });
    }
    let (words, hunks) = compile::aside(move || match texts.as_slice() {
        [from, to] => (diff(from, to).words, hunks(from, to)),
        _ => (Vec::new(), Vec::new()),
    })
    .await;
    Ok(ok(&Changes {
        frame: visit.frame(&app, "policies", format!("{}: changes", head.policy.name)),
        head,
        versions: versions.items,
        from: between.from,
        to: between.to,
        words,
        hunks,
    }))
}
