//! What operators watch of calls: how they were judged, what the gateway added, what the servers took. Labels are words
//! from closed lists; names of organisations, tools or people are never among them.

use crate::bundles::Holder;
use crate::seats::Seats;
use host::clock::Clock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Judged {
    verdict: &'static str,
    limiter: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limited {
    mode: &'static str,
}

#[derive(Debug, Clone)]
pub struct Meter {
    judged: Family<Judged, Counter>,
    refused: Family<Refused, Counter>,
    added: Histogram,
    upstream: Histogram,
    limiter: Family<Limited, Histogram>,
    streams: Gauge,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            judged: Family::default(),
            refused: Family::default(),
            added: times(),
            upstream: waits(),
            limiter: Family::new_with_constructor(times),
            streams: Gauge::default(),
        }
    }
}

/// 50 µs to 0.4 s: what is ours.
fn times() -> Histogram {
    Histogram::new([
        50e-6, 100e-6, 200e-6, 400e-6, 1e-3, 2e-3, 5e-3, 25e-3, 100e-3, 400e-3,
    ])
}

/// 1 ms to 5 min: what is theirs.
fn waits() -> Histogram {
    Histogram::new([1e-3, 5e-3, 25e-3, 100e-3, 500e-3, 2.0, 10.0, 60.0, 300.0])
}

impl Meter {
    pub fn register(&self, registry: &mut Registry) {
        let call = registry.sub_registry_with_prefix("call");
        call.register(
            "judged",
            "Requests judged, by verdict and limiter",
            self.judged.clone(),
        );
        call.register(
            "refused",
            "Requests answered with a refusal, by reason",
            self.refused.clone(),
        );
        call.register_with_unit(
            "added",
            "From a request's arrival to the moment it went upstream",
            Unit::Seconds,
            self.added.clone(),
        );
        call.register_with_unit(
            "upstream",
            "From then to the first byte of the server's answer",
            Unit::Seconds,
            self.upstream.clone(),
        );
        call.register_with_unit(
            "limiter",
            "Charging a call's limits, by mode",
            Unit::Seconds,
            self.limiter.clone(),
        );
        call.register(
            "open_streams",
            "Event streams under way",
            self.streams.clone(),
        );
    }

    pub fn judged(&self, verdict: &'static str, limiter: &'static str) {
        self.judged
            .get_or_create(&Judged { verdict, limiter })
            .inc();
    }

    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Refused { reason }).inc();
    }

    pub fn added(&self, time: Duration) {
        self.added.observe(time.as_secs_f64());
    }

    pub fn upstream(&self, time: Duration) {
        self.upstream.observe(time.as_secs_f64());
    }

    pub fn limiter(&self, mode: &'static str, time: Duration) {
        self.limiter
            .get_or_create(&Limited { mode })
            .observe(time.as_secs_f64());
    }

    /// Counts a stream until the guard is dropped.
    pub fn stream(&self) -> OpenStream {
        self.streams.inc();
        OpenStream(self.streams.clone())
    }
}

/// What is held, looked up whenever the metrics are read. Before the control plane ever confirmed it, its age counts from
/// 1970.
#[derive(Debug)]
pub struct Bundles {
    pub holder: Arc<Holder>,
    pub clock: Clock,
}

impl Collector for Bundles {
    fn encode(&self, mut encoder: DescriptorEncoder) -> std::fmt::Result {
        let age_ms = self
            .clock
            .unix_ms()
            .saturating_sub(self.holder.confirmed_ms());
        let age = ConstGauge::new(Duration::from_millis(age_ms).as_secs_f64());
        age.encode(encoder.encode_descriptor(
            "bundle_age",
            "Since the control plane last confirmed the bundles in force",
            Some(&Unit::Seconds),
            age.metric_type(),
        )?)?;
        for (name, help, number) in [
            (
                "bundles_refused",
                "Organisations whose newest bundle was refused: their last good one is in force",
                self.holder.refused(),
            ),
            (
                "taken_back",
                "What is done without by word of Redis alone, because the bundles in force do not know it yet",
                self.holder.taken_back(),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(number).unwrap_or(i64::MAX));
            let kind = gauge.metric_type();
            gauge.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        Ok(())
    }
}

/// What is under way, looked up whenever the metrics are read.
#[derive(Debug)]
pub struct Taken(pub Seats);

impl Collector for Taken {
    fn encode(&self, mut encoder: DescriptorEncoder) -> std::fmt::Result {
        let used = self.0.used();
        for (name, help, number) in [
            ("seats_calls", "Calls under way", used.calls),
            ("seats_streams", "Streams that stand open", used.streams),
            (
                "seats_bytes",
                "Bytes of messages held beyond what every seat has",
                used.bytes,
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(number).unwrap_or(i64::MAX));
            let kind = gauge.metric_type();
            gauge.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
pub struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests;
