//! The rules of a list as items of a page: each with its form, its place in the draft, and what is wrong with it.

use super::sent::Sent;
use ::policy::Finding;
use json::Node;

#[derive(Debug)]
pub struct List<T> {
    pub key: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    pub items: Vec<Item<T>>,
}

/// One rule, or the empty form of the next one.
#[derive(Debug)]
pub struct Item<T> {
    pub list: &'static str,
    pub index: Option<usize>,
    /// None where the form cannot say it.
    pub form: Option<T>,
    /// As the draft writes it; by it the rule is known again when somebody else has moved it.
    pub was: String,
    pub line: Option<u32>,
    pub is_open: bool,
    pub faults: Vec<Fault>,
}

/// What is wrong, by the way to it inside of what was edited.
#[derive(Debug, Clone)]
pub struct Fault {
    pub at: String,
    pub said: String,
}

pub fn items<T: Default>(
    rules: Option<&Node<'_>>,
    key: &'static str,
    text: &str,
    read: impl Fn(&Node<'_>) -> Option<T>,
) -> Vec<Item<T>> {
    let nodes = rules
        .and_then(|rules| rules.get(key))
        .and_then(Node::as_array)
        .unwrap_or_default();
    let there = nodes.iter().enumerate().map(|(index, node)| Item {
        list: key,
        index: Some(index),
        form: read(node),
        was: node.span.of(text).to_owned(),
        line: Some(json::position(text, node.span.start as usize).0),
        is_open: false,
        faults: Vec::new(),
    });
    let next = Item {
        list: key,
        index: None,
        form: Some(T::default()),
        was: String::new(),
        line: None,
        is_open: false,
        faults: Vec::new(),
    };
    there.chain([next]).collect()
}

pub fn retype<T>(items: &mut [Item<T>], sent: &Sent, form: T, worse: &[Finding], base: &str) {
    let same = |item: &Item<T>| {
        item.index.is_some() && item.index == sent.index() && item.was == sent.was()
    };
    let position = items
        .iter()
        .position(same)
        .or_else(|| {
            items
                .iter()
                .position(|item| item.index.is_some() && item.was == sent.was())
        })
        .unwrap_or(items.len().saturating_sub(1));
    let new = items.len().saturating_sub(1);
    if let Some(item) = items.get_mut(position) {
        let index = item.index.unwrap_or(new);
        item.faults = faults(worse, &format!("{base}/{index}"));
        (item.form, item.is_open) = (Some(form), true);
    }
}

pub fn faults(worse: &[Finding], base: &str) -> Vec<Fault> {
    worse
        .iter()
        .map(|finding| {
            let inside = finding.pointer.strip_prefix(base);
            let hint = finding
                .hint
                .as_ref()
                .map(|hint| format!(" ({hint})"))
                .unwrap_or_default();
            Fault {
                at: inside.unwrap_or(&finding.pointer).to_owned(),
                said: format!("{}{hint}", finding.message),
            }
        })
        .collect()
}

pub fn is_below(at: &str, field: &str) -> bool {
    at.strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub fn said_at<'f>(faults: &'f [Fault], at: &str) -> Option<&'f str> {
    faults
        .iter()
        .find(|fault| is_below(&fault.at, at))
        .map(|fault| fault.said.as_str())
}

impl<T> Item<T> {
    /// As part of the names of its fields.
    pub fn id(&self) -> String {
        let index = self
            .index
            .map_or_else(|| "new".to_owned(), |index| index.to_string());
        format!("{}-{index}", self.list)
    }

    pub fn fault(&self, at: &str) -> Option<&str> {
        said_at(&self.faults, at)
    }

    /// What is wrong with a key of the rule itself.
    pub fn at(&self, key: &str) -> Option<&str> {
        let also = if key == "max" { "/concurrency" } else { "" };
        self.fault(&format!("/{key}"))
            .or_else(|| self.fault(also).filter(|_| !also.is_empty()))
    }

    pub fn in_row(&self, row: usize, key: &str) -> Option<&str> {
        self.fault(&format!("/conditions/{row}/{key}"))
    }

    /// What is wrong where there is no field for it.
    pub fn elsewhere(&self) -> impl Iterator<Item = &Fault> {
        const FIELDS: [&str; 14] = [
            "/id",
            "/on_deny",
            "/on_hold",
            "/counter",
            "/concurrency",
            "/max",
            "/window",
            "/scope",
            "/by",
            "/cost",
            "/count",
            "/methods",
            "/on_outage",
            "/message",
        ];
        self.faults.iter().filter(|fault| {
            let mut parts = fault.at.split('/').skip(1);
            let is_row = parts.next() == Some("conditions")
                && parts.next().is_some()
                && matches!(parts.next(), Some("path" | "op" | "value" | "each"));
            !is_row && FIELDS.iter().all(|field| !is_below(&fault.at, field))
        })
    }
}
