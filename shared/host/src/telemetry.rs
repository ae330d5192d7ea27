//! What the process says about itself: JSON lines on standard error, spans to an OTLP collector when there is one.
//!
//! What is worth a line or a span is said where it happens. Numbers are in [`crate::metrics`].

mod export;
mod lines;
mod panics;
#[cfg(test)]
mod tests;
mod trace;

pub use export::Guard;
pub use trace::{current_traceparent, current_tracestate, parent, set_parent};

use anyhow::Context as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[derive(Debug, Clone)]
pub struct Telemetry {
    pub service: &'static str,
    pub instance: String,
    /// What to log, as `tracing_subscriber` filters say it; `info` when there is none.
    pub log: Option<String>,
    /// Where an OTLP collector takes HTTP; spans go nowhere without.
    pub otlp: Option<String>,
}

/// Once in a process, in `main`. Keep the guard to the end: dropping it sends the last spans.
pub fn start(telemetry: Telemetry) -> anyhow::Result<Guard> {
    crate::tls::install_crypto();
    let lines = lines::layer(telemetry.log.as_deref(), std::io::stderr)?;
    let guard = Guard::new(
        telemetry
            .otlp
            .as_deref()
            .map(|endpoint| export::provider(endpoint, telemetry.service, &telemetry.instance))
            .transpose()?,
    );
    tracing_subscriber::registry()
        .with(lines)
        .with(guard.layer(telemetry.service))
        .try_init()
        .context("telemetry was started before")?;
    panics::log_them();
    Ok(guard)
}
