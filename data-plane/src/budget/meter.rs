//! The limiter's own numbers, looked up whenever the metrics are read.

use super::Budget;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;

#[derive(Debug)]
pub struct Watch(pub Budget);

impl Collector for Watch {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let status = self.0.status();
        let away = ConstGauge::new(i64::from(!status.is_reachable));
        away.encode(encoder.encode_descriptor(
            "limiter_away",
            "1 while the shared counters cannot be asked",
            None,
            away.metric_type(),
        )?)?;
        for (name, help, value) in [
            (
                "limiter_timeouts",
                "Charges without an answer in time",
                status.timeouts,
            ),
            (
                "limiter_failures",
                "Charges answered with a failure",
                status.failures,
            ),
            (
                "limiter_breaker_opened",
                "Times the shared counters were given up for a while",
                status.opened,
            ),
            (
                "limiter_epoch_changes",
                "Times the shared counters had lost their history",
                status.epoch_changes,
            ),
            (
                "limiter_unposted_cost",
                "Admitted in an outage and never told to the shared counters",
                status.unposted,
            ),
            (
                "limiter_recounts",
                "Organisations whose long budgets were counted from the records",
                status.recounts,
            ),
            (
                "limiter_recount_failures",
                "Tries to count budgets from the records that came to nothing",
                status.recount_failures,
            ),
            (
                "limiter_raised_cost",
                "On record and unknown to the shared counters, which were raised to it",
                status.raised,
            ),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(
                name,
                help,
                None,
                counter.metric_type(),
            )?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
