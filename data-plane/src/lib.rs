//! stub

pub mod budget;
