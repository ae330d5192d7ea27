//! What a table says of a value: its type, its words, its bounds.

use super::form::Form;

#[derive(Debug)]
pub(crate) enum Shape {
    /// One of these words.
    Word(&'static [&'static str]),
    Text(Form),
    /// A whole number in these bounds; `10`, `10.0` and `1e1` are one.
    Whole {
        least: u64,
        most: u64,
    },
    List {
        of: &'static Shape,
        least: usize,
        most: usize,
    },
    Object(&'static Object),
    /// An object with keys of the author's choice.
    Map {
        keys: Form,
        of: &'static Shape,
        most: usize,
    },
    /// Told apart by JSON type.
    Either(&'static [Shape]),
    /// Told apart by a key that only one of them has; the last is meant where none is there.
    Marked {
        marks: &'static [(&'static str, &'static Object)],
        else_: &'static Object,
    },
    /// As another table says: how a table refers to itself.
    See(&'static Shape),
    /// What an operator compares with: the operator says.
    Operand,
}

#[derive(Debug)]
pub(crate) struct Object {
    /// Its name in the schema, and in findings.
    pub(crate) name: &'static str,
    /// In groups, so that objects can share them.
    pub(crate) keys: &'static [&'static [Key]],
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) is_required: bool,
    pub(crate) shape: Shape,
    pub(crate) about: &'static str,
}

impl Key {
    pub(crate) const fn must(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            is_required: true,
            shape,
            about,
        }
    }

    pub(crate) const fn may(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            is_required: false,
            shape,
            about,
        }
    }
}

impl Object {
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().copied().flatten()
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}
