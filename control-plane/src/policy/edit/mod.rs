//! Edits of a draft by form: each is a function from one document to the next, over its text, so that what a form cannot
//! say stays as it was written. Pure. What the result is worth, the crate `::policy` says.

pub mod spell;
pub mod splice;

use json::Node;
use spell::Json;
use splice::{Step, look, put, read, take};

/// Whose rules are edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    AllTools,
    /// The entry of this selector.
    Entry(String),
}

/// What is said of a tool in one word. Everything else an entry may hold makes it custom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It has no entry of its own: another one, or `default`, answers.
    None,
    Allow,
    Deny,
    Hide,
    Approve,
    Custom,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The whole entry is this word; a reason stays.
    Say { selector: String, word: Word },
    /// A key at the top of the document.
    Set {
        key: &'static str,
        value: Option<Json>,
    },
    /// A key of some rules, or one below it.
    Rule {
        of: Of,
        keys: &'static [&'static str],
        value: Option<Json>,
    },
    /// An item of a list of some rules, the one at `index` or a new one.
    Item {
        of: Of,
        list: &'static str,
        index: Option<usize>,
        value: Json,
    },
    Drop {
        of: Of,
        list: &'static str,
        index: usize,
    },
}

/// The document is such that the edit has no place in it. Nothing is overwritten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct CannotEdit {
    pub pointer: String,
    pub why: String,
}

impl CannotEdit {
    pub fn new(pointer: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            why: why.into(),
        }
    }
}

/// What stays of an entry that becomes one word.
const KEPT: [&str; 2] = ["action", "reason"];

impl Word {
    pub const SAID: [Self; 5] = [
        Self::None,
        Self::Allow,
        Self::Deny,
        Self::Hide,
        Self::Approve,
    ];

    /// As forms and URLs write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Hide => "hide",
            Self::Approve => "approve",
            Self::Custom => "custom",
        }
    }

    /// As people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "as the rest",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Hide => "hide",
            Self::Approve => "ask a person",
            Self::Custom => "custom",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::SAID
            .into_iter()
            .chain([Self::Custom])
            .find(|it| it.word() == word)
    }

    pub fn of(entry: Option<&Node<'_>>) -> Self {
        let Some(entry) = entry else {
            return Self::None;
        };
        let is_plain = entry
            .as_object()
            .is_some_and(|members| members.iter().all(|member| KEPT.contains(&&*member.key)));
        let action = entry.get("action").map(Node::as_str);
        match action {
            _ if !is_plain => Self::Custom,
            None | Some(Some("allow")) => Self::Allow,
            Some(Some("deny")) => Self::Deny,
            Some(Some("hide")) => Self::Hide,
            Some(Some("require_approval")) => Self::Approve,
            Some(_) => Self::Custom,
        }
    }

    /// The `action` of an entry that says so.
    const fn action(self) -> Option<&'static str> {
        match self {
            Self::Deny => Some("deny"),
            Self::Hide => Some("hide"),
            Self::Approve => Some("require_approval"),
            Self::None | Self::Allow | Self::Custom => None,
        }
    }
}

impl Of {
    fn way(&self) -> Vec<Step<'_>> {
        match self {
            Self::AllTools => vec![Step::Key("all_tools")],
            Self::Entry(selector) => vec![Step::Key("tools"), Step::Key(selector)],
        }
    }

    pub fn pointer(&self) -> String {
        match self {
            Self::AllTools => "/all_tools".to_owned(),
            Self::Entry(selector) => format!("/tools/{}", json::pointer_escape(selector)),
        }
    }
}

impl Edit {
    /// The document after the edit.
    pub fn apply(&self, text: &str) -> Result<String, CannotEdit> {
        match self {
            Self::Say { selector, word } => say(text, selector, *word),
            Self::Set { key, value } => set(text, &[Step::Key(key)], value.as_ref()),
            Self::Rule { of, keys, value } => {
                let mut way = of.way();
                way.extend(keys.iter().map(|key| Step::Key(key)));
                set(text, &way, value.as_ref())
            }
            Self::Item {
                of,
                list,
                index,
                value,
            } => {
                let mut way = of.way();
                way.push(Step::Key(list));
                way.push(index.map_or(Step::End, Step::Index));
                put(text, &way, value)
            }
            Self::Drop { of, list, index } => {
                let mut way = of.way();
                way.push(Step::Key(list));
                way.push(Step::Index(*index));
                let text = take(text, &way)?;
                // An empty list says nothing.
                way.pop();
                let is_empty = look(&read(&text)?.root, &way)
                    .and_then(Node::as_array)
                    .is_some_and(<[_]>::is_empty);
                if is_empty {
                    take(&text, &way)
                } else {
                    Ok(text)
                }
            }
        }
    }

    /// The keys of the entry that would be gone after the edit: who edits is asked first.
    pub fn loses(&self, text: &str) -> Result<Vec<String>, CannotEdit> {
        let Self::Say { selector, word } = self else {
            return Ok(Vec::new());
        };
        let document = read(text)?;
        let entry = look(&document.root, &[Step::Key("tools"), Step::Key(selector)]);
        let members = entry.and_then(Node::as_object).unwrap_or_default();
        let kept: &[&str] = if *word == Word::None {
            &["action"]
        } else {
            &KEPT
        };
        Ok(members
            .iter()
            .filter(|member| !kept.contains(&&*member.key))
            .map(|member| member.key.to_string())
            .collect())
    }
}

fn set(text: &str, way: &[Step<'_>], value: Option<&Json>) -> Result<String, CannotEdit> {
    match value {
        Some(value) => put(text, way, value),
        None => take(text, way),
    }
}

fn say(text: &str, selector: &str, word: Word) -> Result<String, CannotEdit> {
    let way = [Step::Key("tools"), Step::Key(selector)];
    let document = read(text)?;
    let entry = look(&document.root, &way);
    let action = word.action().map(Json::text);
    match (word, entry.and_then(Node::as_object)) {
        (Word::Custom, _) => Ok(text.to_owned()),
        (Word::None, _) => take(text, &way),
        (_, None) => {
            let members = action.map(|action| ("action".to_owned(), action));
            put(text, &way, &Json::Object(members.into_iter().collect()))
        }
        (_, Some(members)) => {
            let mut changed = text.to_owned();
            for member in members.iter().filter(|it| !KEPT.contains(&&*it.key)) {
                changed = take(&changed, &[way[0], way[1], Step::Key(&member.key)])?;
            }
            set(
                &changed,
                &[way[0], way[1], Step::Key("action")],
                action.as_ref(),
            )
        }
    }
}

#[cfg(test)]
mod tests;
