//! The policy language: a document becomes findings or a compiled [`Policy`], and a [`Question`] becomes a [`Verdict`].
//!
//! Here: reading, judging and explaining. Judging is total, deterministic and closed: silence, a doubt or a value that
//! cannot be judged means no. Not here: clocks, counters, networks, storage. What a judgement needs is in its question,
//! and what a limit has used so far is for whoever keeps the counters to say.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod case;
mod charge;
mod clock;
mod compile;
mod condition;
mod contract;
mod decide;
mod document;
mod explain;
mod finding;
mod limit;
mod line;
mod literal;
mod op;
mod path;
mod place;
mod policy;
mod predicate;
mod question;
mod scene;
mod schema;
mod selector;
mod shadow;
mod value;
mod verdict;
mod warning;
mod word;

pub use charge::Charge;
pub use compile::{canonical, check, compile};
pub use contract::{CompiledSchema, SchemaFault};
pub use explain::{ExplainedLimit, Explanation, Step};
pub use finding::{Finding, Level};
pub use line::line_of;
pub use place::{ArgumentPath, NoArgumentPath};
pub use policy::{Policy, Standing};
pub use question::{Around, ClientFacts, GrantFacts, Hints, Question, ServerFacts};
pub use schema::schema;
pub use shadow::Shadow;
pub use verdict::{Allowed, Hold, Verdict, sentence};
pub use warning::{ServerTool, ServerTools, ShadowAge};
pub use word::{Action, Category, Count, MethodGroup, Operator, Outage, Record, Scope, Window};
