//! Listens to Redis for what was taken back: the way besides the feed, for calls without limits. A call under a limit
//! looks there for itself, in the trip that it makes.

use super::hold::Holder;
use crate::budget::{Budget, Place};
use std::sync::Arc;
use std::time::Duration;

/// What is taken back counts after this, and the time that telling took, however the feed is.
const EVERY: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub struct Listener {
    budget: Budget,
    holder: Arc<Holder>,
    place: Place,
}

impl Listener {
    pub fn new(budget: Budget, holder: Arc<Holder>) -> Self {
        Self {
            budget,
            holder,
            place: Place::default(),
        }
    }

    /// Reads to the end of what was told, or until nobody answers.
    pub async fn catch_up(&mut self) {
        while let Some(news) = self.budget.news(self.place).await {
            self.place = news.place;
            self.holder.take_back(&news.taken);
            if news.is_all {
                return;
            }
        }
    }

    /// Runs until aborted. Without Redis, what is held goes on being enforced.
    pub async fn listen(mut self) {
        loop {
            self.catch_up().await;
            tokio::time::sleep(EVERY).await;
        }
    }
}
