//! Surgery on JSON text: one value is put in, replaced or taken out, and every other byte stays as it is.

use super::CannotEdit;
use super::spell::{Json, Layout, indent, quote};
use json::{Document, Limits, Member, Node, Value, pointer_escape};

/// One step towards a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'s> {
    Key(&'s str),
    Index(usize),
    /// Behind the last of a list.
    End,
}

/// A document is read as far as the language lets one go, and a little further, so that a draft that is too long can be
/// shortened by form.
const READ: Limits = Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 17,
};

/// The document as a tree, if there is no doubt which value any way leads to.
pub fn read(text: &str) -> Result<Document<'_>, CannotEdit> {
    let document = json::read(text.as_bytes(), &READ)
        .map_err(|fault| CannotEdit::new("", format!("this is no JSON: {fault}")))?;
    match document.refusals.first() {
        Some(refusal) => Err(CannotEdit::new(
            refusal.pointer.clone(),
            refusal.kind.to_string(),
        )),
        None => Ok(document),
    }
}

/// Puts the value there, in the place of what there is; objects and lists on the way are made where they are missing.
pub fn put(text: &str, way: &[Step<'_>], value: &Json) -> Result<String, CannotEdit> {
    let document = read(text)?;
    let mut node = &document.root;
    let mut walked = String::new();
    for (depth, step) in way.iter().enumerate() {
        let rest = way.get(depth + 1..).unwrap_or_default();
        match (step, &node.value) {
            (Step::Key(key), Value::Object(members)) => {
                match members.iter().find(|member| member.key == *key) {
                    Some(member) => node = &member.node,
                    None if depth == 0 && !rest.is_empty() => {
                        // What stands at the top grows: it gets lines of its own from the beginning.
                        let empty = Json::Raw(
                            if rest.first() == Some(&Step::End) {
                                "[]"
                            } else {
                                "{}"
                            }
                            .to_owned(),
                        );
                        return put(&insert(text, node, Some(key), &empty, true), way, value);
                    }
                    None => {
                        let is_top = depth <= 1;
                        return Ok(insert(text, node, Some(key), &nested(rest, value), is_top));
                    }
                }
                walked = format!("{walked}/{}", pointer_escape(key));
            }
            (Step::Index(index), Value::Array(items)) => {
                walked = format!("{walked}/{index}");
                node = items
                    .get(*index)
                    .ok_or_else(|| CannotEdit::new(walked.clone(), "there is no such item"))?;
            }
            (Step::End, Value::Array(_)) => {
                return Ok(insert(text, node, None, &nested(rest, value), depth <= 1));
            }
            (Step::Key(_), _) => return Err(CannotEdit::new(walked, "expected an object here")),
            (Step::Index(_) | Step::End, _) => {
                return Err(CannotEdit::new(walked, "expected a list here"));
            }
        }
    }
    let spelt = value.spell(
        Layout::of(text),
        line_indent(text, node.span.start as usize),
    );
    Ok(replace(text, node.span.start, node.span.end, &spelt))
}

/// Takes the value out with its key. What is not there is no less gone.
pub fn take(text: &str, way: &[Step<'_>]) -> Result<String, CannotEdit> {
    let document = read(text)?;
    let Some((last, above)) = way.split_last() else {
        return Err(CannotEdit::new(
            "",
            "the whole document cannot be taken out",
        ));
    };
    let Some(holder) = look(&document.root, above) else {
        return Ok(text.to_owned());
    };
    let spans: Vec<(u32, u32)> = match &holder.value {
        Value::Object(members) => members
            .iter()
            .map(|member| (member.key_span.start, member.node.span.end))
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| (item.span.start, item.span.end))
            .collect(),
        _ => Vec::new(),
    };
    let index = match (last, &holder.value) {
        (Step::Key(key), Value::Object(members)) => {
            members.iter().position(|member| member.key == *key)
        }
        (Step::Index(index), Value::Array(_)) => Some(*index),
        _ => None,
    };
    let Some((index, (start, end))) = index.and_then(|index| Some((index, *spans.get(index)?)))
    else {
        return Ok(text.to_owned());
    };
    let before = index.checked_sub(1).and_then(|before| spans.get(before));
    Ok(match (before, spans.get(index + 1)) {
        (Some((_, before_end)), _) => replace(text, *before_end, end, ""),
        (None, Some((next_start, _))) => replace(text, start, *next_start, ""),
        (None, None) => {
            let empty = if matches!(holder.value, Value::Object(_)) {
                "{}"
            } else {
                "[]"
            };
            replace(text, holder.span.start, holder.span.end, empty)
        }
    })
}

/// What stands there.
pub fn look<'n, 'a>(root: &'n Node<'a>, way: &[Step<'_>]) -> Option<&'n Node<'a>> {
    way.iter().try_fold(root, |node, step| match step {
        Step::Key(key) => node.get(key),
        Step::Index(index) => node.as_array()?.get(*index),
        Step::End => None,
    })
}

/// The value below objects and lists that are made for it.
fn nested(way: &[Step<'_>], value: &Json) -> Json {
    way.iter()
        .rev()
        .fold(value.clone(), |below, step| match step {
            Step::Key(key) => Json::Object(vec![((*key).to_owned(), below)]),
            Step::Index(_) | Step::End => Json::List(vec![below]),
        })
}

/// Behind the last part of an object or list, laid out as that one is.
fn insert(text: &str, holder: &Node<'_>, key: Option<&str>, value: &Json, is_top: bool) -> String {
    let layout = Layout::of(text);
    let last = match &holder.value {
        Value::Object(members) => members
            .last()
            .map(|member| (member.key_span.start, member.node.span.end)),
        Value::Array(items) => items.last().map(|item| (item.span.start, item.span.end)),
        _ => None,
    };
    let Some((last_start, last_end)) = last else {
        return fill(text, holder, key, value, is_top);
    };
    let lead = space_before(text, last_start as usize);
    let layout = Layout {
        is_broken: layout.is_broken && lead.contains('\n'),
        ..layout
    };
    let is_tight = matches!(&holder.value, Value::Object(members) if members.last().is_some_and(|it| is_tight(text, it)));
    let base = lead.rsplit('\n').next().unwrap_or("");
    let spelt = match (layout.is_broken, is_tight) {
        // In an object that stands on one line of a document that has several.
        (false, false) if !lead.is_empty() => one_line(value),
        _ => value.spell(layout, base),
    };
    let colon = if is_tight { ":" } else { ": " };
    let key = key.map(|key| quote(key) + colon).unwrap_or_default();
    replace(text, last_end, last_end, &format!(",{lead}{key}{spelt}"))
}

/// The first part of an object or list that is empty; at the top of a document it gets a line of its own.
fn fill(text: &str, holder: &Node<'_>, key: Option<&str>, value: &Json, is_top: bool) -> String {
    let layout = Layout::of(text);
    let base = line_indent(text, holder.span.start as usize);
    let filled = match key {
        Some(key) if is_top && layout.is_broken => {
            let inner = format!("{base}{}", layout.unit);
            let spelt = value.spell(layout, &inner);
            format!("{{\n{inner}{}: {spelt}\n{base}}}", quote(key))
        }
        Some(key) => Json::Object(vec![(key.to_owned(), value.clone())]).spell(layout, base),
        None => Json::List(vec![value.clone()]).spell(layout, base),
    };
    replace(text, holder.span.start, holder.span.end, &filled)
}

/// With spaces after commas and colons, and no new line.
fn one_line(value: &Json) -> String {
    let airy = Layout {
        is_broken: true,
        unit: "",
    };
    // Raw parts of a document keep their own lines, and what is long is broken; on one line it has to be.
    match value.spell(airy, "") {
        spelt if spelt.contains('\n') => value.spell(
            Layout {
                is_broken: false,
                unit: "",
            },
            "",
        ),
        spelt => spelt,
    }
}

fn is_tight(text: &str, member: &Member<'_>) -> bool {
    let between = text.get(member.key_span.end as usize..member.node.span.start as usize);
    between == Some(":")
}

fn space_before(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or("");
    let kept = before.trim_end_matches([' ', '\t', '\n', '\r']).len();
    before.get(kept..).unwrap_or("")
}

fn line_indent(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    indent(text.get(start..).unwrap_or(""))
}

fn replace(text: &str, start: u32, end: u32, with: &str) -> String {
    let before = text.get(..start as usize).unwrap_or("");
    let after = text.get(end as usize..).unwrap_or("");
    format!("{before}{with}{after}")
}

#[cfg(test)]
mod tests;
