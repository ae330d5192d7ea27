//! Membership: whether a list holds a value, and whether it could.

use crate::condition::Truth;
use crate::literal::Literal;
use crate::op::is_of;
use crate::scene::Work;
use crate::value::{Kind, View, numbers, same};
use json::Decimal;

/// A stated list, sorted so that a long one costs a search and not a walk.
#[derive(Debug, Default)]
pub(crate) struct Members {
    is_empty: bool,
    texts: Vec<Box<str>>,
    numbers: Vec<Box<str>>,
    has_true: bool,
    has_false: bool,
    others: Vec<Literal>,
}

impl Members {
    pub(crate) fn new(literals: Vec<Literal>) -> Self {
        let mut members = Self {
            is_empty: literals.is_empty(),
            ..Self::default()
        };
        for literal in literals {
            match literal {
                Literal::Text(text) => members.texts.push(text),
                Literal::Number(text) => members.numbers.push(text),
                Literal::Bool(false) => members.has_false = true,
                Literal::Bool(true) => members.has_true = true,
                other => members.others.push(other),
            }
        }
        members.texts.sort_unstable();
        members.numbers.sort_unstable_by(|left, right| {
            // Literals are in range: they were read as decimals when the document was.
            Decimal::parse(left).ok().cmp(&Decimal::parse(right).ok())
        });
        members
    }

    /// Unjudgeable where no element has the value's type; an empty list holds nothing.
    pub(crate) fn hold(&self, value: View<'_>, work: &Work) -> Truth {
        if self.is_empty {
            return Truth::False;
        }
        work.spend(1);
        match value {
            View::Text(_) if self.texts.is_empty() => Truth::Unjudgeable,
            View::Text(text) => Truth::from(
                self.texts
                    .binary_search_by(|member| member.as_ref().cmp(text))
                    .is_ok(),
            ),
            View::Number(_) if self.numbers.is_empty() => Truth::Unjudgeable,
            View::Number(text) => {
                let Ok(number) = Decimal::parse(text) else {
                    return Truth::Unjudgeable;
                };
                Truth::from(
                    self.numbers
                        .binary_search_by(|member| Decimal::parse(member).ok().cmp(&Some(number)))
                        .is_ok(),
                )
            }
            View::Bool(_) if !self.has_true && !self.has_false => Truth::Unjudgeable,
            View::Bool(true) => Truth::from(self.has_true),
            View::Bool(false) => Truth::from(self.has_false),
            other => among(self.others.iter().map(View::from), other, work),
        }
    }
}

/// The same over a list that another path found; anything but a list is unjudgeable.
pub(super) fn path_holds(list: View<'_>, value: View<'_>, work: &Work) -> Truth {
    match list {
        View::List(items) if items.len() == 0 => Truth::False,
        View::List(items) => among(items.iter(), value, work),
        _ => Truth::Unjudgeable,
    }
}

fn among<'a>(items: impl Iterator<Item = View<'a>>, value: View<'_>, work: &Work) -> Truth {
    let kind: Kind = value.kind();
    let mut is_comparable = false;
    for item in items {
        if !work.spend(1) {
            return Truth::Unjudgeable;
        }
        if !is_of(kind, item) {
            continue;
        }
        is_comparable = true;
        let is_found = match (item, value) {
            (View::Number(left), View::Number(right)) => {
                numbers(left, right).is_some_and(std::cmp::Ordering::is_eq)
            }
            _ => same(item, value, work),
        };
        if is_found {
            return Truth::True;
        }
    }
    if is_comparable {
        Truth::False
    } else {
        Truth::Unjudgeable
    }
}
