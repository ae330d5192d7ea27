//! Long messages are decided on aside: to read, cut and cover sixteen mebibytes takes long enough to keep other calls
//! waiting, which share this thread. One at a time, for their trees take several times what they do.

use super::passage::{Passage, Passed};
use crate::refusal::Trouble;
use bytes::Bytes;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// Longer than this is aside.
const LONG: usize = 1 << 20;

type Reading = Box<dyn FnOnce() + Send>;

/// Where long messages are read; whoever comes first is read first.
#[derive(Debug, Clone)]
pub struct Aside(mpsc::Sender<Reading>);

impl Aside {
    /// A thread of its own, always the same: of several, each would keep for a while what its last tree took. It ends with
    /// the value and its clones.
    pub fn start() -> io::Result<Self> {
        let (readings, mut next) = mpsc::channel::<Reading>(1);
        thread::Builder::new()
            .name("aside".to_owned())
            .spawn(move || {
                while let Some(reading) = next.blocking_recv() {
                    // Whoever waits for it is told by what it drops; the hook has said it in the log.
                    let _ = catch_unwind(AssertUnwindSafe(reading));
                }
            })?;
        Ok(Self(readings))
    }

    /// Does what a message of so many bytes takes: here where it is short. `None`: it could not be done.
    pub async fn read<T, F>(&self, bytes: usize, reading: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        if bytes <= LONG {
            return Some(reading());
        }
        let (say, said) = oneshot::channel();
        let span = tracing::Span::current();
        let reading: Reading = Box::new(move || {
            // Nobody may wait for it any more.
            if !say.is_closed() {
                let _ = say.send(span.in_scope(reading));
            }
        });
        self.0.send(reading).await.ok()?;
        said.await.ok()
    }
}

pub async fn pass(passage: &Arc<Passage>, bytes: &Bytes) -> Result<Passed, Trouble> {
    if bytes.len() <= LONG {
        return read(passage, bytes);
    }
    let reading = {
        let (passage, bytes) = (Arc::clone(passage), bytes.clone());
        move || read(&passage, &bytes)
    };
    let aside = &passage.app.aside;
    let passed = aside.read(bytes.len(), reading).await;
    passed.unwrap_or(Err(Trouble::Garbage))
}

fn read(passage: &Passage, bytes: &[u8]) -> Result<Passed, Trouble> {
    let text = std::str::from_utf8(bytes).map_err(|_| Trouble::Garbage)?;
    passage.pass(text)
}
