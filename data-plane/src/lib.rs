//! stub

pub mod budget;
pub mod record;
