//! A first draft out of what a server says of its tools: reading is allowed, destroying asks a person, the rest is denied.
//! Pure. The hints are the server's own claims, which is why what only claims to be harmless is the most that is let through.

use super::edit::spell::{Json, Layout};
use super::outline::{Hints, is_selectable};

/// What the tools are allowed, in their order.
pub fn starter<'t>(tools: impl Iterator<Item = (&'t str, Hints)>) -> String {
    let entries = tools
        .filter(|(name, _)| is_selectable(name))
        .filter_map(|(name, hints)| {
            let entry = match (hints.read_only, hints.destructive) {
                (Some(true), Some(true)) => return None,
                (Some(true), _) => Json::Object(Vec::new()),
                (_, Some(true)) => Json::object([("action", Json::text("require_approval"))]),
                _ => return None,
            };
            Some((name.to_owned(), entry))
        });
    let document = Json::object([
        ("version", Json::text("1")),
        ("default", Json::text("deny")),
        ("tools", Json::Object(entries.take(MOST).collect())),
    ]);
    let layout = Layout {
        is_broken: true,
        unit: "  ",
    };
    document.spell_out(layout)
}

/// As many entries as a document may have.
const MOST: usize = 2_000;

#[cfg(test)]
mod tests;
