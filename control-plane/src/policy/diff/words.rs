//! One change as a sentence.

use super::{Change, ChangeKind};
use serde_json::value::RawValue;

/// Characters of a value that are shown.
const SHOWN: usize = 80;

pub fn sentence(change: &Change, at: &[String]) -> String {
    let value =
        |raw: &Option<Box<RawValue>>| short(raw.as_deref().map_or("nothing", RawValue::get));
    let place = place(at);
    match change.kind {
        ChangeKind::Added => format!("adds {place}: `{}`", value(&change.after)),
        ChangeKind::Removed => format!("removes {place}, which was `{}`", value(&change.before)),
        ChangeKind::Changed => {
            format!(
                "changes {place} from `{}` to `{}`",
                value(&change.before),
                value(&change.after)
            )
        }
    }
}

fn place(at: &[String]) -> String {
    match at {
        [] => "the whole document".to_owned(),
        [tools, selector] if tools == "tools" => format!("the entry for `{selector}`"),
        [tools, selector, rest @ ..] if tools == "tools" => {
            format!("`{}` of the entry for `{selector}`", rest.join("/"))
        }
        [all, rest @ ..] if all == "all_tools" && !rest.is_empty() => {
            format!("`{}` of the rules for all tools", rest.join("/"))
        }
        _ => format!("`{}`", at.join("/")),
    }
}

/// On one line, and no longer than a person reads.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
