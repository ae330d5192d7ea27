//! Regular expressions of documents: linear, bounded, and without flags, so that `$` is always the very end.

use crate::finding::Flaw;
use regex::{Regex, RegexBuilder};
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{self, Ast, Visitor};
use std::collections::HashMap;

pub(crate) const MOST_PATTERN_CHARS: usize = 1_000;

/// The regular expressions of one document: each compiled once, all of them together bounded.
#[derive(Debug)]
pub(crate) struct Patterns {
    compiled: HashMap<Box<str>, Regex>,
    bytes_left: usize,
}

/// A pattern is first tried small, as most are, and charged for every size it is tried at: a pattern that does not fit
/// has cost as much as one that does.
const PATTERN_SIZES: [usize; 3] = [64 << 10, 1 << 20, 10 << 20];
/// What one pattern may keep per thread while it runs.
const MOST_CACHE_BYTES: usize = 2 << 20;
const MOST_PATTERN_BYTES: usize = 64 << 20;

impl Default for Patterns {
    fn default() -> Self {
        Self {
            compiled: HashMap::new(),
            bytes_left: MOST_PATTERN_BYTES,
        }
    }
}

impl Patterns {
    pub(super) fn compile(&mut self, pattern: &str) -> Result<Regex, Flaw> {
        let flaw = |message: String| Err(Flaw::new("bad_regex", message));
        if pattern.chars().count() > MOST_PATTERN_CHARS {
            return flaw(format!(
                "a pattern of more than {MOST_PATTERN_CHARS} characters"
            ));
        }
        if let Some(regex) = self.compiled.get(pattern) {
            return Ok(regex.clone());
        }
        if sets_flags(pattern) {
            return flaw(format!(
                "`{pattern}` sets flags, which patterns do not have here; expected both cases written out, as in `[Dd]rop`"
            ));
        }
        for size in PATTERN_SIZES {
            let Some(left) = self.bytes_left.checked_sub(size) else {
                return flaw("the patterns of this document together are too large".to_owned());
            };
            self.bytes_left = left;
            let built = RegexBuilder::new(pattern)
                .size_limit(size)
                .dfa_size_limit(size.min(MOST_CACHE_BYTES))
                .build();
            match built {
                Ok(regex) => {
                    self.compiled.insert(pattern.into(), regex.clone());
                    return Ok(regex);
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    // The last line says what is wrong; those before it draw the pattern with a marker below.
                    let text = error.to_string();
                    let why = text
                        .lines()
                        .last()
                        .unwrap_or("")
                        .trim_start_matches("error: ");
                    return flaw(format!("`{pattern}` is not a regular expression: {why}"));
                }
            }
        }
        flaw(format!("`{pattern}` is too large once compiled"))
    }
}

/// Whether flags are set anywhere, as by `(?m)` or `(?i:…)`. What is no pattern at all sets none.
fn sets_flags(pattern: &str) -> bool {
    let parsed = Parser::new().parse(pattern);
    parsed.is_ok_and(|tree| ast::visit(&tree, Flags).is_err())
}

struct Flags;

/// The tree has a part that sets flags.
#[derive(Debug)]
struct Set;

impl Visitor for Flags {
    type Output = ();
    type Err = Set;

    fn finish(self) -> Result<(), Set> {
        Ok(())
    }

    fn visit_pre(&mut self, part: &Ast) -> Result<(), Set> {
        let sets = match part {
            Ast::Flags(_) => true,
            Ast::Group(group) => group.flags().is_some_and(|flags| !flags.items.is_empty()),
            _ => false,
        };
        if sets { Err(Set) } else { Ok(()) }
    }
}
