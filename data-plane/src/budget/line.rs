//! The one connection to Redis: opened, watched, asked, given up. Requests of all calls share it, in the
//! order they come. Knows the function's forms, and nothing of budgets.

use super::clock::Clock;
use super::function::{self, Form, Verb};
use super::status::Counters;
use crate::breaker::{Breaker, Leave, Manner, Outcome, Trip};
use arc_swap::ArcSwapOption;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, ServerErrorKind, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

/// For what no call waits for: connecting, loading, renewing.
pub(super) const PATIENT: Duration = Duration::from_secs(1);
const RECONNECT: Duration = Duration::from_millis(200);
const PING: Duration = Duration::from_secs(1);
const JITTER_MS: u64 = 200;
/// More than half of the answers of a second failing or slow opens it for a second. One slow answer in a hundred does not:
/// it costs its call the timeout at most, while to open costs every call a second of exactness. Fewer than four say nothing:
/// on a quiet replica one lost packet would be half of all answers.
const MANNER: Manner = Manner {
    trip: Trip::Half {
        window_ms: 1_000,
        enough: 4,
    },
    rest_ms: 1_000,
    longest_rest_ms: 1_000,
};
/// Commands on the line at once; more wait, and then time out.
const AT_ONCE: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreachable {
    #[error("the shared counters could not be asked")]
    Unasked,
    /// It may have been carried out.
    #[error("the shared counters did not answer in time")]
    TimedOut,
    /// It may have been carried out.
    #[error("the connection to the shared counters broke")]
    Broken,
    #[error("the shared counters failed")]
    Failed,
}

pub(super) struct Line {
    client: Client,
    open: ArcSwapOption<Open>,
    lost: Notify,
    is_open: watch::Sender<bool>,
    breaker: Mutex<Breaker>,
    slow: Duration,
    clock: Clock,
    pub counters: Counters,
}

struct Open {
    connection: MultiplexedConnection,
    form: Form,
}

/// The client's address may hold a password.
impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("is_open", &*self.is_open.borrow())
            .finish_non_exhaustive()
    }
}

impl Line {
    pub fn new(client: Client, slow: Duration, clock: Clock) -> Self {
        Self {
            client,
            open: ArcSwapOption::empty(),
            lost: Notify::new(),
            is_open: watch::Sender::new(false),
            breaker: Mutex::new(Breaker::new(MANNER)),
            slow,
            clock,
            counters: Counters::default(),
        }
    }

    pub fn is_open(&self) -> watch::Receiver<bool> {
        self.is_open.subscribe()
    }

    /// Asks once. Never again after a time-out or a broken line: it may have been carried out.
    pub async fn ask(
        &self,
        verb: Verb,
        keys: &[String],
        args: &[String],
        patience: Duration,
    ) -> Result<Value, Unreachable> {
        let Some(open) = self.open.load_full() else {
            return Err(Unreachable::Unasked);
        };
        let Some(turn) = Turn::take(self) else {
            return Err(Unreachable::Unasked);
        };
        let asked = self.clock.now_ms();
        let answer = timeout(patience, Self::send(&open, verb, keys, args)).await;
        let late = u128::from(self.clock.now_ms() - asked) > self.slow.as_millis();
        match answer {
            Ok(Ok(value)) => {
                // What no call waits for may take its time.
                let badly = late && verb == Verb::Charge;
                turn.report(if badly { Outcome::Badly } else { Outcome::Well }, &open);
                Ok(value)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, verb = ?verb, "the shared counters failed");
                turn.report(Outcome::Badly, &open);
                self.counters.failed();
                if breaks_the_line(&error) {
                    self.lose(&open);
                    return Err(Unreachable::Broken);
                }
                Err(Unreachable::Failed)
            }
            Err(_elapsed) => {
                turn.report(Outcome::Badly, &open);
                self.counters.timed_out();
                Err(Unreachable::TimedOut)
            }
        }
    }

    async fn send(
        open: &Open,
        verb: Verb,
        keys: &[String],
        args: &[String],
    ) -> Result<Value, RedisError> {
        let mut connection = open.connection.clone();
        let command = function::command(open.form, verb, keys, args);
        match command.query_async::<Value>(&mut connection).await {
            Err(error) if function::is_lost(&error) => {
                let form = function::load(&mut connection).await?;
                function::command(form, verb, keys, args)
                    .query_async(&mut connection)
                    .await
            }
            answer => answer,
        }
    }

    fn lose(&self, open: &Arc<Open>) {
        let found = self.open.compare_and_swap(open, None);
        if found.as_ref().is_some_and(|found| Arc::ptr_eq(found, open)) {
            self.is_open.send_replace(false);
            self.lost.notify_one();
        }
    }

    /// Runs until aborted: opens the line, notices when it breaks while nobody asks, opens it again.
    pub async fn keep(self: Arc<Self>) {
        let mut said = false;
        loop {
            let Some(open) = self.open.load_full() else {
                match self.connect().await {
                    Ok(open) => {
                        tracing::info!(form = ?open.form, "the shared counters answer");
                        said = false;
                        self.open.store(Some(Arc::new(open)));
                        self.is_open.send_replace(true);
                    }
                    Err(error) => {
                        if !said {
                            tracing::warn!(%error, "the shared counters are unreachable");
                        }
                        said = true;
                        sleep(RECONNECT + Duration::from_millis(jitter())).await;
                    }
                }
                continue;
            };
            tokio::select! {
                () = self.lost.notified() => {}
                () = sleep(PING) => {
                    let mut connection = open.connection.clone();
                    let ping = redis::cmd("PING");
                    if !matches!(timeout(PATIENT, ping.query_async::<Value>(&mut connection)).await, Ok(Ok(_))) {
                        self.lose(&open);
                    }
                }
            }
        }
    }

    async fn connect(&self) -> Result<Open, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENT))
            .set_response_timeout(Some(PATIENT))
            .set_concurrency_limit(AT_ONCE);
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let form = function::load(&mut connection).await?;
        Ok(Open { connection, form })
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A demoted primary answers read-only for ever on this connection; a new one may reach its successor.
fn breaks_the_line(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_io_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

fn jitter() -> u64 {
    rand::random_range(0..JITTER_MS)
}

/// Leave to ask, given back to the breaker however the asking ends.
struct Turn<'a> {
    line: &'a Line,
    /// Until it is reported.
    leave: Option<Leave>,
}

impl<'a> Turn<'a> {
    fn take(line: &'a Line) -> Option<Self> {
        let leave = line.breaker().admits(line.clock.now_ms())?;
        Some(Self {
            line,
            leave: Some(leave),
        })
    }

    fn report(mut self, outcome: Outcome, open: &Arc<Open>) {
        let Some(leave) = self.leave.take() else {
            return;
        };
        let now = self.line.clock.now_ms();
        let opened = self.line.breaker().report(leave, now, outcome, jitter());
        if opened {
            // Whatever is stuck on this connection, the probe starts on another.
            self.line.counters.opened();
            self.line.lose(open);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(leave) = self.leave {
            let now = self.line.clock.now_ms();
            self.line.breaker().abandon(leave, now);
        }
    }
}
