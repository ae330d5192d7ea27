//! Sentences about the product: both planes as processes, real servers, real clients.

mod the_main_job;
mod the_structure_holds;
