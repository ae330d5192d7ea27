//! A value that a document states: owned, checked to be judgeable, with its objects sorted for the search.

use json::{Decimal, Node, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(Box<str>),
    Text(Box<str>),
    List(Vec<Literal>),
    /// Sorted by key.
    Object(Vec<(Box<str>, Literal)>),
}

impl Literal {
    /// None where a number, at any depth, is out of range.
    pub(crate) fn read(node: &Node<'_>) -> Option<Self> {
        Some(match &node.value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(text) => Self::Number(Decimal::parse(text).ok()?.canonical().into()),
            Value::String(text) => Self::Text(text.as_ref().into()),
            Value::Array(items) => Self::List(items.iter().map(Self::read).collect::<Option<_>>()?),
            Value::Object(members) => {
                let mut fields = members
                    .iter()
                    .map(|member| Some((member.key.as_ref().into(), Self::read(&member.node)?)))
                    .collect::<Option<Vec<(Box<str>, Self)>>>()?;
                fields.sort_by(|(left, _), (right, _)| left.cmp(right));
                Self::Object(fields)
            }
        })
    }
}
