//! Each pair of parts kept from each other, in every manner, while calls are made and policies are published: once they have
//! found each other again, every replica holds what there is.

use super::load::{Answer, ask};
use super::world::World;
use super::{Row, Wanted};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use std::time::{Duration, Instant};
use testbed::{Cable, Fault, Way, until};

/// In which manner parts are kept from each other.
pub const WAYS: [Fault; 6] = [
    Fault::Cut,
    Fault::Held(Way::Both),
    Fault::Held(Way::There),
    Fault::Held(Way::Back),
    Fault::Late(Duration::from_millis(150)),
    Fault::Drip,
];

/// The other end is gone, or one that says nothing is in its place.
pub const SILENCE: [Fault; 3] = [
    Fault::Lost(Way::Both),
    Fault::Lost(Way::There),
    Fault::Lost(Way::Back),
];

/// After healing, every replica holds the newest in this time.
const SOON: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
enum Pair {
    ControlPlane,
    Redis,
    Upstream,
    Postgres,
}

impl Pair {
    const ALL: [(Self, &str); 4] = [
        (Self::ControlPlane, "replicas and control plane"),
        (Self::Redis, "replicas and Redis"),
        (Self::Upstream, "replicas and server"),
        (Self::Postgres, "control plane and Postgres"),
    ];

    fn cable(self, world: &World) -> &Cable {
        let cables = &world.cables;
        match self {
            Self::ControlPlane => &cables.control_plane,
            Self::Redis => &cables.redis,
            Self::Upstream => &cables.upstream,
            Self::Postgres => &cables.postgres,
        }
    }
}

pub async fn row(wanted: Wanted, faults: &[Fault]) -> Row {
    let world = World::new(wanted).await;
    let mut random = StdRng::seed_from_u64(wanted.seed);
    let mut plan: Vec<_> = faults
        .iter()
        .flat_map(|fault| Pair::ALL.map(|(pair, name)| (pair, name, *fault)))
        .collect();
    plan.shuffle(&mut random);
    // In small: one of each pair.
    let each = wanted.lasts / u32::try_from(plan.len()).expect("a few");
    if each < Duration::from_millis(500) {
        let mut met = Vec::new();
        plan.retain(|(_, name, _)| {
            let is_new = !met.contains(name);
            met.push(*name);
            is_new
        });
    }
    let each = wanted.lasts / u32::try_from(plan.len()).expect("a few");
    let load = world.load(&["work", "share", "denied"]);
    load.done(50).await;
    let (mut heals, mut version) = (Vec::new(), 1);
    for (pair, name, fault) in plan {
        let cable = pair.cable(&world);
        cable.set(fault);
        version += 1;
        // Where the database cannot be reached, nothing can be changed.
        let is_before = !matches!(pair, Pair::Postgres);
        if is_before {
            tokio::time::sleep(each.mul_f64(random.random())).await;
            world.publish(version).await;
        }
        tokio::time::sleep(each).await;
        cable.heal();
        let healed = Instant::now();
        if !is_before {
            taken(&world).await;
            world.publish(version).await;
        }
        judged_by(&world, version).await;
        world.is_followed().await;
        heals.push((healed.elapsed(), name, fault));
        goes_through(&world).await;
    }
    let sent = load.stop().await;
    let name = if faults.contains(&Fault::Drip) {
        "partitions"
    } else {
        "silence"
    };
    let mut row = world.row(name, &sent).await;
    let longest = heals.iter().map(|(heal, ..)| *heal).max();
    row.heal = longest;
    row.tell(format!("{} times kept from each other", heals.len()));
    for (heal, name, fault) in heals {
        row.tell(format!("{:>5.1} s: {name}, {fault:?}", heal.as_secs_f64()));
        row.rule(heal <= SOON, || {
            format!(
                "{:.1} s until every replica held the newest: {name}, {fault:?}",
                heal.as_secs_f64()
            )
        });
    }
    row
}

/// Every replica lets what only the newest version knows through, and judges by that version.
async fn judged_by(world: &World, version: u64) {
    let client = reqwest::Client::new();
    let newest = format!("tool-{version}");
    for url in world.urls() {
        until("a replica that judges by the newest version", || async {
            let body = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": { "name": "denied", "arguments": { newest.clone(): 1 } } });
            let request = client.post(&url).bearer_auth(&world.token).json(&body);
            let request = request.header("accept", "application/json, text/event-stream");
            let answer: serde_json::Value = request.send().await.ok()?.json().await.ok()?;
            let judged = &answer["result"]["_meta"]["dev.portcullis/decision"]["version"];
            (judged.as_u64() == Some(version)).then_some(())
        })
        .await;
    }
}

/// Whatever was lost on connections that stand, calls go through again.
async fn goes_through(world: &World) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(1))
        .build();
    let client = client.expect("a client");
    for (at, url) in world.urls().into_iter().enumerate() {
        let mut number = 0;
        until("a call that goes through", || {
            number += 1;
            let key = format!("after{at}x{number}x{}", world.began.elapsed().as_nanos());
            let (client, url, token) = (client.clone(), url.clone(), world.token.clone());
            async move {
                let answer = ask(&client, &url, &token, "work", &key).await;
                (answer == Answer::Done).then_some(())
            }
        })
        .await;
    }
}

/// The database is reached again.
async fn taken(world: &World) {
    let path = world.org.path("policies/jobs");
    until("a control plane that answers", || async {
        let (status, _) = world.org.rest.send(reqwest::Method::GET, &path, None).await;
        status.is_success().then_some(())
    })
    .await;
}
