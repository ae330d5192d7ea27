//! The limits of a replica, as the environment says them: each has a usual value, and none may be set to nonsense.

use crate::front::Intake;
use crate::seats::{self, Most};
use anyhow::ensure;
use host::env::Env;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What one replica takes on.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    pub serve: host::serve::Limits,
    pub intake: Intake,
    pub seats: seats::Limits,
}

impl Limits {
    pub fn from_env(env: &Env) -> anyhow::Result<Self> {
        let usual = Self::default();
        let connections = number(env, "CONNECTIONS", usual.serve.connections, 16..=1_000_000)?;
        let of_one = |all: usize| (all / 4 * 3).max(1);
        let header_ms = number(env, "HEADER_TIMEOUT_MS", 10_000, 100..=60_000)?;
        let serve = host::serve::Limits {
            connections,
            connections_per_peer: number(
                env,
                "CONNECTIONS_PER_ADDRESS",
                of_one(connections),
                1..=connections,
            )?,
            header_read: millis(header_ms),
            idle: millis(number(env, "IDLE_TIMEOUT_MS", 120_000, 1_000..=3_600_000)?),
            stall: millis(number(env, "STALL_TIMEOUT_MS", 60_000, 1_000..=600_000)?),
            max_header_bytes: narrow(number(env, "HEADER_BYTES", 32 * 1024, 8_192..=262_144)?),
            max_header_fields: number(env, "HEADER_FIELDS", 64, 16..=256)?,
            h2_streams: narrow(number(env, "HTTP2_STREAMS", 128, 1..=1_024)?),
            h2_stream_window: narrow(number(
                env,
                "HTTP2_STREAM_WINDOW",
                65_536,
                16_384..=1 << 20,
            )?),
            h2_connection_window: narrow(number(
                env,
                "HTTP2_CONNECTION_WINDOW",
                262_144,
                65_536..=16 << 20,
            )?),
            h2_resets: number(env, "HTTP2_RESETS", usual.serve.h2_resets, 1..=1_000)?,
            abandoned_a_minute: number(
                env,
                "ABANDONED_A_MINUTE",
                usual.serve.abandoned_a_minute,
                1..=100_000,
            )?,
            drain: Duration::from_secs(number(env, "DRAIN_SECONDS", 30, 1..=600)? as u64),
        };
        let intake = Intake {
            most_body: number(env, "BODY_BYTES", usual.intake.most_body, 4_096..=4 << 20)?,
            body_rate: narrow(number(env, "BODY_RATE", 1_024, 1..=1 << 20)?),
            grace: millis(header_ms),
        };
        let seats = seats::Limits {
            calls: most(env, "CALLS", usual.seats.calls)?,
            streams: most(env, "STREAMS", usual.seats.streams)?,
            bytes: number(env, "MESSAGE_BYTES", usual.seats.bytes, 32 << 20..=1 << 40)?,
        };
        Ok(Self {
            serve,
            intake,
            seats,
        })
    }
}

/// The seats of one kind: for the replica (`NAME`), an organisation (`ORG_NAME`) and a grant (`GRANT_NAME`).
fn most(env: &Env, name: &str, usual: Most) -> anyhow::Result<Most> {
    let all = number(env, name, usual.all, 2..=1_000_000)?;
    let org = number(env, &format!("ORG_{name}"), usual.org.min(all), 1..=all)?;
    let grant = number(env, &format!("GRANT_{name}"), usual.grant.min(org), 1..=org)?;
    Ok(Most { grant, org, all })
}

fn number(
    env: &Env,
    name: &str,
    usual: usize,
    range: RangeInclusive<usize>,
) -> anyhow::Result<usize> {
    let number = env.parse(name)?.unwrap_or(usual);
    ensure!(
        range.contains(&number),
        "`PORTCULLIS_{name}` is {} to {}",
        range.start(),
        range.end()
    );
    Ok(number)
}

const fn millis(number: usize) -> Duration {
    Duration::from_millis(number as u64)
}

/// INVARIANT: every range above ends below this.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
