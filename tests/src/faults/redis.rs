//! Redis that is killed, forgets, is slow, or says nothing: what each limit lets through before, meanwhile and afterwards.

use super::load::{Answer, Sent};
use super::world::{AT_ONCE, MAX, TAKES, WINDOW, World};
use super::{Row, Wanted};
use crate::history::{Call, Limit, bounds};
use std::time::{Duration, Instant};
use testbed::{Fault, Way};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Killed,
    Emptied,
    Slow,
    /// Bytes are swallowed, connections stay open.
    Silent,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Killed => "redis-killed",
            Self::Emptied => "redis-emptied",
            Self::Slow => "redis-slow",
            Self::Silent => "redis-silent",
        }
    }
}

/// A call waits for Redis for half as long here.
const SLOW: Duration = Duration::from_millis(200);

pub async fn row(wanted: Wanted, what: What) -> Row {
    let mut world = World::new(wanted).await;
    let load = world.load(&["closed", "share", "alone", "work"]);
    load.done(50).await;
    tokio::time::sleep(WINDOW).await;
    let from = Instant::now();
    let cable = &world.cables.redis;
    let until = match what {
        What::Killed => {
            world.redis.stop();
            tokio::time::sleep(wanted.lasts).await;
            let until = Instant::now();
            world.redis.resume().await;
            until
        }
        What::Emptied => {
            empty(&world).await;
            Instant::now()
        }
        What::Slow => world.fault(cable, Fault::Late(SLOW)).await.1,
        What::Silent => world.fault(cable, Fault::Lost(Way::Both)).await.1,
    };
    let healed = Instant::now();
    load.done(10).await;
    tokio::time::sleep(2 * WINDOW).await;
    let sent = load.stop().await;
    let mut row = world.row(what.name(), &sent).await;
    let passed = |tool: &str| -> Vec<&Sent> {
        let passed = sent.iter().filter(|sent| sent.tool == tool);
        passed.filter(|sent| sent.answer == Answer::Done).collect()
    };
    let first = passed("closed")
        .iter()
        .filter(|sent| sent.begun >= healed)
        .map(|sent| sent.ended - healed)
        .min();
    row.heal = first;
    row.rule(first.is_some(), || {
        "`closed` never let through again".to_owned()
    });
    if what != What::Emptied {
        for tool in ["closed", "alone"] {
            let meanwhile = passed(tool);
            let meanwhile = meanwhile.iter().filter(|sent| sent.is_within(from, until));
            let count = meanwhile.count();
            row.rule(count == 0, || {
                format!("`{tool}` let {count} through without Redis")
            });
        }
        let steady = worst(&sent, "share", world.began, from, Some(until));
        row.tell(format!(
            "share: {steady} of {MAX} in the fullest window without Redis"
        ));
        row.rule(steady <= MAX, || {
            format!("`share` let {steady} through in a window without Redis, of {MAX}")
        });
    }
    for tool in ["closed", "share"] {
        let all = worst(&sent, tool, world.began, world.began, None);
        row.tell(format!(
            "{tool}: {all} of {MAX} in the fullest window of all"
        ));
        row.rule(all <= 2 * MAX, || {
            format!("`{tool}` let {all} through in a window, of {MAX}")
        });
    }
    let at_once = at_once(&world);
    row.tell(format!("alone: {at_once} at once, of {AT_ONCE}"));
    row.rule(at_once <= 2 * AT_ONCE, || {
        format!("{at_once} calls of `alone` at once, of {AT_ONCE}")
    });
    let times = |from: Instant, to: Instant| {
        let within = sent.iter().filter(|sent| sent.is_within(from, to));
        percentiles(within.filter(|sent| sent.tool == "share"))
    };
    row.tell(format!(
        "calls of `share`, p50 and p99 in ms: {} before, {} meanwhile",
        times(world.began, from),
        times(from, until)
    ));
    let errors = row.errors.values().sum::<usize>();
    row.rule(errors == 0, || format!("{errors} errors of callers"));
    row
}

async fn empty(world: &World) {
    let client = redis::Client::open(world.redis.url()).expect("its address");
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.expect("Redis");
    let emptied: Result<(), _> = redis::cmd("FLUSHALL").query_async(&mut connection).await;
    emptied.expect("Redis forgets");
}

/// The most that certainly passed within one window, of the calls sent within these.
fn worst(sent: &[Sent], tool: &str, began: Instant, from: Instant, to: Option<Instant>) -> u64 {
    let ms = |at: Instant| u64::try_from((at - began).as_millis()).expect("milliseconds");
    let calls: Vec<Call> = sent
        .iter()
        .filter(|sent| sent.tool == tool && sent.begun >= from)
        .filter(|sent| to.is_none_or(|to| sent.ended <= to))
        .map(|sent| Call {
            sent: ms(sent.begun),
            answered: ms(sent.ended),
            cost: 1,
            passed: sent.answer == Answer::Done,
        })
        .collect();
    let limit = Limit {
        max: MAX,
        window_ms: u64::try_from(WINDOW.as_millis()).expect("milliseconds"),
        slots: 20,
    };
    bounds(&calls, &limit).worst
}

/// The most calls of `alone` that the server worked on in one moment.
fn at_once(world: &World) -> usize {
    let calls = world.upstream.calls();
    let of_alone = calls
        .iter()
        .filter(|call| call.body["params"]["name"] == "alone");
    let mut times: Vec<Instant> = of_alone.map(|call| call.at).collect();
    times.sort_unstable();
    let from = |at: usize| {
        let later = times[at..].iter();
        later.take_while(|time| **time < times[at] + TAKES).count()
    };
    (0..times.len()).map(from).max().unwrap_or(0)
}

fn percentiles<'a>(sent: impl Iterator<Item = &'a Sent>) -> String {
    let mut times = crate::fleet::Times::default();
    times.extend(sent.map(|sent| sent.ended - sent.begun));
    let ms = |percent| times.percentile(percent).as_millis();
    format!("{} and {}", ms(50), ms(99))
}
