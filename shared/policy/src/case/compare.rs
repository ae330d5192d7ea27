//! What a case expects, and how an answer differs from it. Only what a case says is compared.

use super::only;
use crate::charge::Charge;
use crate::policy::Policy;
use crate::question::Question;
use crate::verdict::Verdict;
use json::Node;
use serde_json::{Value, json};

#[derive(Debug, Default)]
pub struct Expect {
    pub verdict: String,
    pub rule: Option<String>,
    pub message: Option<String>,
    /// `approvers`, and `timeout` and `wait` in seconds, of a hold.
    pub approval: Option<Value>,
    /// Of an allowed call, each as far as it is said.
    pub charges: Option<Vec<Value>>,
    pub record: Option<String>,
    /// `[["would_deny", RULE], …]`
    pub shadows: Option<Value>,
    /// What to expect of the charges that shadow rules would make.
    pub shadow_charges: Option<Vec<Value>>,
    /// Whether an approval is spent.
    pub spends: Option<bool>,
}

impl Expect {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, String> {
        only(
            node,
            &[
                "verdict",
                "rule",
                "message",
                "approval",
                "charges",
                "record",
                "shadows",
                "shadow_charges",
                "spends",
            ],
        )?;
        let string = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let value = |key: &str| match node.get(key) {
            Some(node) => serde_json::from_str::<Value>(&json::canonical(node))
                .map(Some)
                .map_err(|error| format!("`{key}`: {error}")),
            None => Ok(None),
        };
        let list = |key: &str| match value(key)? {
            Some(Value::Array(items)) => Ok(Some(items)),
            None => Ok(None),
            Some(_) => Err(format!("`{key}` is a list")),
        };
        Ok(Self {
            verdict: string("verdict").ok_or("`expect` needs `verdict`")?,
            rule: string("rule"),
            message: string("message"),
            approval: value("approval")?,
            charges: list("charges")?,
            record: string("record"),
            shadows: value("shadows")?,
            shadow_charges: list("shadow_charges")?,
            spends: node.get("spends").and_then(Node::as_bool),
        })
    }

    pub(super) fn compare(&self, policy: &Policy, question: &Question<'_>) -> Vec<String> {
        let verdict = policy.decide(question);
        let mut out = Vec::new();
        let mut say = |what: &str, expected: String, found: String| {
            if expected != found {
                out.push(format!("{what}: expected {expected}, found {found}"));
            }
        };
        say("verdict", self.verdict.clone(), verdict.word().to_owned());
        say(
            "rule",
            format!("{:?}", self.rule.as_deref()),
            format!("{:?}", verdict.rule()),
        );
        if let Some(message) = &self.message {
            say(
                "message",
                format!("{message:?}"),
                format!("{:?}", verdict.message().unwrap_or("")),
            );
        }
        if let Some(expected) = &self.approval {
            let found = match &verdict {
                Verdict::Hold(hold) => Some(*hold),
                Verdict::Allow(allowed) => allowed.spends_approval().copied(),
                _ => None,
            };
            let found = found.map(|hold| {
                json!({ "approvers": hold.approvers, "timeout": hold.timeout.as_secs(), "wait": hold.wait.as_secs() })
            });
            say(
                "approval",
                expected.to_string(),
                found.unwrap_or_default().to_string(),
            );
        }
        if let Some(expected) = &self.shadows {
            let found: Vec<_> = policy
                .shadows(question)
                .iter()
                .map(|shadow| json!([shadow.outcome, shadow.rule]))
                .collect();
            say(
                "shadows",
                expected.to_string(),
                Value::Array(found).to_string(),
            );
        }
        let allowed = match &verdict {
            Verdict::Allow(allowed) => Some(allowed),
            _ => None,
        };
        if let Some(expected) = &self.record {
            let found = allowed.map_or("none", |allowed| allowed.record().word());
            say("record", expected.clone(), found.to_owned());
        }
        if let Some(expected) = self.spends {
            let found = allowed.is_some_and(|allowed| allowed.spends_approval().is_some());
            say("spends", expected.to_string(), found.to_string());
        }
        if let Some(expected) = &self.charges {
            let found = allowed
                .map(|allowed| allowed.charges(question))
                .unwrap_or_default();
            compare_charges("charges", expected, &found, &mut say);
        }
        if let Some(expected) = &self.shadow_charges {
            let found = allowed
                .map(|allowed| allowed.shadow_charges(question))
                .unwrap_or_default();
            compare_charges("shadow_charges", expected, &found, &mut say);
        }
        out
    }
}

fn compare_charges(
    what: &str,
    expected: &[Value],
    found: &[Charge<'_>],
    say: &mut impl FnMut(&str, String, String),
) {
    say(
        &format!("number of {what}"),
        expected.len().to_string(),
        found.len().to_string(),
    );
    for (index, (expected, charge)) in expected.iter().zip(found).enumerate() {
        let found = json!({
            "rule": charge.rule,
            "counter": charge.counter,
            "window_ms": charge.window_ms,
            "max": charge.max,
            "cost": charge.cost,
            "scope": charge.scope,
            "by": charge.by,
            "count": charge.count,
            "on_outage": charge.on_outage,
            "message": charge.message,
            "concurrency": charge.concurrency,
        });
        for (key, value) in expected.as_object().into_iter().flatten() {
            let found = found
                .get(key)
                .map_or("no such field".to_owned(), ToString::to_string);
            say(&format!("{what}[{index}].{key}"), value.to_string(), found);
        }
    }
}
