//! What the process itself uses, looked up whenever the metrics are read: memory, descriptors, tasks and the time that the
//! runtime's threads were busy. Where the system does not tell (memory and descriptors outside Linux), nothing is said.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use rustix::process::{Resource, getrlimit};
use std::fmt;
use tokio::runtime::Handle;

#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, number: Option<u64>| {
            let Some(number) = number.and_then(|number| i64::try_from(number).ok()) else {
                return Ok(());
            };
            let gauge = ConstGauge::new(number);
            let kind = gauge.metric_type();
            gauge.encode(encoder.encode_descriptor(name, help, unit, kind)?)
        };
        gauge(
            "process_resident_memory",
            "Memory of the process that is there just now",
            Some(&Unit::Bytes),
            resident(),
        )?;
        gauge(
            "process_open_descriptors",
            "Files and sockets that the process holds open",
            None,
            descriptors(),
        )?;
        gauge(
            "process_most_descriptors",
            "As many as it may hold open",
            None,
            getrlimit(Resource::Nofile).current,
        )?;
        let Ok(runtime) = Handle::try_current() else {
            return Ok(());
        };
        let runtime = runtime.metrics();
        let of = |number: usize| u64::try_from(number).ok();
        let threads = runtime.num_workers();
        gauge(
            "runtime_threads",
            "Threads that run tasks",
            None,
            of(threads),
        )?;
        gauge(
            "runtime_tasks",
            "Tasks that have not ended",
            None,
            of(runtime.num_alive_tasks()),
        )?;
        gauge(
            "runtime_queue",
            "Tasks that wait for any thread",
            None,
            of(runtime.global_queue_depth()),
        )?;
        busy(&runtime, &mut encoder)
    }
}

#[cfg(target_has_atomic = "64")]
fn busy(
    runtime: &tokio::runtime::RuntimeMetrics,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let busy = (0..runtime.num_workers()).map(|thread| runtime.worker_total_busy_duration(thread));
    let busy = ConstCounter::new(busy.sum::<std::time::Duration>().as_secs_f64());
    busy.encode(encoder.encode_descriptor(
        "runtime_busy",
        "Time that all threads together were running tasks",
        Some(&Unit::Seconds),
        busy.metric_type(),
    )?)
}

#[cfg(not(target_has_atomic = "64"))]
fn busy(_: &tokio::runtime::RuntimeMetrics, _: &mut DescriptorEncoder<'_>) -> fmt::Result {
    Ok(())
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes = line.trim().strip_suffix(" kB")?;
    kilobytes.parse::<u64>().ok()?.checked_mul(1024)
}

fn descriptors() -> Option<u64> {
    // The folder itself is one of them while it is read.
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(open.saturating_sub(1)).ok()
}
