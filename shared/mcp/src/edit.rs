//! Slices of ours in bytes of theirs: everything outside an edit stays as it was, to the byte.

use json::{Node, Span};

/// What stands at `span` becomes `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// Applies edits that do not overlap, in any order. `None` where two overlap, one ends before it begins or lies outside
/// the text: then nothing was judged that could be sent.
pub fn splice(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = String::with_capacity(text.len().saturating_add(added));
    let mut copied = 0;
    for edit in &edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        out.push_str(text.get(copied..start)?);
        text.get(start..end)?;
        out.push_str(&edit.text);
        copied = end;
    }
    out.push_str(text.get(copied..)?);
    Some(out)
}

/// The same for a part of the text, which is all that is wanted. Edits count from the text's start.
pub fn splice_within(text: &str, part: Span, mut edits: Vec<Edit>) -> Option<String> {
    let own = text.get(part.start as usize..part.end as usize)?;
    for edit in &mut edits {
        edit.span.start = edit.span.start.checked_sub(part.start)?;
        edit.span.end = edit.span.end.checked_sub(part.start)?;
    }
    splice(own, edits)
}

/// Takes members out of an object: those whose key `keep` says no to.
pub fn without_members(object: &Node<'_>, mut keep: impl FnMut(&str) -> bool) -> Vec<Edit> {
    let members = object.as_object().unwrap_or_default();
    let spans: Vec<Span> = members
        .iter()
        .map(|member| Span {
            start: member.key_span.start,
            end: member.node.span.end,
        })
        .collect();
    let kept: Vec<bool> = members.iter().map(|member| keep(&member.key)).collect();
    removals(&spans, &kept)
}

/// Each run of parts that go, with the comma that went with it: the one after it, or, at the end, the one before.
pub(crate) fn removals(parts: &[Span], kept: &[bool]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut last_kept_end = None;
    let mut run_start = None;
    let mut run_end = 0;
    for (part, kept) in parts.iter().zip(kept) {
        if *kept {
            if let Some(start) = run_start.take() {
                edits.push(cut(start, part.start));
            }
            last_kept_end = Some(part.end);
        } else {
            run_start.get_or_insert(part.start);
            run_end = part.end;
        }
    }
    if let Some(start) = run_start {
        edits.push(cut(last_kept_end.unwrap_or(start), run_end));
    }
    edits
}

fn cut(start: u32, end: u32) -> Edit {
    Edit {
        span: Span { start, end },
        text: String::new(),
    }
}

#[cfg(test)]
mod tests;
