//! The relay: a permit goes in, the upstream's answer streams out. It judges nothing anew, but passes nothing on that the
//! gate would not show: lists are cut, questions of the server's are let through where the server's entry allows them.

mod aside;
mod cover;
mod elicit;
mod exchange;
mod passage;
mod pieces;
mod read;
mod standing;
mod stream;

pub use aside::Aside;
pub use cover::message as covered;
pub use exchange::mark_stream;
pub use pieces::pieces;
pub use read::{MOST_EVENT, answers, is_stream, read_answer};
pub use standing::{SessionKey, Stand, Standing};
pub use stream::QUIET;

use crate::budget::Held;
use crate::front::Body;
use crate::gate::Permit;
use crate::gateway::Gateway;
use crate::record::Written;
use crate::refusal::{Refusal, Trouble};
use crate::seats::Seat;
use http::Response;
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

/// What a call carries until it ends: the duty to record its outcome, its place in the budgets, and its seat.
#[derive(Debug, Default)]
pub struct Carried {
    pub written: Option<Written>,
    pub hold: Option<Held>,
    pub seat: Option<Seat>,
}

/// Spends the permit.
///
/// A client of the modern era cancels by hanging up, and its call is dropped with it. A legacy client does not: its call
/// runs on in a task of its own, and what it would have heard is on record.
pub async fn relay(
    app: &Arc<Gateway>,
    permit: Permit,
    carried: Carried,
) -> Result<Response<Body>, Refusal> {
    let mut call = permit.spend();
    // Gone when it is sent: an answer may come for hours.
    let body = std::mem::take(&mut call.body);
    let call = Arc::new(call);
    let is_modern = call.era.is_modern();
    let server = call.caller.server().name.clone();
    let task =
        tokio::spawn(exchange::exchange(Arc::clone(app), call, body, carried).in_current_span());
    let ended = if is_modern {
        AbortOnDropHandle::new(task).await
    } else {
        task.await
    };
    // Only a panic or the end of the process takes a task away.
    ended.unwrap_or(Err(Refusal::Upstream {
        server,
        trouble: Trouble::Broken,
    }))
}
