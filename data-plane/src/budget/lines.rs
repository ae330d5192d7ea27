//! Which line leads to an organisation's counters: the only one, or in a cluster the one to the node that has
//! its slot. All keys of a call are of one organisation, so one line answers for all of them.

use super::clock::Clock;
use super::cluster::Cluster;
use super::function::Verb;
use super::line::{Failure, Line, Question, Reach, Unreachable};
use super::status::Counters;
use address::{Address, Place};
use redis::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

#[derive(Debug)]
pub(super) struct Lines {
    way: Way,
    pub counters: Arc<Counters>,
}

#[derive(Debug)]
enum Way {
    One(Arc<Line>),
    Cluster(Arc<Cluster>),
}

impl Lines {
    pub fn new(address: Address, slow: Duration, clock: Clock) -> Self {
        let counters = Arc::new(Counters::default());
        let one = |reach| {
            let changed = Arc::new(Notify::new());
            Way::One(Arc::new(Line::new(
                reach,
                slow,
                clock,
                counters.clone(),
                changed,
            )))
        };
        let way = match address.0 {
            Place::One(client) => one(Reach::At(client)),
            Place::Sentinels(sentinels) => one(Reach::Primary(sentinels)),
            Place::Cluster(seeds) => {
                Way::Cluster(Arc::new(Cluster::new(seeds, slow, clock, counters.clone())))
            }
        };
        Self { way, counters }
    }

    /// Whether all of it can be asked.
    pub fn is_open(&self) -> watch::Receiver<bool> {
        match &self.way {
            Way::One(line) => line.is_open(),
            Way::Cluster(cluster) => cluster.is_open(),
        }
    }

    /// Runs until aborted.
    pub async fn keep(self: Arc<Self>) {
        match &self.way {
            Way::One(line) => line.clone().keep().await,
            Way::Cluster(cluster) => cluster.keep().await,
        }
    }

    /// Asks whoever has these keys, once.
    pub async fn ask(
        &self,
        verb: Verb,
        keys: &[String],
        args: &[String],
        patience: Duration,
    ) -> Result<Value, Unreachable> {
        let question = Question {
            verb,
            keys,
            args,
            patience,
        };
        match &self.way {
            Way::Cluster(cluster) => cluster.ask(&question).await,
            Way::One(line) => line.ask(&question, false).await.map_err(|failure| {
                match failure {
                    Failure::Unreachable(why) => why,
                    Failure::Elsewhere(_) => {
                        self.counters.failed();
                        tracing::warn!(
                            "Redis is a node of a cluster: name two of its nodes or more, with commas between"
                        );
                        Unreachable::Failed
                    }
                }
            }),
        }
    }
}
