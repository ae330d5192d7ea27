//! Where in a call's arguments, spelled as a policy's conditions spell it: for what is to be left out before anybody keeps them.

use crate::path::{Path, Step};
use json::{Node, Value};
use std::borrow::Cow;

/// `args.card.number`, `args.items[*].price`, `args["a key"]`; `args` alone is all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentPath(Path);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoArgumentPath(String);

impl ArgumentPath {
    pub fn parse(text: &str) -> Result<Self, NoArgumentPath> {
        let path = Path::parse(text).map_err(|flaw| NoArgumentPath(flaw.message))?;
        if path.is_argument() {
            Ok(Self(path))
        } else {
            let said =
                format!("expected a path into the arguments, as `args.card.number`, got `{text}`");
            Err(NoArgumentPath(said))
        }
    }

    /// Puts the text `instead` where the path leads. A value of another shape than the path expects goes as a whole: what lies in
    /// it may be what was meant.
    pub fn replace(&self, arguments: &mut Node<'_>, instead: &'static str) {
        replace(arguments, &self.0.steps, instead);
    }
}

fn replace(node: &mut Node<'_>, steps: &[Step], instead: &'static str) {
    match (steps.split_first(), &mut node.value) {
        (Some((Step::Key(key), rest)), Value::Object(members)) => {
            let meant = members.iter_mut().filter(|member| *member.key == **key);
            meant.for_each(|member| replace(&mut member.node, rest, instead));
        }
        (Some((Step::Index(index), rest)), Value::Array(items)) => {
            if let Some(item) = items.get_mut(*index) {
                replace(item, rest, instead);
            }
        }
        (Some((Step::Every, rest)), Value::Array(items)) => {
            for item in items {
                replace(item, rest, instead);
            }
        }
        (Some(_), Value::Null) => {}
        _ => node.value = Value::String(Cow::Borrowed(instead)),
    }
}

#[cfg(test)]
mod tests;
