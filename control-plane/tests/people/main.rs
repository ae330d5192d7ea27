//! People: their accounts, their sessions, their seats in organisations. Through the router.

#[path = "../world/mod.rs"]
mod world;

mod account;
mod guesses;
mod invitations;
mod kill;
mod leaving;
mod mails;
mod members;
mod pages;
mod sessions;
mod totp;
mod ways_in;
