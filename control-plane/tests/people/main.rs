//! People: their accounts, their sessions, their seats in organisations. Through the router.

#[path = "../world/rows.rs"]
mod rows;
#[path = "../world/mod.rs"]
mod world;

mod account;
mod cookies;
mod guesses;
mod invitations;
mod kill;
mod leaving;
mod mails;
mod members;
mod pages;
mod proof;
mod providers;
mod sessions;
mod totp;
mod ways_in;
