//! The control plane away: for a while, with real processes; for half an hour, with a replica in this process whose clock
//! is moved. And replicas whose clocks are wrong.

mod inside;

use super::load::{Answer, ask};
use super::world::{MAX, WINDOW, World};
use super::{Row, Wanted};
use host::clock::Clock;
use inside::Inside;
use reqwest::Client;
use serde_json::json;
use std::time::{Duration, Instant};
use testbed::{Org, Process, until};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const STEP: Duration = Duration::from_secs(30);
const STEPS: u32 = 60;
/// What does not come up in this time does not come.
const PATIENCE: Duration = Duration::from_secs(30);
/// How old one organisation lets its bundle become.
const STALE: Duration = Duration::from_mins(15);

pub async fn away(wanted: Wanted) -> Row {
    let mut world = World::new(wanted).await;
    let load = world.load(&["work", "move", "denied"]);
    load.done(50).await;
    world.installation.stop_control_plane();
    tokio::time::sleep(wanted.lasts / 2).await;
    let from = Instant::now();
    world.replicas[0].process.kill();
    world.replicas[0].resume().await;
    let to = Instant::now();
    tokio::time::sleep(wanted.lasts / 2).await;
    load.done(50).await;
    world.installation.resume_control_plane().await;
    let healed = Instant::now();
    world.publish(2).await;
    world.is_followed().await;
    let heal = healed.elapsed();
    let sent = load.stop().await;
    let mut row = world.row("control-plane-away", &sent).await;
    row.heal = Some(heal);
    row.tell(format!(
        "a replica was killed meanwhile, and answered from its disk {:.1} s later",
        (to - from).as_secs_f64()
    ));
    let errors = sent.iter().filter(|sent| {
        let is_error = matches!(sent.answer, Answer::Broken(_) | Answer::Refused(..));
        is_error && !(sent.replica == 0 && sent.overlaps(from, to))
    });
    let errors = errors.count();
    row.rule(errors == 0, || {
        format!("{errors} errors of calls to replicas that were there")
    });
    row
}

/// A grant, and until when it is good, by the clock of whoever judges.
struct Good {
    name: &'static str,
    path: String,
    token: String,
    until_ms: Option<u64>,
    /// From when on its organisation's bundle is too old.
    stale_ms: Option<u64>,
}

impl Good {
    fn expected(&self, tool: &str, now_ms: u64) -> Answer {
        if self.until_ms.is_some_and(|until| until <= now_ms) {
            return Answer::Refused(401, 1000);
        }
        if self.stale_ms.is_some_and(|stale| now_ms > stale) {
            return Answer::Refused(503, 1004);
        }
        match tool {
            "denied" => Answer::Denied,
            _ => Answer::Done,
        }
    }
}

async fn grant(org: &Org, name: &'static str, until_ms: Option<u64>) -> Good {
    let expires_at = until_ms.map(|until| {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(until) * 1_000_000);
        at.expect("a time").format(&Rfc3339).expect("a text")
    });
    let new = json!({ "name": name, "servers": [{ "server": "jobs", "policy": "jobs" }], "expires_at": expires_at });
    let grant = org.rest.post(&org.path("grants"), new).await;
    Good {
        name,
        path: format!("/{}/jobs/mcp", org.slug),
        token: grant["token"].as_str().expect("a token").to_owned(),
        until_ms,
        stale_ms: None,
    }
}

/// Half an hour of the replica's own clock, in steps; in the middle it begins anew from its disk.
pub async fn half_an_hour(wanted: Wanted) -> Row {
    let mut world = World::empty(wanted).await;
    let begun_ms = Clock::system().unix_ms();
    let after = |minutes: u64| Some(begun_ms + minutes * 60_000);
    let mut grants = vec![
        grant(&world.org, "for ever", None).await,
        grant(&world.org, "ten minutes", after(10)).await,
        grant(&world.org, "twenty minutes", after(20)).await,
        grant(&world.org, "two hours", after(120)).await,
    ];
    let other = world.installation.org("umbrella").await;
    let server = format!("http://127.0.0.1:{}/mcp", world.cables.upstream.port());
    other.server("jobs", &server).await;
    other
        .policy(
            "jobs",
            &json!({ "version": "1", "default": "deny", "tools": { "work": {} } }),
        )
        .await;
    let stale = json!({ "max_stale_seconds": STALE.as_secs() });
    other.rest.patch("/v1/orgs/umbrella", stale).await;
    grants.push(grant(&other, "not stale", None).await);
    // Its clock stands until it is moved: what it heard from the feed, it heard at its start.
    let mut inside = Inside::start(&world, "inside").await;
    for org in [&world.org, &other] {
        until("the replica", || org.enforced(1)).await;
    }
    world.installation.stop_control_plane();
    let confirmed_ms = inside.now_ms();
    grants.last_mut().expect("the last").stale_ms =
        Some(confirmed_ms + u64::try_from(STALE.as_millis()).expect("milliseconds"));

    let client = Client::new();
    let (mut calls, mut wrong) = (0_usize, Vec::new());
    for step in 0..=STEPS {
        for grant in &grants {
            for tool in ["work", "denied"] {
                let (now_ms, key) = (inside.now_ms(), format!("half{calls}"));
                calls += 1;
                let url = format!("{}{}", inside.url, grant.path);
                let answer = ask(&client, &url, &grant.token, tool, &key).await;
                if answer != grant.expected(tool, now_ms) {
                    wrong.push(format!(
                        "{} `{tool}` after {} s: {answer:?}",
                        grant.name,
                        (now_ms - begun_ms) / 1000
                    ));
                }
            }
        }
        if step == STEPS / 2 {
            inside.begin_anew().await;
        }
        inside.clock.advance(STEP);
    }
    inside.stop().await;
    world.installation.resume_control_plane().await;
    let healed = Instant::now();
    by_true_time(&mut world).await;
    let mut row = world.row("half-an-hour", &[]).await;
    row.heal = Some(healed.elapsed());
    row.calls = calls;
    row.tell(format!(
        "{calls} calls while the replica's clock went on by {} minutes; begun anew from its disk in the middle",
        (STEP * STEPS).as_secs() / 60
    ));
    let count = wrong.len();
    row.rule(wrong.is_empty(), || {
        format!("{count} wrong answers, the first: {}", wrong[0])
    });
    row
}

/// The same replica as a process, by the true time: it sends what the other wrote.
async fn by_true_time(world: &mut World) {
    let mut replica = world.start_as(Process::binary("data-plane"), "inside");
    let client = Client::new();
    let begun = Instant::now();
    loop {
        let answer = client.get(format!("{}/readyz", replica.url())).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            break;
        }
        // What ran in this process lets go of the spool in its own time.
        if !replica.process.is_running() {
            replica.start_again();
        }
        assert!(begun.elapsed() < PATIENCE, "{}", replica.process.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.replicas.push(replica);
    world.is_followed().await;
}

/// Ahead and behind by minutes and an hour, and right again after each.
pub async fn clock_steps(wanted: Wanted) -> Row {
    const MINUTE: i64 = 60_000;
    let mut world = World::empty(wanted).await;
    let true_ms = Clock::system().unix_ms();
    let grants = [
        grant(&world.org, "for ever", None).await,
        grant(&world.org, "an hour", Some(true_ms + 60 * 60_000)).await,
        grant(&world.org, "half an hour", Some(true_ms + 30 * 60_000)).await,
    ];
    let inside = Inside::start(&world, "inside").await;
    until("the replica", || world.org.enforced(1)).await;
    let client = Client::new();
    let (mut calls, mut wrong, mut heals) = (0_usize, Vec::new(), Vec::new());
    let limit = crate::history::Limit {
        max: MAX,
        window_ms: u64::try_from(WINDOW.as_millis()).expect("milliseconds"),
        slots: 20,
    };
    let mut history = Vec::new();
    let mut version = 1;
    for by in [10 * MINUTE, -10 * MINUTE, 45 * MINUTE, -60 * MINUTE] {
        inside.turn(by);
        version += 1;
        world.publish(version).await;
        for _ in 0..20 {
            for grant in &grants {
                for tool in ["work", "denied"] {
                    let (now_ms, key) = (inside.now_ms(), format!("step{calls}"));
                    calls += 1;
                    let url = format!("{}{}", inside.url, grant.path);
                    let answer = ask(&client, &url, &grant.token, tool, &key).await;
                    if answer != grant.expected(tool, now_ms) {
                        wrong.push(format!(
                            "{} `{tool}` by {} minutes: {answer:?}",
                            grant.name,
                            by / MINUTE
                        ));
                    }
                }
            }
            let url = format!("{}{}", inside.url, grants[0].path);
            for _ in 0..3 {
                let (sent, key) = (Inside::true_ms(), format!("step{calls}"));
                calls += 1;
                let answer = ask(&client, &url, &grants[0].token, "closed", &key).await;
                history.push(crate::history::Call {
                    sent,
                    answered: Inside::true_ms(),
                    cost: 1,
                    passed: answer == Answer::Done,
                });
            }
        }
        inside.turn(0);
        let right = Instant::now();
        until("the replica", || world.org.enforced(1)).await;
        heals.push((by / MINUTE, right.elapsed()));
    }
    inside.stop().await;
    by_true_time(&mut world).await;
    let mut row = world.row("clock-steps", &[]).await;
    row.calls = calls;
    row.heal = heals.iter().map(|(_, heal)| *heal).max();
    for (by, heal) in &heals {
        row.tell(format!(
            "by {by} minutes; followed {:.1} s after its clock was right again",
            heal.as_secs_f64()
        ));
    }
    let bounds = crate::history::bounds(&history, &limit);
    row.tell(format!(
        "closed: {} of {MAX} in the fullest window, whatever the replica's clock says",
        bounds.worst
    ));
    row.rule(bounds.worst <= MAX, || {
        format!("{} of {MAX} in a window", bounds.worst)
    });
    row.rule(bounds.unjust.is_empty(), || {
        format!("{} refused while there was room", bounds.unjust.len())
    });
    let count = wrong.len();
    row.rule(wrong.is_empty(), || {
        format!("{count} wrong answers, the first: {}", wrong[0])
    });
    row
}
