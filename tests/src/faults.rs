//! What becomes of calls and records while parts of an installation fail: real processes behind cables that can be cut,
//! held, slow or silent, calls all the while, and afterwards a row of figures for each fault, with the rules it broke.
//! Which faults come when is chance, and the seed is said.

#![allow(
    clippy::disallowed_methods,
    reason = "a test's own environment says where its database is, and its own loopback needs no manners"
)]

mod control_plane;
mod disk;
mod killed;
mod load;
mod partitions;
mod postgres;
mod redis;
mod row;
mod world;

pub use row::Row;

use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub seed: u64,
    /// For how long a fault lasts, or faults come.
    pub lasts: Duration,
    /// Calls a second, through all replicas.
    pub rate: u32,
    pub replicas: usize,
}

/// Every row, by its name.
pub const ROWS: [&str; 13] = [
    "replicas-killed",
    "postgres-away",
    "postgres-restarted",
    "redis-killed",
    "redis-emptied",
    "redis-slow",
    "redis-silent",
    "control-plane-away",
    "half-an-hour",
    "clock-steps",
    "partitions",
    "silence",
    "disk-full",
];

/// Runs the row of this name.
///
/// # Panics
/// Where there is none of this name, or something does not come at all.
pub async fn run(name: &str, wanted: Wanted) -> Row {
    match name {
        "replicas-killed" => killed::row(wanted).await,
        "postgres-away" => postgres::away(wanted).await,
        "postgres-restarted" => postgres::restarted(wanted).await,
        "redis-killed" => redis::row(wanted, redis::What::Killed).await,
        "redis-emptied" => redis::row(wanted, redis::What::Emptied).await,
        "redis-slow" => redis::row(wanted, redis::What::Slow).await,
        "redis-silent" => redis::row(wanted, redis::What::Silent).await,
        "control-plane-away" => control_plane::away(wanted).await,
        "half-an-hour" => control_plane::half_an_hour(wanted).await,
        "clock-steps" => control_plane::clock_steps(wanted).await,
        "partitions" => partitions::row(wanted, &partitions::WAYS).await,
        "silence" => partitions::row(wanted, &partitions::SILENCE).await,
        "disk-full" => disk::row(wanted).await,
        other => panic!("there is no row `{other}`"),
    }
}
