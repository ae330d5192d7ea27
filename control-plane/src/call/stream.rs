//! Calls as they are recorded: server-sent events, one `call` for each new or changed one.
//!
//! The id of an event is how far everything was settled, so a client that reconnects with `Last-Event-ID` misses nothing
//! of the last day, and may hear twice what was recorded just before it began. The feed follows transactions and not
//! clocks: a record that a replica sends late still comes.

use super::{CallFilter, act};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::shares::{Share, Shares};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;

/// Followers at once, in this process.
static FOLLOWERS: Shares = Shares::new("followers", 128, 16);
/// Calls told at a time; of a busier second only the newest are.
const MOST: i64 = 500;
/// How often one looks. A change in this process is seen at once, and no more often than this.
const LOOK: Duration = Duration::from_secs(1);
const BREATH: Duration = Duration::from_millis(100);
/// After this the client connects again, and so is asked again who it is.
const WHOLE: Duration = Duration::from_mins(5);

struct Following {
    app: App,
    caller: Caller,
    filter: CallFilter,
    from: i64,
    until: Instant,
    #[expect(dead_code, reason = "held, not read")]
    share: Share,
}

/// `last` is the id of the last event the client saw, where it has seen one.
pub async fn follow(
    app: App,
    caller: Caller,
    filter: CallFilter,
    last: Option<i64>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let share = FOLLOWERS.take(caller.org())?;
    let settled = act::settled(&app, &caller).await?;
    let from = last
        .filter(|last| (0..=settled).contains(last))
        .unwrap_or(settled);
    let following = Following {
        app,
        caller,
        filter,
        from,
        until: Instant::now() + WHOLE,
        share,
    };
    // Says at once that it listens, and from where on.
    let begun = stream::iter([Ok(Event::default()
        .event("listening")
        .id(from.to_string())
        .data("{}"))]);
    let events = begun.chain(stream::unfold(following, look).flat_map(stream::iter));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Waits for something to tell. Ends where the time is over or the calls cannot be read: the client connects again.
async fn look(mut following: Following) -> Option<(Vec<Result<Event, Infallible>>, Following)> {
    let changed = following.app.db().changed();
    while Instant::now() < following.until {
        let change = changed.notified();
        let Following {
            app,
            caller,
            filter,
            from,
            ..
        } = &following;
        let (calls, to) = match act::follow(app, caller, filter, *from, MOST).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "a stream of calls ended");
                return None;
            }
        };
        following.from = to;
        if !calls.is_empty() {
            let tell = calls
                .iter()
                .filter_map(|call| serde_json::to_string(call).ok());
            let events =
                tell.map(|call| Ok(Event::default().event("call").id(to.to_string()).data(call)));
            return Some((events.collect(), following));
        }
        tokio::time::sleep(BREATH).await;
        // Err is the time that is up: one looks either way.
        let _ = tokio::time::timeout(LOOK, change).await;
    }
    None
}
