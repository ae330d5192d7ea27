//! The keys of some rules that hold one word each.

use super::{said, typed, words};
use crate::policy::edit::spell::Json;
use crate::policy::edit::{Edit, Of};
use ::policy::{Action, Record};
use json::Node;

/// None where what stands there is nothing that a field can say; it is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub action: Option<String>,
    pub reason: Option<String>,
    pub mode: Option<String>,
    pub arguments: Option<String>,
    pub record: Option<String>,
    pub rate_limit: Option<String>,
    pub timeout: Option<String>,
    pub approvers: Option<String>,
    pub wait: Option<String>,
}

impl Settings {
    pub fn read(rules: Option<&Node<'_>>) -> Self {
        let Some(rules) = rules else {
            return Self::of(|_| Some(String::new()));
        };
        let mut read = Self::of(|way| {
            let (holder, key) = match way {
                [key] => (Some(rules), *key),
                [above, key] => (rules.get(above), *key),
                _ => return None,
            };
            let Some(holder) = holder else {
                return Some(String::new());
            };
            holder.as_object()?;
            let number = || holder.get(key)?.as_number().map(str::to_owned);
            words(holder, key)
                .or_else(number)
                .filter(|text| !text.contains(char::is_control))
        });
        // A word that no choice offers would be lost by choosing.
        let known = |word: Option<String>, words: &[&str]| {
            word.filter(|word| word.is_empty() || words.contains(&word.as_str()))
        };
        read.action = known(read.action, Action::WORDS);
        read.mode = known(read.mode, &["enforce", "shadow"]);
        read.arguments = known(read.arguments, &["declared", "closed"]);
        read.record = known(read.record, Record::WORDS);
        read
    }

    /// One for each field, by the way to it.
    fn of(read: impl Fn(&[&str]) -> Option<String>) -> Self {
        Self {
            action: read(&["action"]),
            reason: read(&["reason"]),
            mode: read(&["mode"]),
            arguments: read(&["arguments"]),
            record: read(&["record"]),
            rate_limit: read(&["rate_limit"]),
            timeout: read(&["approval", "timeout"]),
            approvers: read(&["approval", "approvers"]),
            wait: read(&["approval", "wait"]),
        }
    }

    fn fields(&self) -> [(&'static [&'static str], &Option<String>); 9] {
        [
            (&["action"], &self.action),
            (&["reason"], &self.reason),
            (&["mode"], &self.mode),
            (&["arguments"], &self.arguments),
            (&["record"], &self.record),
            (&["rate_limit"], &self.rate_limit),
            (&["approval", "timeout"], &self.timeout),
            (&["approval", "approvers"], &self.approvers),
            (&["approval", "wait"], &self.wait),
        ]
    }

    /// What leads from these settings to the others: a field that is as it was is not written again.
    pub fn edits(&self, of: &Of, to: &Self) -> Vec<Edit> {
        let fields = self.fields().into_iter().zip(to.fields());
        let changed = fields.filter_map(|((keys, was), (_, is))| match (was, is) {
            (Some(was), Some(is)) if meant(was) != meant(is) => Some((keys, meant(is))),
            _ => None,
        });
        changed
            .map(|(keys, text)| Edit::Rule {
                of: of.clone(),
                keys,
                value: said(text).map(|value| match (keys.last(), value) {
                    (Some(&"approvers"), Json::Text(text)) => typed(&text),
                    (_, value) => value,
                }),
            })
            .collect()
    }
}

/// Words that say no more than silence does.
fn meant(text: &str) -> &str {
    match text.trim() {
        "allow" | "enforce" => "",
        text => text,
    }
}
