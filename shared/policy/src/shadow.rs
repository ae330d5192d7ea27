//! What rules in shadow would have done to a call: recorded, never done.

use crate::decide::{Nobody, weigh};
use crate::policy::Policy;
use crate::question::Question;
use crate::scene::Scene;
use crate::word::Action;

/// One outcome that shadow rules would have had; `would_limit` is for whoever keeps the counters to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Shadow<'p> {
    /// `would_deny`, `would_hide` or `would_hold`.
    pub outcome: &'static str,
    pub rule: &'p str,
}

impl Policy {
    /// What the entry that applies and `all_tools` would have done, each for itself, where they are in shadow.
    pub fn shadows<'p>(&'p self, question: &Question<'_>) -> Vec<Shadow<'p>> {
        let scene = Scene::new(question, &self.zone);
        let entry = self
            .entry(question.tool, question.category)
            .filter(|entry| !entry.rules.is_enforced());
        let all_tools = Some(&self.all_tools).filter(|rules| !rules.is_enforced());
        let of_entry = entry.and_then(|entry| {
            if entry.action == Action::Hide {
                return Some(Shadow {
                    outcome: "would_hide",
                    rule: &entry.action_rule,
                });
            }
            outcome(weigh(Some(entry), None, &scene, &mut Nobody))
        });
        let of_all_tools =
            all_tools.and_then(|rules| outcome(weigh(None, Some(rules), &scene, &mut Nobody)));
        of_entry.into_iter().chain(of_all_tools).collect()
    }
}

fn outcome<'p>(
    (denied, held): (
        Option<(&'p str, Option<&'p str>)>,
        Option<crate::verdict::Hold<'p>>,
    ),
) -> Option<Shadow<'p>> {
    match (denied, held) {
        (Some((rule, _)), _) => Some(Shadow {
            outcome: "would_deny",
            rule,
        }),
        (None, Some(first)) => Some(Shadow {
            outcome: "would_hold",
            rule: first.rule,
        }),
        (None, None) => None,
    }
}
