//! The receipt of a written intent: whoever holds it owes the outcome, and letting go of it pays.

use std::time::{Duration, Instant};

use bundle::record::{Ending, Intent, Outcome};
use ids::{CallId, OrgId};

use super::Recorder;

/// Proof that a call's intent is on record.
#[derive(Debug)]
#[must_use = "dropped, it records the call as cancelled"]
pub struct Written {
    recorder: Recorder,
    id: CallId,
    org: OrgId,
    begun: Instant,
    /// What the call had cost before the intent was made, in microseconds.
    before: u64,
    status: Option<u16>,
    bytes: u64,
    added: u64,
    refunded: bool,
    owed: bool,
}

impl Written {
    pub(super) fn new(recorder: Recorder, intent: &Intent) -> Self {
        Self {
            recorder,
            id: intent.id,
            org: intent.org,
            begun: Instant::now(),
            before: intent.added_us,
            status: None,
            bytes: 0,
            added: intent.added_us,
            refunded: false,
            owed: true,
        }
    }

    pub fn call(&self) -> CallId {
        self.id
    }

    /// The status the upstream answered with.
    pub fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// `bytes` more of the answer were passed on.
    pub fn relayed(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// The gateway itself has cost the call `time` more since its intent was made.
    pub fn added(&mut self, time: Duration) {
        self.added = self.added.saturating_add(micros(time));
    }

    /// What the call charged for what is forwarded was given back.
    pub fn refunded(&mut self) {
        self.refunded = true;
    }

    /// The call is over.
    pub fn ended(mut self, outcome: Ending) {
        self.pay(outcome);
    }

    /// The intent was not written, so there is no call to end.
    pub(super) fn never_made(mut self) {
        self.owed = false;
    }

    fn pay(&mut self, outcome: Ending) {
        if !std::mem::take(&mut self.owed) {
            return;
        }
        self.recorder.outcome(Outcome {
            id: self.id,
            at: (self.recorder.inner.clock)(),
            org: self.org,
            upstream_status: self.status,
            latency_us: self.before.saturating_add(micros(self.begun.elapsed())),
            added_us: self.added,
            bytes: self.bytes,
            outcome,
            refunded: self.refunded,
        });
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // A panic tells nothing about how far the call had come; anything else lets go because the client did.
        self.pay(if std::thread::panicking() {
            Ending::Unknown
        } else {
            Ending::Cancelled
        });
        self.recorder.ended();
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
