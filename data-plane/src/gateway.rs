//! What every call is given: the held bundles, the budgets, the spool, the pools, the seals. Built once, at start.

use crate::budget::{Budget, Fills};
use crate::bundles::{ControlPlane, Holder};
use crate::call_path::HeldCalls;
use crate::front::{Entrance, Intake};
use crate::lists::Seen;
use crate::meter::Meter;
use crate::record::Recorder;
use crate::relay::{Aside, Standing};
use crate::seats::Seats;
use crate::upstream::pool::Upstreams;
use crate::upstream::session::Seals;
use host::clock::{Clock, Random};
use host::stop::Stop;
use ids::CallId;
use seal::{KeyRing, Nonce, Pepper};
use std::sync::Arc;

pub struct Gateway {
    pub replica: String,
    pub holder: Arc<Holder>,
    /// Where approvals are asked for.
    pub control_plane: ControlPlane,
    pub budget: Budget,
    /// Told with the next report.
    pub fills: Arc<Fills>,
    pub recorder: Recorder,
    pub entrance: Entrance,
    pub intake: Intake,
    pub seats: Seats,
    pub upstreams: Upstreams,
    pub seals: Seals,
    pub pepper: Pepper,
    /// Seals what the control plane keeps.
    pub at_rest: KeyRing,
    pub seen: Seen,
    pub standing: Standing,
    pub held: HeldCalls,
    pub aside: Aside,
    pub meter: Meter,
    pub clock: Clock,
    pub random: Random,
    /// Heard by what stands open: it ends, so that its client comes back elsewhere.
    pub stop: Stop,
}

impl Gateway {
    pub fn now_ms(&self) -> u64 {
        self.clock.unix_ms()
    }

    pub fn nonce(&self) -> Nonce {
        self.random.bytes()
    }

    pub fn call_id(&self, now_ms: u64) -> CallId {
        CallId::new(now_ms, self.random.bytes())
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("replica", &self.replica)
            .finish_non_exhaustive()
    }
}
