//! Random histories of calls, by a clock that goes where it likes, through the function and through its model:
//! every answer must be the same, and in the end everything that is kept. Two thousand of them are run each time;
//! `PORTCULLIS_TEST_HISTORIES` says how many instead, and `PORTCULLIS_TEST_SEED` which (`tests/limits-at-size`).

mod model;
mod story;

use super::{Server, wished};
use crate::budget::function;
use redis::Value;
use redis::aio::MultiplexedConnection;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use story::{Expected, Story};

const USUAL: u64 = 2_000;
/// Stories that go to the server together.
const TOGETHER: u64 = 25;
/// The shortest life of a key, and it is by the server's real clock: a machine that stalls for longer has let some
/// expire that a clock of ours still counts.
const SHORTEST_LIFE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn random_histories_end_alike_in_redis_and_in_the_model() {
    let stories = wished("PORTCULLIS_TEST_HISTORIES").unwrap_or(USUAL);
    let seed = wished("PORTCULLIS_TEST_SEED").unwrap_or_else(rand::random);
    println!("seed {seed}");
    let server = Server::start();
    let mut connection = server.connection().await;
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD")
        .arg(function::tests::library_by_a_set_clock());
    load.exec_async(&mut connection).await.unwrap();
    let begun = Instant::now();
    let mut told = Told::default();
    let mut next = 0;
    while next < stories {
        let many = TOGETHER.min(stories - next);
        // A seed of its own for each, so that one can be told again alone.
        let all: Vec<Story> = (next..next + many)
            .map(|number| Story::tell(seed.wrapping_add(number)))
            .collect();
        let asked = Instant::now();
        let found = hear(&mut connection, &all).await;
        if asked.elapsed() < SHORTEST_LIFE {
            for (story, found) in all.iter().zip(found) {
                told.add(story);
                story.assert_heard(found);
            }
            next += many;
        }
        redis::cmd("FLUSHDB")
            .exec_async(&mut connection)
            .await
            .unwrap();
    }
    let took = begun.elapsed();
    println!("{stories} histories alike in {took:.1?}: {told:?}");
    assert!(told.is_varied(stories), "too tame: {told:?}");
}

/// What was in them, that none of it was forgotten.
#[derive(Debug, Default)]
struct Told {
    passed: u64,
    refused: u64,
    revoked: u64,
    refunded: u64,
    other: u64,
    back: u64,
}

impl Told {
    fn add(&mut self, story: &Story) {
        self.back += story.steps_back;
        for (_, expected) in &story.asked {
            *match expected {
                Expected::Reply { reply, .. } => match reply.answer {
                    crate::budget::reply::Answer::Passed { .. } => &mut self.passed,
                    crate::budget::reply::Answer::Refused(_) => &mut self.refused,
                    crate::budget::reply::Answer::Revoked(_) => &mut self.revoked,
                    crate::budget::reply::Answer::Untold { .. } => &mut self.other,
                },
                Expected::Refunded(_) => &mut self.refunded,
                Expected::Number(_) | Expected::Numbers(_) => &mut self.other,
            } += 1;
        }
    }

    fn is_varied(&self, stories: u64) -> bool {
        let counts = [self.passed, self.refused, self.refunded, self.other];
        let rare = self.revoked.min(self.back);
        stories < USUAL || counts.iter().all(|count| *count > stories / 2) && rare > stories / 20
    }
}

/// What the server answers to each command of each story, and what it then keeps of its rings.
async fn hear(
    connection: &mut MultiplexedConnection,
    all: &[Story],
) -> Vec<(Vec<Value>, Vec<BTreeMap<String, String>>)> {
    let mut pipe = redis::pipe();
    for story in all {
        for command in &story.commands {
            pipe.add_command(command.clone());
        }
        for (key, _) in &story.kept {
            pipe.cmd("HGETALL").arg(key);
        }
    }
    let answers: Vec<Value> = pipe.query_async(connection).await.unwrap();
    let mut answers = answers.into_iter();
    let mut take = |count: usize| -> Vec<Value> { answers.by_ref().take(count).collect() };
    let heard = all.iter().map(|story| {
        let told = take(story.commands.len());
        let kept = take(story.kept.len());
        let kept = kept
            .into_iter()
            .map(|one| redis::from_redis_value(one).unwrap());
        (told, kept.collect())
    });
    heard.collect()
}
