//! What templates say: words of the crate `::catalog`, and names where Markdown would take them for something else.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "a template hands over references"
)]

use crate::catalog::{Category, Preset, Severity};
use ::catalog::{Signal, about};

pub fn brief(signal: &Signal) -> &'static str {
    about::brief(*signal)
}

pub fn meaning(severity: &Severity) -> &'static str {
    about::meaning(*severity)
}

pub fn effect(category: &Category) -> &'static str {
    about::effect(*category)
}

pub fn rule(preset: &Preset, category: &Category) -> String {
    preset.rule(*category).words()
}

pub fn registry(ecosystem: &str) -> &str {
    about::registry(ecosystem)
}

pub fn capital(word: &str) -> String {
    about::capital(word)
}

/// Code in a line of Markdown: a name cannot end it.
pub fn mark(name: &str) -> String {
    format!("`{}`", name.replace('`', "'"))
}

/// A sentence that names things between backticks, in pieces for a page: every second one is code.
pub fn pieces(sentence: &str) -> Vec<(bool, &str)> {
    sentence
        .split('`')
        .enumerate()
        .map(|(at, piece)| (at % 2 == 1, piece))
        .collect()
}
