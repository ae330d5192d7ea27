//! What a form shows of a draft: each tool of a server with the word that the draft has for it, and where that word comes
//! from. Pure. What cannot be shown is named, and left as it is.

use super::edit::spell::{Json, Layout};
use super::edit::splice::{Step, look, read};
use super::edit::{CannotEdit, Word};
use ::policy::Category;
use json::Node;
use serde::Deserialize;

/// What the server itself says of a tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Hints {
    #[serde(default, rename = "readOnlyHint")]
    pub read_only: Option<bool>,
    #[serde(default, rename = "destructiveHint")]
    pub destructive: Option<bool>,
}

#[derive(Debug, Clone)]
pub struct Facts<'t> {
    pub name: &'t str,
    pub category: Category,
}

/// One tool, as the draft has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Of its own entry.
    pub word: Word,
    /// What it comes to.
    pub effect: Word,
    /// Where that comes from, when not from its own entry.
    pub from: String,
    /// What a custom entry holds.
    pub holds: String,
    /// Why its word cannot be chosen in the table.
    pub fixed: Option<String>,
}

/// An entry that is for no tool of the server by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    pub selector: String,
    pub word: Word,
    pub holds: String,
}

#[derive(Debug)]
pub struct Outline {
    pub default: Option<String>,
    pub timezone: String,
    pub hide: Vec<String>,
    /// None where the draft leaves it to `default`.
    pub methods: Option<Vec<String>>,
    pub all_tools: String,
    pub tools: Vec<Standing>,
    pub others: Vec<Other>,
}

/// Names that a selector can say exactly: no wildcard in them, and not spelt as a category.
pub fn is_selectable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('@')
        && !name.contains(['*', '?'])
        && name.chars().count() <= 256
}

impl Outline {
    /// Refuses a draft that has no form: what stands where is not clear enough to change it.
    pub fn of(text: &str, tools: &[Facts<'_>]) -> Result<Self, CannotEdit> {
        let document = read(text)?;
        let root = &document.root;
        object(Some(root), "")?;
        for key in ["tools", "all_tools"] {
            object(root.get(key), &format!("/{key}"))?;
        }
        let hide = texts(root, "hide")?.unwrap_or_default();
        let methods = texts(root, "methods")?;
        let entries = root
            .get("tools")
            .and_then(Node::as_object)
            .unwrap_or_default();
        let word_of =
            |selector: &str| Word::of(look(root, &[Step::Key("tools"), Step::Key(selector)]));
        let text_of = |key: &str| root.get(key).and_then(Node::as_str).map(str::to_owned);
        let default = text_of("default");
        let skeleton = skeleton(
            default.as_deref(),
            &hide,
            entries.iter().map(|entry| &*entry.key),
        );
        let stand = |tool: &Facts<'_>| {
            let own = look(root, &[Step::Key("tools"), Step::Key(tool.name)]);
            let word = if is_selectable(tool.name) {
                Word::of(own)
            } else {
                Word::None
            };
            let mut standing = Standing {
                word,
                effect: word,
                from: String::new(),
                holds: if word == Word::Custom {
                    own.map(holds).unwrap_or_default()
                } else {
                    String::new()
                },
                fixed: None,
            };
            let Some(skeleton) = &skeleton else {
                "cannot be told while the draft has errors".clone_into(&mut standing.from);
                return standing;
            };
            if skeleton.is_in_hide(tool.name, tool.category) {
                standing.effect = Word::Hide;
                standing.fixed = Some("in the list of hidden tools".to_owned());
            } else if !is_selectable(tool.name) {
                standing.fixed = Some("no entry can name it alone".to_owned());
            }
            if word == Word::None && standing.effect != Word::Hide {
                let rule = skeleton.entry_rule(tool.name, tool.category);
                let selector = rule.and_then(|rule| rule.strip_prefix("/tools/"));
                let selector = selector.map(|it| it.replace("~1", "/").replace("~0", "~"));
                (standing.effect, standing.from) = match selector {
                    Some(selector) => (word_of(&selector), format!("as `{selector}` says")),
                    None if default.as_deref() == Some("allow") => {
                        (Word::Allow, "by default".to_owned())
                    }
                    None => (Word::Deny, "by default".to_owned()),
                };
            }
            standing
        };
        let others = entries
            .iter()
            .filter(|entry| tools.iter().all(|tool| tool.name != entry.key));
        Ok(Self {
            timezone: text_of("timezone").unwrap_or_default(),
            all_tools: root.get("all_tools").map(holds).unwrap_or_default(),
            tools: tools.iter().map(stand).collect(),
            others: others
                .map(|entry| Other {
                    selector: entry.key.to_string(),
                    word: Word::of(Some(&entry.node)),
                    holds: holds(&entry.node),
                })
                .collect(),
            default,
            hide,
            methods,
        })
    }
}

fn object(node: Option<&Node<'_>>, pointer: &str) -> Result<(), CannotEdit> {
    match node {
        Some(node) if node.as_object().is_none() => Err(CannotEdit::new(
            pointer,
            format!(
                "expected an object here, and there is a {}",
                node.type_name()
            ),
        )),
        _ => Ok(()),
    }
}

fn texts(root: &Node<'_>, key: &str) -> Result<Option<Vec<String>>, CannotEdit> {
    let Some(node) = root.get(key) else {
        return Ok(None);
    };
    let items = node
        .as_array()
        .map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)));
    match items.and_then(Iterator::collect) {
        Some(texts) => Ok(Some(texts)),
        None => Err(CannotEdit::new(
            format!("/{key}"),
            "expected a list of texts here",
        )),
    }
}

/// Which entry applies is the language's to say: it is asked with a document of these selectors and nothing else.
fn skeleton<'s>(
    default: Option<&str>,
    hide: &[String],
    selectors: impl Iterator<Item = &'s str>,
) -> Option<::policy::Policy> {
    let is_known = |selector: &str| {
        let is_glob = selector.contains(['*', '?']);
        let category = selector.strip_prefix('@').filter(|_| !is_glob);
        !selector.is_empty()
            && selector.chars().count() <= 256
            && category.is_none_or(|word| Category::from_word(word).is_some())
    };
    let entries = selectors
        .filter(|selector| is_known(selector))
        .map(|selector| (selector.to_owned(), Json::Object(Vec::new())));
    let hide = hide
        .iter()
        .filter(|selector| is_known(selector))
        .map(Json::text);
    let document = Json::object([
        ("version", Json::text("1")),
        (
            "default",
            Json::text(if default == Some("allow") {
                "allow"
            } else {
                "deny"
            }),
        ),
        ("hide", Json::List(hide.collect())),
        ("tools", Json::Object(entries.collect())),
    ]);
    let layout = Layout {
        is_broken: false,
        unit: "",
    };
    ::policy::compile(&document.spell(layout, "")).ok()
}

/// What some rules hold, in words: enough to know them again.
fn holds(rules: &Node<'_>) -> String {
    let Some(members) = rules.as_object() else {
        return "something that is no entry".to_owned();
    };
    let count = |node: &Node<'_>, one: &str, many: &str| {
        let count = node.as_array().map_or(1, <[_]>::len);
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let words = members.iter().filter_map(|member| {
        let node = &member.node;
        Some(match &*member.key {
            "action" => match node.as_str()? {
                "require_approval" => "asks a person".to_owned(),
                "allow" => return None,
                other => other.to_owned(),
            },
            "require" => count(node, "demand", "demands"),
            "deny_if" => count(node, "condition to deny", "conditions to deny"),
            "approve_if" => count(node, "condition to ask", "conditions to ask"),
            "limits" => count(node, "limit", "limits"),
            "rate_limit" => "a rate limit".to_owned(),
            "arguments" => "arguments checked".to_owned(),
            "approval" => "approval settings".to_owned(),
            "record" => "record settings".to_owned(),
            "mode" if node.as_str() == Some("shadow") => "in shadow".to_owned(),
            "mode" | "reason" => return None,
            other => format!("`{other}`"),
        })
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
