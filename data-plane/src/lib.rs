//! The data plane: where a call happens, or does not.
//!
//! [`call_path`] is the request, read top to bottom; each of its rooms has a file. Around it: what judges now
//! ([`bundles`]), what is counted ([`budget`]), what is written down ([`record`]), what is dialled ([`upstream`]).

mod breaker;
pub mod budget;
pub mod bundles;
pub mod call;
pub mod call_path;
pub mod caller;
pub mod config;
pub mod front;
pub mod gate;
pub mod gateway;
pub mod lists;
pub mod meter;
pub mod record;
pub mod refusal;
pub mod relay;
mod run;
pub mod seats;
pub mod upstream;

pub use run::run;
