//! What a condition asks of a value: each operator with its literal, read from the document and judged on a value.
//!
//! Absent values are settled here for all operators alike; the families below see only values that are there.

use crate::condition::Truth;
use crate::literal::Literal;
use crate::path::Path;
use crate::scene::{Scene, Work};
use crate::value::{Kind, Seen, View, numbers, same};
use ipnet::IpNet;
use regex::Regex;
use std::cmp::Ordering;

mod address;
mod email;
mod host;
mod members;
mod pattern;
mod place;
mod read;

pub(crate) use host::HostName;
pub(crate) use members::Members;
pub(crate) use pattern::{MOST_PATTERN_CHARS, Patterns};
pub(crate) use place::Prefix;
pub(crate) use read::{Takes, read, takes};

#[derive(Debug)]
pub(crate) enum Op {
    Exists(bool),
    Same { wanted: bool, with: Operand },
    Order { wanted: Wanted, with: Operand },
    In { wanted: bool, of: Group },
    Contains(Operand),
    StartsWith(Operand),
    EndsWith(Operand),
    Regex(Regex),
    Length { wanted: Wanted, than: u64 },
    HostIn(Vec<HostName>),
    UnderPath(Vec<Prefix>),
    EmailDomainIn(Vec<Box<str>>),
    IpIn(Vec<IpNet>),
}

#[derive(Debug)]
pub(crate) enum Operand {
    Literal(Literal),
    Path(Path),
}

/// What `in` looks into.
#[derive(Debug)]
pub(crate) enum Group {
    Literal(Members),
    Path(Path),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The right side of a comparison, found once for all the values on the left.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Right<'a> {
    /// The operator has only a literal of its own form.
    None,
    Literal(View<'a>),
    Path {
        seen: Seen<'a>,
        is_sound: bool,
    },
}

impl Op {
    pub(crate) fn right<'a>(&'a self, scene: &'a Scene<'_>) -> Right<'a> {
        let path = match self {
            Self::Same { with, .. }
            | Self::Order { with, .. }
            | Self::Contains(with)
            | Self::StartsWith(with)
            | Self::EndsWith(with) => match with {
                Operand::Literal(literal) => return Right::Literal(literal.into()),
                Operand::Path(path) => path,
            },
            Self::In {
                of: Group::Path(path),
                ..
            } => path,
            _ => return Right::None,
        };
        let seen = path.one(scene);
        let is_sound = match seen {
            Seen::Value(view) => view.is_sound(&scene.work),
            Seen::Absent | Seen::Misshapen => true,
        };
        Right::Path { seen, is_sound }
    }

    pub(crate) fn judge(&self, left: Seen<'_>, right: Right<'_>, work: &Work) -> Truth {
        if let Self::Exists(wanted) = self {
            return Truth::from(matches!(left, Seen::Value(_)) == *wanted);
        }
        // Absent on either side comes before any doubt on the other: an absent path is false.
        let (left, right) = match (left, right) {
            (Seen::Absent, _)
            | (
                _,
                Right::Path {
                    seen: Seen::Absent, ..
                },
            ) => return Truth::False,
            (Seen::Misshapen, _)
            | (
                _,
                Right::Path {
                    seen: Seen::Misshapen,
                    ..
                },
            ) => return Truth::Unjudgeable,
            (Seen::Value(left), Right::None) => (left, None),
            (Seen::Value(left), Right::Literal(view)) => (left, Some((view, true))),
            (
                Seen::Value(left),
                Right::Path {
                    seen: Seen::Value(view),
                    is_sound,
                },
            ) => {
                if !is_sound {
                    return Truth::Unjudgeable;
                }
                (left, Some((view, false)))
            }
        };
        if let Self::Length { wanted, than } = self {
            return length(left, work).map_or(Truth::Unjudgeable, |length| {
                Truth::from(wanted.holds(length.cmp(than)))
            });
        }
        if !left.is_sound(work) {
            return Truth::Unjudgeable;
        }
        self.compare(left, right, work)
    }

    fn compare(&self, left: View<'_>, right: Option<(View<'_>, bool)>, work: &Work) -> Truth {
        let text = match left {
            View::Text(text) => {
                work.spend_text(text);
                Some(text)
            }
            _ => None,
        };
        let of_text = |holds: &dyn Fn(&str) -> bool| {
            text.map_or(Truth::Unjudgeable, |text| Truth::from(holds(text)))
        };
        match (self, right) {
            (Self::Same { wanted, .. }, Some((right, _))) => {
                if left.kind() == right.kind() {
                    Truth::from(same(left, right, work) == *wanted)
                } else {
                    Truth::Unjudgeable
                }
            }
            (Self::Order { wanted, .. }, Some((right, is_literal))) => match (left, right) {
                (View::Number(left), View::Number(right)) => numbers(left, right)
                    .map_or(Truth::Unjudgeable, |order| Truth::from(wanted.holds(order))),
                // UTF-8 sorts as its code points do.
                (View::Text(left), View::Text(right)) if is_literal => {
                    Truth::from(wanted.holds(left.cmp(right)))
                }
                _ => Truth::Unjudgeable,
            },
            (
                Self::In {
                    wanted,
                    of: Group::Literal(members),
                },
                _,
            ) => members.hold(left, work).turned(*wanted),
            (
                Self::In {
                    wanted,
                    of: Group::Path(_),
                },
                Some((right, _)),
            ) => members::path_holds(right, left, work).turned(*wanted),
            (Self::Contains(_), Some((right, _))) => match (left, right) {
                (View::Text(left), View::Text(right)) => Truth::from(left.contains(right)),
                (View::List(items), right) => {
                    Truth::from(items.iter().any(|item| same(item, right, work)))
                }
                _ => Truth::Unjudgeable,
            },
            (Self::StartsWith(_), Some((View::Text(right), _))) => {
                of_text(&|left| left.starts_with(right))
            }
            (Self::EndsWith(_), Some((View::Text(right), _))) => {
                of_text(&|left| left.ends_with(right))
            }
            (Self::Regex(regex), _) => of_text(&|left| regex.is_match(left)),
            (Self::HostIn(names), _) => of_text(&|left| host::is_in(left, names)),
            (Self::UnderPath(prefixes), _) => {
                of_text(&|left| prefixes.iter().any(|prefix| prefix.covers(left)))
            }
            (Self::EmailDomainIn(domains), _) => of_text(&|left| email::is_in(left, domains)),
            (Self::IpIn(ranges), _) => of_text(&|left| address::is_in(left, ranges)),
            // Exists and Length were settled before; what is left is a right side of no use to the operator.
            _ => Truth::Unjudgeable,
        }
    }
}

impl Wanted {
    pub(crate) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// Characters of a string, elements of a list, keys of an object; nothing else has a length.
fn length(view: View<'_>, work: &Work) -> Option<u64> {
    let length = match view {
        View::Text(text) => {
            work.spend_text(text);
            text.chars().count()
        }
        View::List(items) => items.len(),
        View::Object(fields) => fields.len(),
        View::Null | View::Bool(_) | View::Number(_) => return None,
    };
    u64::try_from(length).ok()
}

/// Whether the values of this kind can be compared at all: a null inside a list is a value, and equal to null.
pub(crate) fn is_of(kind: Kind, view: View<'_>) -> bool {
    view.kind() == kind
}

#[cfg(test)]
mod tests;
