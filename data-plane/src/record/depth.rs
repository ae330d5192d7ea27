//! How deep the spool is, looked up whenever the metrics are read.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::spool::Spool;

#[derive(Debug)]
pub struct Depth(pub Arc<Spool>);

impl Collector for Depth {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let spool = &self.0;
        let closed = u64::from(!spool.is_open());
        for (name, help, unit, value) in [
            (
                "spool_backlog",
                "Written and not yet acknowledged",
                Some(Unit::Bytes),
                spool.backlog(),
            ),
            (
                "spool_used",
                "All files of the spool",
                Some(Unit::Bytes),
                spool.used(),
            ),
            (
                "spool_segments",
                "Files of the spool",
                None,
                spool.segment_count() as u64,
            ),
            (
                "spool_damaged_segments",
                "Segments set aside since start",
                None,
                spool.damaged(),
            ),
            (
                "spool_closed",
                "1 where no call is admitted because it could not be recorded",
                None,
                closed,
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(
                name,
                help,
                unit.as_ref(),
                gauge.metric_type(),
            )?)?;
        }
        Ok(())
    }
}
