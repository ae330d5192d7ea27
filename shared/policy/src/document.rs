//! The document as text: its vocabulary in tables, and the reading that holds a text against them.
//!
//! The tables are read twice: here, to find what is wrong, and by the schema that is published. Neither has a key or a
//! word of its own. What the parts mean together (counters that agree, actions that exclude rules) is compiled, not read.

mod fit;
mod form;
mod shape;
mod table;

pub(crate) use fit::fit;
pub(crate) use form::{Form, MOST_MESSAGE_CHARS, MOST_NAME_CHARS, duration, rate};
pub(crate) use shape::{Key, Object, Shape};
pub(crate) use table::{DOCUMENT, ENTRY, MOST_GROUPS, MOST_LIMITS, MOST_PREDICATES};

use crate::finding::{At, Findings, Flaw};
use json::{FaultKind, RefusalKind};

pub(crate) const MOST_BYTES: usize = 256 << 10;
pub(crate) const MOST_DEPTH: usize = 32;
/// A document of that size has so many where each takes four bytes, its comma among them.
pub(crate) const MOST_VALUES: usize = 1 << 16;

/// Reads the text as JSON. The tree is there even where it holds what must be refused; without one there is no more to say.
pub(crate) fn read<'t>(text: &'t str, found: &mut Findings) -> Option<json::Document<'t>> {
    let limits = json::Limits {
        bytes: MOST_BYTES,
        depth: MOST_DEPTH,
        values: MOST_VALUES,
    };
    match json::read(text.as_bytes(), &limits) {
        Ok(document) => {
            for refusal in &document.refusals {
                let flaw = match refusal.kind {
                    RefusalKind::RepeatedKey => {
                        Flaw::new("repeated_key", "the key stands twice in one object")
                    }
                    RefusalKind::NulInKey => {
                        Flaw::new("nul_in_key", "a key holds the character NUL")
                    }
                    RefusalKind::LoneSurrogate => {
                        Flaw::new("lone_surrogate", "a string holds half of a surrogate pair")
                    }
                };
                found.add(
                    crate::finding::Level::Error,
                    refusal.pointer.clone(),
                    refusal.span,
                    flaw,
                );
            }
            Some(document)
        }
        Err(fault) => {
            let flaw = match fault.kind {
                FaultKind::TooLong => Flaw::new(
                    "too_long",
                    format!("a document of more than {MOST_BYTES} bytes"),
                ),
                FaultKind::TooDeep => Flaw::new(
                    "too_deep",
                    format!("nested deeper than {MOST_DEPTH} levels"),
                ),
                FaultKind::TooMany => Flaw::new(
                    "too_many_values",
                    format!("a document of more than {MOST_VALUES} JSON values"),
                ),
                kind => Flaw::new("not_json", format!("not JSON: {kind}")),
            };
            let offset = u32::try_from(fault.offset).unwrap_or(u32::MAX);
            let span = json::Span {
                start: offset,
                end: offset,
            };
            found.error(&At::ROOT, span, flaw);
            None
        }
    }
}
