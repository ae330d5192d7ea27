//! What changed between two definitions of a tool, in words. PURE. Two definitions that differ have at least one change;
//! equal ones, in whatever order their keys stand, have none.

mod schema;

use crate::server::tool::DEEPEST;
use json::{Document, Limits, Node};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// So many changes are told of one tool; what is left is counted in the last.
const MOST: usize = 60;
/// An object with more members is compared as one: no honest schema is so wide.
const WIDEST: usize = 256;
/// Of a text that is quoted, in characters.
const LONGEST: usize = 600;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    pub kind: Kind,
    /// Where: `description`, `args.request.path`, `annotations.readOnlyHint`, `outputSchema`.
    pub path: String,
    /// In a sentence.
    pub said: String,
    /// What stood there, shortened; absent where the sentence says it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The tool is new.
    ToolAdded,
    /// What a model reads is worded otherwise.
    Wording,
    Title,
    ParameterAdded,
    /// A new parameter that must be given, or one that must be given now.
    ParameterRequired,
    /// One that need not be given any more.
    ParameterOptional,
    ParameterRemoved,
    TypeChanged,
    /// It takes more than before.
    Widened,
    /// It takes less than before.
    Narrowed,
    /// Other choices, neither more nor less.
    ChoicesChanged,
    /// Something else in the schema.
    SchemaChanged,
    /// A claim of the server about the tool.
    AnnotationFlipped,
    OutputSchema,
    /// Anything else.
    Other,
}

/// From the accepted definition to the one that is seen. Without an accepted one the tool is new.
pub fn changes(before: Option<&str>, after: &str) -> Vec<Change> {
    let Some(before) = before else {
        return vec![plain(Kind::ToolAdded, "", "the tool is new".to_owned())];
    };
    let (Some(old), Some(new)) = (read(before), read(after)) else {
        // Neither was recorded unread; were it so, the bytes still tell.
        let said = "the definition is another one".to_owned();
        return if before == after {
            Vec::new()
        } else {
            vec![plain(Kind::Other, "", said)]
        };
    };
    let mut found = Found::default();
    members(&old.root, &new.root, &mut found);
    if found.changes.is_empty() && json::canonical(&old.root) != json::canonical(&new.root) {
        found.add(plain(
            Kind::Other,
            "",
            "the definition is another one".to_owned(),
        ));
    }
    found.into_changes()
}

/// Of a tool whose accepted definition nobody kept.
pub fn without_accepted() -> Vec<Change> {
    let said = "the definition is another one than was accepted, which was not kept";
    vec![plain(Kind::Other, "", said.to_owned())]
}

fn read(text: &str) -> Option<Document<'_>> {
    let limits = Limits {
        bytes: text.len(),
        depth: DEEPEST,
        values: mcp::reply::MOST_VALUES,
    };
    json::read(text.as_bytes(), &limits).ok()
}

fn members(old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    if is_wide(old) || is_wide(new) {
        return;
    }
    for key in keys(old, new) {
        let (was, is) = (old.get(&key), new.get(&key));
        if same(was, is) {
            continue;
        }
        match key.as_str() {
            "description" => found.add(worded(
                Kind::Wording,
                "description",
                "its description",
                was,
                is,
            )),
            "title" => found.add(worded(Kind::Title, "title", "its title", was, is)),
            "inputSchema" => schema::compare(was, is, found),
            "annotations" => annotations(was, is, found),
            "outputSchema" => {
                let said = match (was, is) {
                    (None, _) => "it says now what its answers look like",
                    (_, None) => "it does not say any more what its answers look like",
                    _ => "its answers look different",
                };
                found.add(plain(Kind::OutputSchema, "outputSchema", said.to_owned()));
            }
            _ => found.add(quoted(
                Kind::Other,
                &key,
                format!("`{}` changed", short(&key)),
                was,
                is,
            )),
        }
    }
}

fn annotations(old: Option<&Node<'_>>, new: Option<&Node<'_>>, found: &mut Found) {
    let nothing = Node {
        value: json::Value::Object(Vec::new()),
        span: json::Span { start: 0, end: 0 },
    };
    let (old, new) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
    let is_odd = |node: &Node<'_>| node.as_object().is_none() || is_wide(node);
    if is_odd(old) || is_odd(new) {
        return found.add(quoted(
            Kind::AnnotationFlipped,
            "annotations",
            "its server claims something else of it".to_owned(),
            Some(old),
            Some(new),
        ));
    }
    for key in keys(old, new) {
        let (was, is) = (old.get(&key), new.get(&key));
        if same(was, is) {
            continue;
        }
        let path = format!("annotations.{}", short(&key));
        if key == "title" {
            found.add(worded(Kind::Title, &path, "its title", was, is));
            continue;
        }
        let said = |node: Option<&Node<'_>>| match node.and_then(Node::as_bool) {
            Some(true) => "yes",
            Some(false) => "no",
            None if node.is_none() => "nothing",
            None => "something else",
        };
        let sentence = format!(
            "its server said {} to `{}` and says {} now",
            said(was),
            short(&key),
            said(is)
        );
        found.add(quoted(Kind::AnnotationFlipped, &path, sentence, was, is));
    }
}

/// The keys of both, each once, in the order of the new one.
fn keys(old: &Node<'_>, new: &Node<'_>) -> Vec<String> {
    let of = |node: &Node<'_>| -> Vec<String> {
        let members = node.as_object().unwrap_or_default();
        members
            .iter()
            .map(|member| member.key.to_string())
            .collect()
    };
    let mut all = of(new);
    let known: std::collections::HashSet<String> = all.iter().cloned().collect();
    all.extend(of(old).into_iter().filter(|key| !known.contains(key)));
    all
}

fn is_wide(node: &Node<'_>) -> bool {
    node.as_object()
        .is_some_and(|members| members.len() > WIDEST)
}

fn same(was: Option<&Node<'_>>, is: Option<&Node<'_>>) -> bool {
    match (was, is) {
        (None, None) => true,
        (Some(was), Some(is)) => json::canonical(was) == json::canonical(is),
        _ => false,
    }
}

fn worded(
    kind: Kind,
    path: &str,
    what: &str,
    was: Option<&Node<'_>>,
    is: Option<&Node<'_>>,
) -> Change {
    let said = match (was, is) {
        (None, _) => format!("{what} is new"),
        (_, None) => format!("{what} is gone"),
        _ => format!("{what} is worded otherwise"),
    };
    quoted(kind, path, said, was, is)
}

fn quoted(
    kind: Kind,
    path: &str,
    said: String,
    was: Option<&Node<'_>>,
    is: Option<&Node<'_>>,
) -> Change {
    let quote = |node: &Node<'_>| {
        let text = node
            .as_str()
            .map_or_else(|| json::canonical(node), str::to_owned);
        cut(&text, LONGEST)
    };
    Change {
        kind,
        path: path.to_owned(),
        said,
        before: was.map(quote),
        after: is.map(quote),
    }
}

fn plain(kind: Kind, path: &str, said: String) -> Change {
    Change {
        kind,
        path: path.to_owned(),
        said,
        before: None,
        after: None,
    }
}

/// A name of the server's own, as much of it as a sentence holds.
fn short(text: &str) -> String {
    cut(text, 80)
}

fn cut(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let mut kept: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        kept.push('…');
    }
    kept
}

#[derive(Debug, Default)]
struct Found {
    changes: Vec<Change>,
    more: usize,
}

impl Found {
    fn add(&mut self, change: Change) {
        if self.changes.len() < MOST {
            self.changes.push(change);
        } else {
            self.more += 1;
        }
    }

    fn is_full(&self) -> bool {
        self.changes.len() >= MOST
    }

    fn into_changes(mut self) -> Vec<Change> {
        if self.more > 0 {
            let said = format!("{} more changes", self.more);
            self.changes.push(plain(Kind::Other, "", said));
        }
        self.changes
    }
}

#[cfg(test)]
mod tests;
