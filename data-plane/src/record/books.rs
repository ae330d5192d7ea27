//! What the budgets ask the records: the control plane for what is used, the spool for how far ours have come.

use super::Recorder;
use crate::budget::{Ledger, Progress, Told, Untold};
use crate::bundles::ControlPlane;
use bundle::budget::Ask;

#[derive(Debug)]
pub struct Books {
    pub control_plane: ControlPlane,
    pub recorder: Recorder,
}

impl Ledger for Books {
    fn used(&self, ask: Ask) -> Told {
        let control_plane = self.control_plane.clone();
        Box::pin(async move {
            let used = control_plane.budgets(&ask).await;
            used.map_err(|error| Untold(error.to_string()))
        })
    }

    fn progress(&self) -> Progress {
        self.recorder.progress()
    }
}
