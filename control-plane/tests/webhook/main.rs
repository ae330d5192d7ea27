//! Webhooks: that receivers are told what becomes of approvals, signed, again where they were not there, and never at
//! anybody else's cost.

#[path = "../world/mod.rs"]
mod world;

#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "../approval/desk.rs"]
mod desk;
mod managing;
mod pages;
mod processes;
mod receiver;
mod routing;
mod sending;
mod slack;
mod verifying;
