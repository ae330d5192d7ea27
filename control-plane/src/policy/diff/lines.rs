//! Two documents line by line, both laid out alike, so that only what means something differs.

use crate::policy::edit::spell::{Json, Layout};
use crate::policy::edit::splice::read;
use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// Lines that belong together, with a few around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `+`, `-`, or a space for what both have.
    pub sign: char,
    pub text: String,
}

/// Lines that both have, around each that differs.
const AROUND: usize = 3;
/// Then the shortest way from one to the other is no longer looked for, and a longer one is taken.
const PATIENCE: Duration = Duration::from_millis(500);
/// More lines than these nobody reads.
const MOST_LINES: usize = 4_000;

pub fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    let (before, after) = (laid_out(before), laid_out(after));
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(&before, &after);
    let mut left = MOST_LINES;
    let mut hunks = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        let mut lines = Vec::new();
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if left == 0 {
                break;
            }
            left -= 1;
            lines.push(Line {
                sign: match change.tag() {
                    ChangeTag::Insert => '+',
                    ChangeTag::Delete => '-',
                    ChangeTag::Equal => ' ',
                },
                text: change.value().trim_end_matches('\n').to_owned(),
            });
        }
        if !lines.is_empty() {
            hunks.push(Hunk { lines });
        }
    }
    hunks
}

/// As the form would write it; what is no JSON stays as it is.
fn laid_out(text: &str) -> String {
    let layout = Layout {
        is_broken: true,
        unit: "  ",
    };
    match read(text) {
        Ok(document) => Json::of(&document.root, text).spell_out(layout) + "\n",
        Err(_) => format!("{text}\n"),
    }
}
