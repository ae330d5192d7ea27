//! One connection to one Redis: opened, watched, asked, given up. Requests of all calls share it, in the
//! order they come. Knows the function's forms, and nothing of budgets or of other lines (`lines.rs`).

use super::clock::Clock;
use super::function::{self, Form, Verb};
use super::status::Counters;
use crate::breaker::{Breaker, Leave, Manner, Outcome, Trip};
use address::{PATIENT, Sentinels, manner};
use arc_swap::ArcSwapOption;
use redis::aio::MultiplexedConnection;
use redis::{Client, ConnectionAddr, ErrorKind, RedisError, ServerErrorKind, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

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

/// What is asked, and how long its asker waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub verb: Verb,
    pub keys: &'a [String],
    pub args: &'a [String],
    pub patience: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    Unreachable(Unreachable),
    /// Nothing ran: another node of the cluster has these keys.
    Elsewhere(Elsewhere),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elsewhere {
    pub host: String,
    pub port: u16,
    /// The slot is on its way there: what is asked now goes there, and what is asked next may not.
    pub is_for_once: bool,
}

/// Where the other end is.
#[derive(Clone)]
pub(super) enum Reach {
    At(Client),
    /// Wherever the sentinels say that the primary is.
    Primary(Sentinels),
}

pub(super) struct Line {
    reach: Reach,
    open: ArcSwapOption<Open>,
    lost: Notify,
    is_open: watch::Sender<bool>,
    breaker: Mutex<Breaker>,
    slow: Duration,
    clock: Clock,
    counters: Arc<Counters>,
    /// Told whenever it opens or is lost.
    changed: Arc<Notify>,
}

struct Open {
    connection: MultiplexedConnection,
    form: Form,
    address: ConnectionAddr,
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
    pub fn new(
        reach: Reach,
        slow: Duration,
        clock: Clock,
        counters: Arc<Counters>,
        changed: Arc<Notify>,
    ) -> Self {
        Self {
            reach,
            open: ArcSwapOption::empty(),
            lost: Notify::new(),
            is_open: watch::Sender::new(false),
            breaker: Mutex::new(Breaker::new(MANNER)),
            slow,
            clock,
            counters,
            changed,
        }
    }

    pub fn is_open(&self) -> watch::Receiver<bool> {
        self.is_open.subscribe()
    }

    /// Asks once. Never again after a time-out or a broken line: it may have been carried out.
    pub async fn ask(&self, question: &Question<'_>, is_for_once: bool) -> Result<Value, Failure> {
        let Some(open) = self.open.load_full() else {
            return Err(Failure::Unreachable(Unreachable::Unasked));
        };
        let Some(turn) = Turn::take(self) else {
            return Err(Failure::Unreachable(Unreachable::Unasked));
        };
        let asked = self.clock.now_ms();
        let answer = timeout(question.patience, Self::send(&open, question, is_for_once)).await;
        let late = u128::from(self.clock.now_ms() - asked) > self.slow.as_millis();
        match answer {
            Ok(Ok(value)) => {
                // What no call waits for may take its time.
                let badly = late && question.verb == Verb::Charge;
                turn.report(if badly { Outcome::Badly } else { Outcome::Well }, &open);
                Ok(value)
            }
            Ok(Err(error)) => Err(self.failed(&error, question.verb, turn, &open)),
            Err(_elapsed) => {
                turn.report(Outcome::Badly, &open);
                self.counters.timed_out();
                Err(Failure::Unreachable(Unreachable::TimedOut))
            }
        }
    }

    fn failed(&self, error: &RedisError, verb: Verb, turn: Turn<'_>, open: &Arc<Open>) -> Failure {
        if let Some(elsewhere) = elsewhere(error, &open.address) {
            turn.report(Outcome::Well, open);
            return Failure::Elsewhere(elsewhere);
        }
        self.counters.failed();
        if is_unserved(error) {
            // It is up, and says so of one slot: the others are asked on, and no call is told of in the log.
            tracing::debug!(%error, ?verb, "these keys are served by nobody");
            turn.report(Outcome::Well, open);
            return Failure::Unreachable(Unreachable::Unasked);
        }
        tracing::warn!(%error, ?verb, "the shared counters failed");
        turn.report(Outcome::Badly, open);
        if breaks_the_line(error) {
            self.lose(open);
            return Failure::Unreachable(Unreachable::Broken);
        }
        Failure::Unreachable(Unreachable::Failed)
    }

    async fn send(
        open: &Open,
        question: &Question<'_>,
        is_for_once: bool,
    ) -> Result<Value, RedisError> {
        let Question {
            verb, keys, args, ..
        } = *question;
        let mut connection = open.connection.clone();
        let command = function::command(open.form, verb, keys, args);
        if is_for_once {
            // Both go in one piece: what others ask meanwhile is not between them.
            let mut pair = redis::pipe();
            pair.cmd("ASKING").ignore().add_command(command);
            let [answer]: [Value; 1] = pair.query_async(&mut connection).await?;
            return Ok(answer);
        }
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
            self.changed.notify_one();
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
                        self.changed.notify_one();
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
                    let answers = matches!(timeout(PATIENT, ping.query_async::<Value>(&mut connection)).await, Ok(Ok(_)));
                    if !answers || self.has_a_successor(&open).await {
                        self.lose(&open);
                    }
                }
            }
        }
    }

    async fn connect(&self) -> Result<Open, RedisError> {
        let client = match &self.reach {
            Reach::At(client) => client.clone(),
            Reach::Primary(sentinels) => address::primary(sentinels).await?,
        };
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&manner())
            .await?;
        if let Reach::Primary(_) = self.reach {
            address::must_be_primary(&mut connection).await?;
        }
        let form = function::load(&mut connection).await?;
        let address = client.get_connection_info().addr().clone();
        Ok(Open {
            connection,
            form,
            address,
        })
    }

    /// One that was cut off from its sentinels would go on counting beside the new primary.
    async fn has_a_successor(&self, open: &Open) -> bool {
        let Reach::Primary(sentinels) = &self.reach else {
            return false;
        };
        let named = address::primary(sentinels).await;
        named.is_ok_and(|client| *client.get_connection_info().addr() != open.address)
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a node of a cluster sends whoever asks for keys that it does not have.
fn elsewhere(error: &RedisError, asked: &ConnectionAddr) -> Option<Elsewhere> {
    let (node, _slot) = error.redirect_node()?;
    let (host, port) = node.rsplit_once(':')?;
    // A node that does not know its own name means the one it was asked by.
    let host = match (host, asked) {
        ("", ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. }) => host,
        (host, _) => host,
    };
    Some(Elsewhere {
        host: host.to_owned(),
        port: port.parse().ok()?,
        is_for_once: error.kind() == ErrorKind::Server(ServerErrorKind::Ask),
    })
}

/// Nothing ran, for these keys are served by nobody now: they are being moved, or their node is down.
fn is_unserved(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::TryAgain | ServerErrorKind::ClusterDown)
    )
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
