//! What the forms of an entry send.

use crate::policy::fields::{Limit, Predicate, Settings, Test};
use crate::problem::{Kind, Problem};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Debug, Default, Deserialize)]
pub struct Sent {
    #[serde(default, rename = "for")]
    pub selector: String,
    pub etag: Option<Uuid>,
    /// Which form it is: `settings`, `predicate`, `limit`, `drop` or `remove`.
    #[serde(default)]
    pub act: String,
    #[serde(default)]
    pub list: String,
    /// Empty for a new rule.
    #[serde(default)]
    index: String,
    #[serde(default)]
    was: String,
    #[serde(default)]
    always: String,

    // A field of a form that is called `action` or `id` hides what the form itself calls so from scripts.
    #[serde(rename = "verdict")]
    action: Option<String>,
    reason: Option<String>,
    mode: Option<String>,
    arguments: Option<String>,
    record: Option<String>,
    rate_limit: Option<String>,
    timeout: Option<String>,
    approvers: Option<String>,
    wait: Option<String>,

    #[serde(default, rename = "rule_id")]
    id: String,
    #[serde(default)]
    message: String,
    /// These run side by side, one of each for a comparison.
    #[serde(default)]
    path: Vec<String>,
    #[serde(default)]
    op: Vec<String>,
    #[serde(default)]
    with: Vec<String>,
    #[serde(default)]
    value: Vec<String>,
    #[serde(default)]
    each: Vec<String>,

    #[serde(default)]
    kind: String,
    #[serde(default)]
    counter: String,
    #[serde(default)]
    max: String,
    #[serde(default)]
    window: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    cost: String,
    #[serde(default)]
    scale: String,
    #[serde(default)]
    count: String,
    #[serde(default)]
    methods: String,
    #[serde(default)]
    on_outage: String,
}

impl Sent {
    pub fn index(&self) -> Option<usize> {
        self.index.parse().ok()
    }

    /// The rule as the form showed it; browsers send every line break as two characters.
    pub fn was(&self) -> String {
        self.was.replace("\r\n", "\n")
    }

    pub fn is_always(&self) -> bool {
        !self.always.is_empty()
    }

    /// The settings as they were, with what was sent in their place; a field that was not sent is not changed.
    pub fn settings(&self, before: &Settings) -> Settings {
        let or = |sent: &Option<String>, was: &Option<String>| {
            was.as_ref().map(|was| sent.as_ref().unwrap_or(was).clone())
        };
        Settings {
            action: or(&self.action, &before.action),
            reason: or(&self.reason, &before.reason),
            mode: or(&self.mode, &before.mode),
            arguments: or(&self.arguments, &before.arguments),
            record: or(&self.record, &before.record),
            rate_limit: or(&self.rate_limit, &before.rate_limit),
            timeout: or(&self.timeout, &before.timeout),
            approvers: or(&self.approvers, &before.approvers),
            wait: or(&self.wait, &before.wait),
        }
    }

    /// A row without a path is an empty one.
    pub fn predicate(&self) -> Result<Predicate, Problem> {
        let count = self.path.len();
        if [&self.op, &self.with, &self.value, &self.each]
            .iter()
            .any(|list| list.len() != count)
        {
            return Err(Problem::new(
                Kind::BadRequest,
                "the form is not whole: every comparison has a path, an operator and a value",
            ));
        }
        let rows = self
            .path
            .iter()
            .zip(&self.op)
            .zip(&self.with)
            .zip(&self.value)
            .zip(&self.each);
        let tests = rows
            .filter(|((((path, _), _), value), _)| !path.trim().is_empty() || !value.is_empty())
            .map(|((((path, op), with), value), each)| Test {
                path: path.clone(),
                op: op.clone(),
                is_path: with == "path",
                value: value.clone(),
                each: each.clone(),
            });
        Ok(Predicate {
            id: self.id.clone(),
            message: self.message.clone(),
            tests: tests.collect(),
        })
    }

    pub fn limit(&self) -> Limit {
        Limit {
            counter: self.counter.clone(),
            is_concurrency: self.kind == "concurrency",
            max: self.max.clone(),
            window: self.window.clone(),
            scope: self.scope.clone(),
            by: self.by.clone(),
            cost: self.cost.clone(),
            scale: self.scale.clone(),
            count: self.count.clone(),
            methods: self.methods.clone(),
            on_outage: self.on_outage.clone(),
            message: self.message.clone(),
        }
    }
}
