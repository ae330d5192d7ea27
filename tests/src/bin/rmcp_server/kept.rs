//! What the server has said in sessions, kept in memory for a while, so that a stream that broke can be taken up again:
//! `rmcp` itself forgets an answer as soon as it was sent, whether anybody was there to read it or not.

use rmcp::model::JsonRpcMessage;
use rmcp::transport::streamable_http_server::session::{
    EventStore, EventStoreError, EventStream, ServerSseMessage,
};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

/// So many events of all streams together.
const KEPT: usize = 4096;

type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

#[derive(Default)]
pub struct Kept {
    events: Arc<Mutex<BTreeMap<u64, (String, ServerSseMessage)>>>,
    /// The number of the newest.
    newest: watch::Sender<u64>,
}

impl Kept {
    fn keep(&self, stream: &str, event: &ServerSseMessage) -> String {
        let mut events = self.events.lock().unwrap();
        let number = *self.newest.borrow() + 1;
        let mut event = event.clone();
        event.event_id = Some(number.to_string());
        events.insert(number, (stream.to_owned(), event));
        if events.len() > KEPT {
            events.pop_first();
        }
        self.newest.send_replace(number);
        number.to_string()
    }

    /// Everything of the stream after this event, and whatever it says from now on until it has answered.
    fn follow(&self, last: &str) -> Result<EventStream, EventStoreError> {
        let events = Arc::clone(&self.events);
        let mut number: u64 = last.parse()?;
        let kept = events.lock().unwrap().get(&number).cloned();
        let (stream, _) = kept.ok_or_else(|| format!("event `{last}` is not kept"))?;
        let mut newest = self.newest.subscribe();
        let (sender, receiver) = mpsc::channel(16);
        tokio::spawn(async move {
            loop {
                newest.mark_unchanged();
                while let Some((next, event)) = next_of(&events, &stream, number) {
                    number = next;
                    let is_last = is_answer(&event);
                    if sender.send(event).await.is_err() || is_last {
                        return;
                    }
                }
                tokio::select! {
                    () = sender.closed() => return,
                    grown = newest.changed() => if grown.is_err() { return },
                }
            }
        });
        Ok(Box::pin(ReceiverStream::new(receiver)))
    }
}

fn next_of(
    events: &Mutex<BTreeMap<u64, (String, ServerSseMessage)>>,
    stream: &str,
    after: u64,
) -> Option<(u64, ServerSseMessage)> {
    let events = events.lock().unwrap();
    let mut later = events.range((Bound::Excluded(after), Bound::Unbounded));
    later
        .find(|(_, (of, _))| of == stream)
        .map(|(number, (_, event))| (*number, event.clone()))
}

fn is_answer(event: &ServerSseMessage) -> bool {
    matches!(
        event.message.as_deref(),
        Some(JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_))
    )
}

impl EventStore for Kept {
    fn store_event<'a, 'b, 'c, 'd>(
        &'a self,
        stream: &'b str,
        event: &'c ServerSseMessage,
    ) -> Future<'d, Result<String, EventStoreError>>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
        Self: 'd,
    {
        Box::pin(std::future::ready(Ok(self.keep(stream, event))))
    }

    fn replay_events_after<'a, 'b, 'd>(
        &'a self,
        last: &'b str,
    ) -> Future<'d, Result<EventStream, EventStoreError>>
    where
        'a: 'd,
        'b: 'd,
        Self: 'd,
    {
        Box::pin(std::future::ready(self.follow(last)))
    }
}
