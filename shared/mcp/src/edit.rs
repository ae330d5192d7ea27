//! Slices of ours in bytes of theirs: everything outside an edit stays as it was, to the byte.

use json::Span;

/// What stands at `span` becomes `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// Applies edits that do not overlap, in any order. `None` where two overlap or one lies outside the text: then
/// nothing was judged that could be sent.
pub fn splice(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = String::with_capacity(text.len().saturating_add(added));
    let mut copied = 0;
    for edit in &edits {
        let start = edit.span.start as usize;
        out.push_str(text.get(copied..start)?);
        out.push_str(&edit.text);
        copied = (edit.span.end as usize).max(start);
    }
    out.push_str(text.get(copied..)?);
    Some(out)
}
