//! One face for the two kinds of value that meet in a comparison: a call's and a document's.

use crate::literal::Literal;
use crate::scene::Work;
use json::{Decimal, Member, Node, Value};
use std::cmp::Ordering;

/// What a path finds. A JSON null counts as absent, so it is never seen at the top.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    Absent,
    /// The path steps into a present value of the wrong shape.
    Misshapen,
    Value(View<'a>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(&'a str),
    List(Items<'a>),
    Object(Fields<'a>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Items<'a> {
    Sent(&'a [Node<'a>]),
    Stated(&'a [Literal]),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Fields<'a> {
    Sent(&'a [Member<'a>]),
    /// Sorted by key.
    Stated(&'a [(Box<str>, Literal)]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl<'a> From<&'a Node<'a>> for View<'a> {
    fn from(node: &'a Node<'a>) -> Self {
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(text) => Self::Number(text),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(Items::Sent(items)),
            Value::Object(members) => Self::Object(Fields::Sent(members)),
        }
    }
}

impl<'a> From<&'a Literal> for View<'a> {
    fn from(literal: &'a Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Number(text) => Self::Number(text),
            Literal::Text(text) => Self::Text(text),
            Literal::List(items) => Self::List(Items::Stated(items)),
            Literal::Object(fields) => Self::Object(Fields::Stated(fields)),
        }
    }
}

impl<'a> From<&'a Node<'a>> for Seen<'a> {
    fn from(node: &'a Node<'a>) -> Self {
        if node.is_null() {
            Self::Absent
        } else {
            Self::Value(node.into())
        }
    }
}

impl<'a> Seen<'a> {
    pub(crate) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Value(View::Text(text)))
    }
}

impl View<'_> {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Object(_) => Kind::Object,
        }
    }

    /// Whether every number in it, at any depth, is in range: else no operator may compare it.
    pub(crate) fn is_sound(&self, work: &Work) -> bool {
        match self {
            Self::Number(text) => {
                work.spend_text(text);
                Decimal::parse(text).is_ok()
            }
            // What a document states was checked when it was compiled.
            Self::Null
            | Self::Bool(_)
            | Self::Text(_)
            | Self::List(Items::Stated(_))
            | Self::Object(Fields::Stated(_)) => true,
            Self::List(Items::Sent(nodes)) => {
                work.spend(nodes.len());
                nodes.iter().all(|node| View::from(node).is_sound(work))
            }
            Self::Object(Fields::Sent(members)) => {
                work.spend(members.len());
                members
                    .iter()
                    .all(|member| View::from(&member.node).is_sound(work))
            }
        }
    }
}

/// Deep equality: numbers as decimals, objects without regard to order, no coercion. Both sides must be sound.
pub(crate) fn same(left: View<'_>, right: View<'_>, work: &Work) -> bool {
    if !work.spend(1) {
        return false;
    }
    match (left, right) {
        (View::Null, View::Null) => true,
        (View::Bool(left), View::Bool(right)) => left == right,
        (View::Number(left), View::Number(right)) => numbers(left, right) == Some(Ordering::Equal),
        (View::Text(left), View::Text(right)) => {
            work.spend_text(left);
            left == right
        }
        (View::List(left), View::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| same(left, right, work))
        }
        (View::Object(left), View::Object(right)) => same_fields(left, right, work),
        _ => false,
    }
}

/// The order of two numbers; none where one is out of range.
pub(crate) fn numbers(left: &str, right: &str) -> Option<Ordering> {
    Some(Decimal::parse(left).ok()?.cmp(&Decimal::parse(right).ok()?))
}

/// Objects up to this many members are searched member by member; larger ones are sorted first, at the price of an
/// allocation, so that two large objects cannot cost the product of their sizes.
const SEARCHED: usize = 16;

fn same_fields(left: Fields<'_>, right: Fields<'_>, work: &Work) -> bool {
    if left.len() != right.len() {
        return false;
    }
    work.spend(left.len());
    match (left, right) {
        // Keys are unique on both sides, so that as many matches as members is equality.
        (Fields::Stated(stated), Fields::Sent(sent))
        | (Fields::Sent(sent), Fields::Stated(stated)) => sent.iter().all(|member| {
            stated
                .binary_search_by(|(key, _)| key.as_ref().cmp(member.key.as_ref()))
                .ok()
                .and_then(|at| stated.get(at))
                .is_some_and(|(_, value)| same((&member.node).into(), value.into(), work))
        }),
        (Fields::Stated(left), Fields::Stated(right)) => {
            left.iter().zip(right).all(|((key, left), (other, right))| {
                key == other && same(left.into(), right.into(), work)
            })
        }
        (Fields::Sent(left), Fields::Sent(right)) if left.len() <= SEARCHED => {
            left.iter().all(|member| {
                right
                    .iter()
                    .find(|other| other.key == member.key)
                    .is_some_and(|other| same((&member.node).into(), (&other.node).into(), work))
            })
        }
        (Fields::Sent(left), Fields::Sent(right)) => sorted(left)
            .into_iter()
            .zip(sorted(right))
            .all(|(left, right)| {
                left.key == right.key && same((&left.node).into(), (&right.node).into(), work)
            }),
    }
}

fn sorted<'a>(members: &'a [Member<'a>]) -> Vec<&'a Member<'a>> {
    let mut sorted: Vec<&Member<'_>> = members.iter().collect();
    sorted.sort_by(|left, right| left.key.cmp(&right.key));
    sorted
}

impl<'a> Items<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Sent(nodes) => nodes.len(),
            Self::Stated(literals) => literals.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<View<'a>> {
        match self {
            Self::Sent(nodes) => nodes.get(index).map(View::from),
            Self::Stated(literals) => literals.get(index).map(View::from),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = View<'a>> {
        (0..self.len()).map_while(move |index| self.get(index))
    }
}

impl Fields<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Sent(members) => members.len(),
            Self::Stated(fields) => fields.len(),
        }
    }
}
