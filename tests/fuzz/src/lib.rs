//! The fuzz targets: what must hold of every reader of foreign bytes, as plain functions of any bytes.
//!
//! Here: the targets, the corpus they grow from, and small changes to its files that are the same in every run. Not
//! here: the engine that searches for new inputs (`engine/`, driven by the command `run`).
//! A target that finds something panics. It compares with a second, slow reading wherever there is one.

mod corpus;
mod folder;
mod mutation;
mod parts;
mod target;

pub use corpus::{folder, seeds};
pub use mutation::Mutations;
pub use target::{TARGETS, Target, target};
