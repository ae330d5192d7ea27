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
    let Telemetry {
        service,
        instance,
        log,
        otlp,
    } = telemetry;
    // The exporter's client looks for it.
    crate::tls::install_crypto();
    let lines = lines::layer(log.as_deref(), std::io::stderr)?;
    let provider = otlp.map(|endpoint| export::provider(&endpoint, service, &instance));
    let guard = Guard::new(provider.transpose()?);
    tracing_subscriber::registry()
        .with(lines)
        .with(guard.layer(service))
        .try_init()
        .context("telemetry was started before")?;
    panics::log_them();
    Ok(guard)
}
