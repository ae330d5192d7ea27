//! What an allowed call uses of which budgets, with budgets that are met twice charged once.

use crate::limit::{Bound, Limit};
use crate::policy::{Policy, Rules};
use crate::question::{Around, Hints, Question};
use crate::scene::Scene;
use crate::verdict::Allowed;
use crate::word::{Category, Count, Outage, Scope};

/// One budget that a call uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge<'p> {
    /// Of the limit with the smaller `max`, where the call met the counter twice.
    pub rule: &'p str,
    pub counter: &'p str,
    /// Zero where calls in flight are bounded.
    pub window_ms: u64,
    pub max: u64,
    pub cost: u64,
    /// The cost is read from the call.
    pub is_spend: bool,
    pub scope: Scope,
    /// The values that split the budget further, each spelt with its type.
    pub by: Vec<String>,
    pub count: Count,
    pub on_outage: Outage,
    pub message: Option<&'p str>,
    /// How many calls may be in flight, where that is what is bounded.
    pub concurrency: Option<u32>,
}

impl<'p> Allowed<'p> {
    /// What this call uses, in document order, the entry before `all_tools`. `question` is the one that was allowed;
    /// of another, a cost that cannot be read is beyond every budget.
    pub fn charges(&self, question: &Question<'_>) -> Vec<Charge<'p>> {
        let scene = Scene::new(question, &self.policy.zone);
        gather(self.enforced().flat_map(|rules| &rules.limits), &scene)
    }

    /// What it would use of the limits that are in shadow: to be looked at, never charged.
    pub fn shadow_charges(&self, question: &Question<'_>) -> Vec<Charge<'p>> {
        let scene = Scene::new(question, &self.policy.zone);
        let shadow = self.all().filter(|rules| !rules.is_enforced());
        gather(shadow.flat_map(|rules| &rules.limits), &scene)
    }

    pub(crate) fn enforced(&self) -> impl Iterator<Item = &'p Rules> + use<'p> {
        self.all().filter(|rules| rules.is_enforced())
    }

    fn all(&self) -> impl Iterator<Item = &'p Rules> + use<'p> {
        self.entry
            .map(|entry| &entry.rules)
            .into_iter()
            .chain([&self.policy.all_tools])
    }
}

impl Policy {
    /// What a request that is no tool call uses: the limits of `all_tools` that count every method, each with cost 1.
    pub fn method_charges<'p>(&'p self, around: &Around<'_>) -> Vec<Charge<'p>> {
        let question = Question {
            tool: "",
            known: true,
            changed: false,
            category: Category::Read,
            hints: Hints::default(),
            schema: None,
            arguments: None,
            approved: false,
            around: *around,
        };
        let scene = Scene::new(&question, &self.zone);
        let rules = Some(&self.all_tools).filter(|rules| rules.is_enforced());
        let limits = rules.into_iter().flat_map(|rules| &rules.limits);
        let mut charges = gather(limits.filter(|limit| limit.is_of_all_methods), &scene);
        for charge in &mut charges {
            charge.cost = 1;
        }
        charges
    }
}

fn gather<'p>(limits: impl Iterator<Item = &'p Limit>, scene: &Scene<'_>) -> Vec<Charge<'p>> {
    let mut charges: Vec<Charge<'p>> = Vec::new();
    for limit in limits {
        let charge = charge(limit, scene);
        match charges
            .iter_mut()
            .find(|earlier| earlier.counter == charge.counter)
        {
            Some(earlier) => meet(earlier, &charge),
            None => charges.push(charge),
        }
    }
    charges
}

/// One budget, met twice: charged once, the greater cost, under the smaller `max`, as strictly as the stricter.
fn meet<'p>(earlier: &mut Charge<'p>, again: &Charge<'p>) {
    if again.max < earlier.max {
        earlier.max = again.max;
        earlier.rule = again.rule;
        earlier.message = again.message;
        earlier.concurrency = again.concurrency;
    }
    earlier.cost = earlier.cost.max(again.cost);
    earlier.is_spend |= again.is_spend;
    earlier.count = earlier.count.min(again.count);
    earlier.on_outage = earlier.on_outage.min(again.on_outage);
}

fn charge<'p>(limit: &'p Limit, scene: &Scene<'_>) -> Charge<'p> {
    let (window_ms, max, concurrency) = match limit.bound {
        Bound::PerWindow { seconds, max } => (u64::from(seconds) * 1_000, max, None),
        Bound::InFlight(most) => (0, u64::from(most), Some(most)),
    };
    Charge {
        rule: &limit.rule,
        counter: &limit.counter,
        window_ms,
        max,
        cost: limit.cost(scene).unwrap_or(u64::MAX),
        is_spend: limit.has_cost(),
        scope: limit.scope,
        by: limit.by_keys(scene).unwrap_or_default(),
        count: limit.count,
        on_outage: limit.on_outage(scene.question.category),
        message: limit.message.as_deref(),
        concurrency,
    }
}

#[cfg(test)]
mod tests;
