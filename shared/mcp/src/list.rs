//! A page of `tools/list`: which tools it holds, and the same bytes without some of them.
//!
//! Whole entries are cut out of the upstream's own text; what stays is as it was, to the byte. Which entries stay is
//! asked of the caller. An answer that can be read in two ways is no page at all.

use crate::edit::{Edit, removals};
use crate::known;
use crate::reply::Unreadable;
use json::{Document, Node, Span};

/// A tool of the page.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d> {
    pub name: &'d str,
    pub definition: &'d Node<'d>,
}

#[derive(Debug)]
pub struct Page<'d> {
    entries: Vec<&'d Node<'d>>,
    public: Option<Span>,
}

impl<'d> Page<'d> {
    /// The page in an answer; `None` where the answer is an error and lists nothing.
    pub fn of(document: &'d Document<'d>) -> Result<Option<Self>, Unreadable> {
        if !document.refusals.is_empty() {
            return Err(Unreadable("a list that can be read in two ways"));
        }
        let root = &document.root;
        if root.as_object().is_none() || known::look_alike(root).is_some() {
            return Err(Unreadable("a list that is no single answer"));
        }
        let Some(result) = root.get("result") else {
            return match root.get("error") {
                Some(_) => Ok(None),
                None => Err(Unreadable("neither a result nor an error")),
            };
        };
        if known::in_object(result, &["tools", "cacheScope", "nextCursor"]).is_some() {
            return Err(Unreadable("a list with keys that look like known ones"));
        }
        let entries = result
            .get("tools")
            .and_then(Node::as_array)
            .ok_or(Unreadable("a tool list without tools"))?;
        if entries
            .iter()
            .any(|entry| known::in_object(entry, &["name"]).is_some())
        {
            return Err(Unreadable("a tool with two names"));
        }
        Ok(Some(Self {
            entries: entries.iter().collect(),
            public: result
                .get("cacheScope")
                .filter(|scope| scope.as_str() == Some("public"))
                .map(|scope| scope.span),
        }))
    }

    /// The tools that have a name, in the order given.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'d>> {
        self.entries.iter().filter_map(|node| entry(node))
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What must change so that only the tools stay that `keep` says yes to. One without a name cannot be asked about,
    /// and goes.
    pub fn cuts(&self, mut keep: impl FnMut(&Entry<'d>) -> bool) -> Vec<Edit> {
        let kept: Vec<bool> = self
            .entries
            .iter()
            .map(|node| entry(node).is_some_and(|entry| keep(&entry)))
            .collect();
        let spans: Vec<Span> = self.entries.iter().map(|node| node.span).collect();
        let mut edits = removals(&spans, &kept);
        if let Some(span) = self.public {
            edits.push(Edit {
                span,
                text: "\"private\"".to_owned(),
            });
        }
        edits
    }
}

fn entry<'d>(node: &'d Node<'d>) -> Option<Entry<'d>> {
    Some(Entry {
        name: node.get("name")?.as_str()?,
        definition: node,
    })
}

#[cfg(test)]
mod tests;
