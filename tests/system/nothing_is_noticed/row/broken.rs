//! What breaks in the middle of a call: a replica that is killed, or everything that the client has open. Calls go on as if
//! nothing had happened, and so does the one that was under way, where the era can resume it.

use super::{Gone, Row, Seen, Shown, is};
use crate::nothing_is_noticed::table::Feature;
use serde_json::json;

/// Of a call that cannot be resumed, in seconds. One that is told late is told as well.
const PATIENCE: u64 = 5;

impl Row {
    /// Begins a call that is under way when something breaks.
    pub async fn hold(&self, feature: Feature) {
        let mut held = self.held.lock().await;
        let key = format!("{} {} {feature:?}", self.way, self.index);
        let patience = self.is_modern().then_some(PATIENCE);
        let pending = self.begin(&key, patience).await;
        self.client.steps(pending.id, 1).await;
        *held = Some((key, pending));
    }

    /// Nobody gets in while there is nobody to be let in to. server-everything replays what it had said when its client comes
    /// back, and says nothing after that: its clients come back when it has said all.
    pub fn shut(&self, feature: Feature) {
        if self.is_everything() || feature == Feature::Restart {
            self.door.shut();
        }
    }

    pub(super) async fn goes_on(&self, gone: Gone) -> Seen {
        match gone {
            Gone::Replica(index) => self.door.has_left(index).await,
            Gone::Everything => self.door.cut().await,
            Gone::Nothing => {}
        }
        // A client has seen what broke when it has answered something after it.
        self.client.act(json!({ "do": "heard" })).await;
        if let Some(beside) = &self.upstream.beside {
            // Begun later, and of the same length: when this one has ended, so have the others.
            let operation = json!({
                "name": "trigger-long-running-operation", "arguments": { "duration": 1, "steps": 4 },
            });
            // The ids of one session differ.
            let id = self.index as u64 + 1;
            beside.request(id, "tools/call", operation).await;
        }
        self.door.open();
        for _ in 0..3 {
            self.calls().await?;
        }
        let held = self.held.lock().await.take();
        let (key, pending) = held.ok_or("no call was under way")?;
        self.release(&key).await?;
        let answer = pending.answer().await;
        if self.is_modern() && answer.get("error").is_some() {
            self.calls().await?;
            return Ok(Shown::Told);
        }
        // Nobody may have an answer of a call whose stream is gone, in an era that resumes none.
        is(!self.is_modern() || gone != Gone::Everything, &answer)?;
        self.has_ended(&key, &answer)?;
        self.lists().await
    }

    /// A subscription of the legacy eras is the session's, and outlives a replica; one of the modern era is a stream, which its
    /// client asks for again.
    pub(super) async fn is_told_afterwards(&self, tries: usize) -> Seen {
        if self.is_modern() {
            return self.subscribes().await;
        }
        self.is_told(tries).await
    }
}
