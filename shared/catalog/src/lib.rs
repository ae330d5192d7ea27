//! What a tool can do, read from its definition: category, severity, confidence, the evidence, and signals.
//!
//! Here: the lexicon, the classifier that reads it, the measure of both against labelled tools; and what is made of the
//! answers: the shipped catalogue, grades, recommended policies, what is said of a tool, and of the attacks that it invites. Nothing here asks a
//! model or the network, and the same definition is always judged the same. Not here: files, databases, what an
//! organisation decided about a tool.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod about;
pub mod attack;
mod category;
mod classification;
mod definition;
mod digest;
mod elsewhere;
mod entry;
mod grade;
mod hidden;
mod judge;
pub mod label;
mod lexicon;
mod listing;
mod parameter;
pub mod place;
pub mod preset;
pub mod score;
pub mod shipped;
mod sibling;
mod signal;
mod text;
mod verb;
mod word;

pub use category::{Category, Severity};
pub use classification::{Classification, Evidence, Field};
pub use definition::{Annotations, Definition, Trust};
pub use entry::{MOST_TOOLS, Marks, ServerEntry, ToolEntry};
pub use grade::Grade;
pub use hidden::{Piece, has_hidden, neutralise, pieces};
pub use lexicon::{Flaw, Lexicon};
pub use listing::{Server, ServerInfo, Tool};
pub use parameter::Parameter;
pub use preset::Preset;
pub use signal::Signal;
pub use text::Text;

/// Which words and which weighing an answer rests on: one that was kept is good as long as this stays.
pub fn edition() -> i64 {
    lexicon::edition()
}

/// Says what every tool of one server can do. The category of each rests on its own definition; that it speaks of the
/// others is a signal.
pub fn classify_all(tools: &[Tool], trust: Trust) -> Vec<Classification> {
    let siblings = sibling::Siblings::of(tools);
    let classified = tools.iter().map(|tool| {
        let mut answer = classify(&Definition::read(tool), trust);
        if siblings.are_named_by(tool) {
            answer.signals.push(Signal::NamesOtherTools);
        }
        answer
    });
    classified.collect()
}

/// Says what a tool can do. What its server claims about it may make the answer worse, and better only where the
/// organisation trusts that server.
pub fn classify(definition: &Definition, trust: Trust) -> Classification {
    judge::judge(definition, trust, Lexicon::shipped())
}
