//! One word for "stop now", heard by everything that runs. What stopping means is each listener's affair.

#[cfg(test)]
mod tests;

use std::io;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Clones hear each other; a [`child`](Stop::child) hears its parent but is not heard by it.
#[derive(Debug, Clone, Default)]
pub struct Stop(CancellationToken);

impl Stop {
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops at SIGTERM or SIGINT. Must be called inside a tokio runtime.
    pub fn on_signals() -> io::Result<Self> {
        let stop = Self::new();
        // Registered here and not in the task: a signal that comes before its first poll must not kill the process.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let heard = stop.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                () = heard.stopped() => return,
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "stopping");
            heard.stop();
        });
        Ok(stop)
    }

    pub fn stop(&self) {
        self.0.cancel();
    }

    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }

    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }
}
