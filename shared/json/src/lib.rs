//! One strict reading of JSON text, shared by everything that judges.
//!
//! Here: the reader (a borrowed tree with spans, every repeated key noticed), exact decimals and the canonical form.
//! Not here: any meaning. What an MCP message or a policy document is, their own crates say.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod canonical;
mod decimal;
mod escape;
mod position;
mod read;
mod tree;

pub use canonical::canonical;
pub use decimal::{Decimal, OutOfRange};
pub use position::{pointer_escape, position};
pub use read::{Document, Fault, FaultKind, Limits, MOST_OF_A_VALUE, Refusal, RefusalKind, read};
pub use tree::{Member, Node, Span, Value};
