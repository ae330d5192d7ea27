//! A replica that begins from its disk, without a control plane.

use super::fill::{self, Filled};
use super::probe::Probe;
use super::times::Times;
use std::time::Instant;
use testbed::{Installation, Stub};

/// From the start of the process to the first call that is judged, so many times, with so many organisations on its disk.
///
/// # Panics
/// Where it does not come.
pub async fn from_disk(orgs: usize, times: usize) -> Times {
    let mut installation = Installation::start().await;
    let upstream = Stub::start(&["limited", "denied"]).await;
    let Filled { tenants } = fill::fill(&installation, &upstream.url, orgs).await;
    let (mut replica, url) = installation.replica_not_ready("one", None, &[]);
    let probe = Probe::new(vec![url]);
    fill::applied(&installation, orgs).await;
    installation.stop_control_plane();
    let mut all = Times::default();
    for at in 0..times {
        replica.process.kill();
        let begun = Instant::now();
        replica.start_again();
        let tenant = &tenants[at * 7919 % tenants.len()];
        all.extend(probe.enforce(tenant, 1, begun).await);
    }
    all
}
