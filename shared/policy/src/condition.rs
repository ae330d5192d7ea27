//! Conditions and their three answers.

use crate::op::{Op, Right};
use crate::path::Path;
use crate::scene::Scene;
use crate::value::Seen;
use crate::word::{Each, Operator};
use std::ops::ControlFlow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    Unjudgeable,
}

#[derive(Debug)]
pub(crate) enum Condition {
    Test(Test),
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
}

/// One path, one operator.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) path: Path,
    pub(crate) operator: Operator,
    pub(crate) op: Op,
    /// How the answers for many values become one; of no meaning for a path that yields one.
    pub(crate) each: Each,
}

impl Truth {
    pub(crate) fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unjudgeable => Self::Unjudgeable,
        }
    }

    /// As it is where `wanted`, else swapped.
    pub(crate) fn turned(self, wanted: bool) -> Self {
        if wanted { self } else { self.not() }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unjudgeable => "unjudgeable",
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Condition {
    pub(crate) fn judge(&self, scene: &Scene<'_>) -> Truth {
        match self {
            Self::Test(test) => test.judge(scene),
            Self::All(conditions) => all(conditions, scene),
            Self::Any(conditions) => settle(
                conditions.iter().map(|condition| condition.judge(scene)),
                Truth::True,
            ),
            Self::Not(condition) => condition.judge(scene).not(),
        }
    }

    /// The first test inside, which names a rule that has no id.
    pub(crate) fn first(&self) -> Option<&Test> {
        match self {
            Self::Test(test) => Some(test),
            Self::Any(conditions) | Self::All(conditions) => conditions.first()?.first(),
            Self::Not(condition) => condition.first(),
        }
    }

    /// Every test inside, in document order.
    pub(crate) fn tests<'a>(&'a self, visit: &mut dyn FnMut(&'a Test)) {
        match self {
            Self::Test(test) => visit(test),
            Self::Any(conditions) | Self::All(conditions) => {
                for condition in conditions {
                    condition.tests(visit);
                }
            }
            Self::Not(condition) => condition.tests(visit),
        }
    }
}

/// False if any is false, else unjudgeable if any is, else true.
pub(crate) fn all(conditions: &[Condition], scene: &Scene<'_>) -> Truth {
    settle(
        conditions.iter().map(|condition| condition.judge(scene)),
        Truth::False,
    )
}

/// The `decisive` answer if any is, else unjudgeable if any is, else the opposite of the decisive one.
fn settle(answers: impl Iterator<Item = Truth>, decisive: Truth) -> Truth {
    let mut settled = decisive.not();
    for answer in answers {
        if answer == decisive {
            return decisive;
        }
        if answer == Truth::Unjudgeable {
            settled = answer;
        }
    }
    settled
}

impl Test {
    pub(crate) fn judge(&self, scene: &Scene<'_>) -> Truth {
        let right = self.op.right(scene);
        let decisive = match self.each {
            Each::All => Truth::False,
            Each::Any => Truth::True,
        };
        let mut answer = decisive.not();
        let is_many = self.path.is_many();
        let _ = self.path.each(scene, &mut |seen| {
            let one = self.one(seen, right, scene);
            if !is_many || one == decisive {
                answer = one;
                return ControlFlow::Break(());
            }
            if one == Truth::Unjudgeable {
                answer = one;
            }
            ControlFlow::Continue(())
        });
        // Whatever was found before the work ran out is no answer: the rest was not looked at.
        if scene.work.is_spent() {
            Truth::Unjudgeable
        } else {
            answer
        }
    }

    fn one(&self, seen: Seen<'_>, right: Right<'_>, scene: &Scene<'_>) -> Truth {
        if scene.work.spend(1) {
            self.op.judge(seen, right, &scene.work)
        } else {
            Truth::Unjudgeable
        }
    }
}
