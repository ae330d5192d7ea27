//! The same judgement, told: every step that was looked at, in order, with what it saw.

use crate::charge::Charge;
use crate::condition::{Test, Truth};
use crate::decide::{Witness, judge};
use crate::op::{Group, Op, Operand};
use crate::policy::Policy;
use crate::predicate::Predicate;
use crate::question::Question;
use crate::scene::Scene;
use crate::value::{Seen, View};
use crate::verdict::{Verdict, sentence};
use crate::word::Scope;
use serde::Serialize;
use std::fmt::Write as _;
use std::ops::ControlFlow;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub verdict: &'static str,
    pub rule: Option<String>,
    /// The policy's own message, else a sentence made from the rule.
    pub message: Option<String>,
    /// What the call would be charged; budgets are not looked at.
    pub limits: Vec<ExplainedLimit>,
    pub trace: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedLimit {
    pub rule: String,
    pub counter: String,
    /// Whose budget it is, with the values that split it.
    pub subject: String,
    pub scope: Scope,
    pub cost: u64,
    pub max: u64,
    /// In seconds; none where calls in flight are bounded.
    pub window: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub rule: String,
    /// `applies`, `passed`, `deny`, `hold`, `unknown_tool`, `invalid`, `spends`, `would_deny`, `would_hide`, `would_hold`.
    pub outcome: &'static str,
    pub why: String,
}

#[derive(Default)]
struct Trace(Vec<Step>);

impl Witness for Trace {
    fn step(&mut self, rule: &str, outcome: &'static str, why: &dyn Fn() -> String) {
        self.0.push(Step {
            rule: rule.to_owned(),
            outcome,
            why: why(),
        });
    }

    fn predicate(
        &mut self,
        predicate: &Predicate,
        truth: Truth,
        outcome: &'static str,
        scene: &Scene<'_>,
    ) {
        let mut why = truth.word().to_owned();
        if predicate.conditions.is_empty() {
            why.push_str(": no conditions");
        }
        for condition in &predicate.conditions {
            condition.tests(&mut |test| tell(test, scene, &mut why));
        }
        self.0.push(Step {
            rule: predicate.rule.to_string(),
            outcome,
            why,
        });
    }
}

impl Policy {
    /// Charges nothing and decides as [`Policy::decide`] does: both are one function.
    pub fn explain(&self, question: &Question<'_>) -> Explanation {
        let scene = Scene::new(question, &self.zone);
        let mut trace = Trace::default();
        let verdict = judge(self, &scene, &mut trace);
        for shadow in self.shadows(question) {
            trace.step(shadow.rule, shadow.outcome, &|| {
                "the rules are in shadow".to_owned()
            });
        }
        let mut limits = Vec::new();
        if let Verdict::Allow(allowed) = &verdict {
            if let Some(hold) = allowed.spends_approval() {
                trace.step(hold.rule, "spends", &|| {
                    "an approval for this call is there to be spent".to_owned()
                });
            }
            limits = allowed.charges(question).iter().map(limit).collect();
        }
        let rule = verdict.rule().map(str::to_owned);
        let message = match (&verdict, verdict.message()) {
            (_, Some(message)) => Some(message.to_owned()),
            (Verdict::Allow(_), None) => None,
            (Verdict::UnknownTool { .. }, None) => Some(format!("Unknown tool: {}", question.tool)),
            (Verdict::Invalid, None) => Some("The arguments are no object.".to_owned()),
            (_, None) => rule.as_deref().map(sentence),
        };
        Explanation {
            verdict: verdict.word(),
            rule,
            message,
            limits,
            trace: trace.0,
        }
    }
}

fn limit(charge: &Charge<'_>) -> ExplainedLimit {
    let mut subject = charge.scope.word().to_owned();
    for key in &charge.by {
        let _ = write!(subject, ", {key}");
    }
    ExplainedLimit {
        rule: charge.rule.to_owned(),
        counter: charge.counter.to_owned(),
        subject,
        scope: charge.scope,
        cost: charge.cost,
        max: charge.max,
        window: (charge.window_ms > 0).then_some(charge.window_ms / 1_000),
    }
}

/// Values of a `[*]` path that are shown, and characters of each.
const MOST_SHOWN: usize = 5;
const MOST_CHARS: usize = 80;

fn tell(test: &Test, scene: &Scene<'_>, out: &mut String) {
    let _ = write!(out, "; `{}` is ", test.path.text);
    let mut shown = 0;
    let _ = test.path.each(scene, &mut |seen| {
        if shown == MOST_SHOWN {
            out.push_str(", …");
            return ControlFlow::Break(());
        }
        if shown > 0 {
            out.push_str(", ");
        }
        shown += 1;
        out.push_str(&spell(seen));
        ControlFlow::Continue(())
    });
    if shown == 0 {
        out.push_str("no values");
    }
    let _ = write!(out, ", `{}`", test.operator.word());
    let other = match &test.op {
        Op::Same {
            with: Operand::Path(path),
            ..
        }
        | Op::Order {
            with: Operand::Path(path),
            ..
        }
        | Op::Contains(Operand::Path(path))
        | Op::StartsWith(Operand::Path(path))
        | Op::EndsWith(Operand::Path(path))
        | Op::In {
            of: Group::Path(path),
            ..
        } => Some(path),
        _ => None,
    };
    if let Some(path) = other {
        let _ = write!(out, " `{}`, which is {}", path.text, spell(path.one(scene)));
    }
    let _ = write!(out, ": {}", test.judge(scene).word());
}

fn spell(seen: Seen<'_>) -> String {
    match seen {
        Seen::Absent => "absent".to_owned(),
        Seen::Misshapen => "of the wrong shape".to_owned(),
        Seen::Value(view) => {
            let text = spell_view(view);
            match text.char_indices().nth(MOST_CHARS) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
                None => text,
            }
        }
    }
}

fn spell_view(view: View<'_>) -> String {
    match view {
        View::Null => "null".to_owned(),
        View::Bool(value) => value.to_string(),
        View::Number(text) => text.to_owned(),
        View::Text(text) => format!("{:?}", text.chars().take(MOST_CHARS).collect::<String>()),
        View::List(items) => format!("a list of {}", items.len()),
        View::Object(fields) => format!("an object of {}", fields.len()),
    }
}

#[cfg(test)]
mod tests;
