//! The pools' own numbers, looked up whenever the metrics are read.

use crate::gateway::Gateway;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::sync::Arc;

#[derive(Debug)]
pub struct Watch(pub Arc<Gateway>);

impl Collector for Watch {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let (pools, resting, rests) = self.0.upstreams.counts();
        for (name, help, value) in [
            (
                "upstream_pools",
                "Servers that connections are kept for",
                pools,
            ),
            (
                "upstream_resting",
                "Servers that keep failing and are left alone for a while",
                resting,
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let opened = ConstCounter::new(rests);
        opened.encode(encoder.encode_descriptor(
            "upstream_breaker_opened",
            "Times a server was left alone for a while",
            None,
            opened.metric_type(),
        )?)
    }
}
