//! The control plane: where people say what may happen.
//!
//! Each noun is a folder: `mod.rs` its types and rules, `store.rs` its SQL, `act.rs` what can be done, `api.rs` the JSON door,
//! `page.rs` the one for browsers. Direction inside: `api, page → act → store → mod`. Around them: who calls ([`caller`]), what a role may ([`access`]),
//! the only way to the database ([`db`]), what goes wrong in public ([`problem`]).

pub mod access;
pub mod app;
pub mod caller;
pub mod config;
pub mod db;
pub mod http;
pub mod keys;
pub mod now;
pub mod page;
pub mod problem;
mod run;

pub use run::{import, migrate, run};

pub mod account;
pub mod approval;
pub mod call;
pub mod catalog;
pub mod event;
pub mod gateway;
pub mod grant;
pub mod inventory;
pub mod key;
pub mod mail;
pub mod oidc;
pub mod org;
pub mod policy;
pub mod publish;
pub mod server;
pub mod session;
pub mod shares;
pub mod slack;
pub mod totp;
pub mod webhook;
