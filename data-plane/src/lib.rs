//! stub

pub mod budget;
pub mod bundles;
pub mod call;
pub mod call_path;
pub mod caller;
pub mod front;
pub mod gate;
pub mod gateway;
pub mod lists;
pub mod record;
pub mod refusal;
pub mod relay;
pub mod upstream;
