//! The order of judgement, in one function that deciding and explaining share, so that they cannot disagree.
//!
//! Total: there is no error and nothing to skip. What cannot be judged denies, or, where a human may be asked, holds.

use crate::condition::Truth;
use crate::contract;
use crate::policy::{Approval, Entry, Policy, Rules};
use crate::predicate::Predicate;
use crate::question::Question;
use crate::scene::Scene;
use crate::verdict::{Allowed, Hold, Verdict};
use crate::word::{Action, Fallback};

/// Hears every step of a judgement. Deciding listens with nothing.
pub(crate) trait Witness {
    fn step(&mut self, rule: &str, outcome: &'static str, why: &dyn Fn() -> String);
    fn predicate(
        &mut self,
        predicate: &Predicate,
        truth: Truth,
        outcome: &'static str,
        scene: &Scene<'_>,
    );
}

pub(crate) struct Nobody;

impl Witness for Nobody {
    fn step(&mut self, _: &str, _: &'static str, _: &dyn Fn() -> String) {}
    fn predicate(&mut self, _: &Predicate, _: Truth, _: &'static str, _: &Scene<'_>) {}
}

impl Policy {
    /// Judges one call. The same policy, call and clock give the same answer, and an allowed call allocates nothing
    /// unless it is held against a schema.
    pub fn decide<'p>(&'p self, question: &Question<'_>) -> Verdict<'p> {
        let scene = Scene::new(question, &self.zone);
        judge(self, &scene, &mut Nobody)
    }
}

pub(crate) fn judge<'p>(
    policy: &'p Policy,
    scene: &Scene<'_>,
    witness: &mut impl Witness,
) -> Verdict<'p> {
    let question = scene.question;
    if question
        .arguments
        .is_some_and(|arguments| arguments.as_object().is_none())
    {
        witness.step("-32602", "invalid", &|| {
            "`arguments` is there and no object".to_owned()
        });
        return Verdict::Invalid;
    }
    if !question.known {
        witness.step("(unknown)", "unknown_tool", &|| {
            format!("the server has no tool `{}`", question.tool)
        });
        return Verdict::UnknownTool { rule: "(unknown)" };
    }
    let entry = policy.entry(question.tool, question.category);
    if policy.hidden.holds(question.tool, question.category) {
        witness.step("(hidden)", "unknown_tool", &|| {
            "`hide` matches the tool".to_owned()
        });
        return Verdict::UnknownTool { rule: "(hidden)" };
    }
    let enforced = entry.filter(|entry| entry.rules.is_enforced());
    if let Some(entry) = enforced.filter(|entry| entry.action == Action::Hide) {
        witness.step("(hidden)", "unknown_tool", &|| {
            format!("`{}` hides the tool", entry.action_rule)
        });
        return Verdict::UnknownTool { rule: "(hidden)" };
    }
    if question.changed {
        witness.step("(changed)", "deny", &|| {
            "the tool is new or changed since the server's tools were reviewed".to_owned()
        });
        return Verdict::Deny {
            rule: "(changed)",
            message: None,
        };
    }
    match (entry, policy.fallback) {
        (Some(entry), _) => witness.step(&entry.rule, "applies", &|| {
            format!(
                "the entry for `{}`, a tool of category `{}`",
                question.tool,
                question.category.word()
            )
        }),
        (None, Fallback::Allow) => witness.step("(default allow)", "applies", &|| {
            "no entry matches".to_owned()
        }),
        (None, Fallback::Deny) => {
            witness.step("(default deny)", "deny", &|| "no entry matches".to_owned());
            return Verdict::Deny {
                rule: "(default deny)",
                message: None,
            };
        }
    }
    let all_tools = Some(&policy.all_tools).filter(|rules| rules.is_enforced());
    let (denied, held) = weigh(enforced, all_tools, scene, witness);
    if let Some((rule, message)) = denied {
        return Verdict::Deny { rule, message };
    }
    if let Some(hold) = held
        && !question.approved
    {
        return Verdict::Hold(hold);
    }
    Verdict::Allow(Allowed {
        policy,
        entry,
        category: question.category,
        spends: held,
    })
}

type Denied<'p> = (&'p str, Option<&'p str>);

/// Steps 6 to 9 over the rules that are given: what denies, else what holds.
pub(crate) fn weigh<'p>(
    entry: Option<&'p Entry>,
    all_tools: Option<&'p Rules>,
    scene: &Scene<'_>,
    witness: &mut impl Witness,
) -> (Option<Denied<'p>>, Option<Hold<'p>>) {
    if let Some(entry) = entry.filter(|entry| entry.action == Action::Deny) {
        witness.step(&entry.action_rule, "deny", &|| {
            "the action is `deny`".to_owned()
        });
        return (Some((&entry.action_rule, entry.reason.as_deref())), None);
    }
    let both = [entry.map(|entry| &entry.rules), all_tools];
    let denied = arguments(both, scene, witness)
        .or_else(|| predicates(both, scene, witness))
        .or_else(|| uncountable(both, scene, witness));
    if denied.is_some() {
        return (denied, None);
    }
    (None, holds(entry, all_tools, scene, witness))
}

fn arguments<'p>(
    both: [Option<&'p Rules>; 2],
    scene: &Scene<'_>,
    witness: &mut impl Witness,
) -> Option<Denied<'p>> {
    both.into_iter().flatten().find_map(|rules| {
        let strictness = rules.arguments?;
        match contract::fits(scene.question, strictness) {
            Ok(()) => {
                witness.step(&rules.arguments_rule, "passed", &|| {
                    "the arguments fit the schema".to_owned()
                });
                None
            }
            Err(why) => {
                witness.step(&rules.arguments_rule, "deny", &|| why.to_string());
                Some((rules.arguments_rule.as_ref(), None))
            }
        }
    })
}

fn predicates<'p>(
    both: [Option<&'p Rules>; 2],
    scene: &Scene<'_>,
    witness: &mut impl Witness,
) -> Option<Denied<'p>> {
    let mut denies = |predicate: &'p Predicate, passes: Truth| {
        let truth = predicate.judge(scene);
        let is_passed = truth == passes;
        witness.predicate(
            predicate,
            truth,
            if is_passed { "passed" } else { "deny" },
            scene,
        );
        (!is_passed).then_some((predicate.rule.as_ref(), predicate.message.as_deref()))
    };
    let rules = || both.into_iter().flatten();
    rules()
        .flat_map(|rules| &rules.require)
        .find_map(|predicate| denies(predicate, Truth::True))
        .or_else(|| {
            rules()
                .flat_map(|rules| &rules.deny_if)
                .find_map(|predicate| denies(predicate, Truth::False))
        })
}

/// A call that cannot be counted is denied before any human is asked.
fn uncountable<'p>(
    both: [Option<&'p Rules>; 2],
    scene: &Scene<'_>,
    witness: &mut impl Witness,
) -> Option<Denied<'p>> {
    both.into_iter()
        .flatten()
        .flat_map(|rules| &rules.limits)
        .find_map(|limit| {
            let rule = if limit.cost(scene).is_none() {
                &limit.cost_rule
            } else if !limit.is_divisible(scene) {
                &limit.by_rule
            } else {
                return None;
            };
            witness.step(rule, "deny", &|| "the call cannot be counted".to_owned());
            // The message of a limit speaks of a budget that is used up; this call was never weighed against it.
            Some((rule.as_ref(), None))
        })
}

/// The first that holds is the answer; of all that hold, the most approvers and the shortest timeout count.
fn holds<'p>(
    entry: Option<&'p Entry>,
    all_tools: Option<&'p Rules>,
    scene: &Scene<'_>,
    witness: &mut impl Witness,
) -> Option<Hold<'p>> {
    let mut held: Option<Hold<'p>> = None;
    if let Some(entry) = entry.filter(|entry| entry.action == Action::RequireApproval) {
        witness.step(&entry.action_rule, "hold", &|| {
            "the action is `require_approval`".to_owned()
        });
        add(
            &mut held,
            &entry.action_rule,
            entry.reason.as_deref(),
            entry.rules.approval,
        );
    }
    for rules in [entry.map(|entry| &entry.rules), all_tools]
        .into_iter()
        .flatten()
    {
        for predicate in &rules.approve_if {
            let truth = predicate.judge(scene);
            let is_passed = truth == Truth::False;
            witness.predicate(
                predicate,
                truth,
                if is_passed { "passed" } else { "hold" },
                scene,
            );
            if !is_passed {
                add(
                    &mut held,
                    &predicate.rule,
                    predicate.message.as_deref(),
                    rules.approval,
                );
            }
        }
    }
    held
}

fn add<'p>(
    held: &mut Option<Hold<'p>>,
    rule: &'p str,
    message: Option<&'p str>,
    approval: Approval,
) {
    match held {
        Some(first) => {
            first.approvers = first.approvers.max(approval.approvers);
            first.timeout = first.timeout.min(approval.timeout);
        }
        None => {
            *held = Some(Hold {
                rule,
                message,
                approvers: approval.approvers,
                timeout: approval.timeout,
                wait: approval.wait,
            });
        }
    }
}

#[cfg(test)]
mod tests;
