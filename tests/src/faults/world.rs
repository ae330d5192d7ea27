//! An installation whose parts are joined by cables, a server that notes what reaches it, and what is on record of it.

use super::load::{Answer, Load, Sent};
use super::{Row, Wanted};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};
use testbed::{Cable, Database, Fault, Installation, Org, Process, Redis, Replica, Stub, until};

/// What the server takes for a call: so long at least a call under way is one.
pub const TAKES: Duration = Duration::from_millis(20);
/// How long a call waits for Redis: far longer than on a machine that does only this, and less than what is slow here.
const REDIS_MS: &str = "100";
/// The budget of each limit, and its window.
pub const MAX: u64 = 30;
pub const WINDOW: Duration = Duration::from_secs(3);
/// How many calls of `alone` may be under way at once.
pub const AT_ONCE: usize = 2;

/// How many records come more slowly than this do not come.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct World {
    pub wanted: Wanted,
    pub installation: Installation,
    pub redis: Redis,
    pub upstream: Stub,
    pub org: Org,
    pub replicas: Vec<Replica>,
    pub cables: Cables,
    pub token: String,
    pub began: Instant,
}

#[derive(Debug)]
pub struct Cables {
    /// From the control plane to Postgres.
    pub postgres: Cable,
    /// From the replicas to the control plane.
    pub control_plane: Cable,
    pub redis: Cable,
    pub upstream: Cable,
}

fn document(version: u64) -> Value {
    let limit = |on_outage: &str| {
        json!({ "limits": [{ "counter": on_outage, "window": WINDOW.as_secs(), "max": MAX, "scope": "grant",
            "on_outage": on_outage }] })
    };
    let alone = json!({ "counter": "alone", "concurrency": AT_ONCE, "scope": "grant", "on_outage": "closed" });
    // Each version is another document.
    let of_this_version = format!("tool-{version}");
    json!({
        "version": "1", "default": "deny",
        "tools": {
            of_this_version: {}, "work": { "record": "process" }, "pay": { "record": "strict" }, "move": { "record": "host" },
            "closed": limit("closed"), "share": limit("share"), "alone": { "limits": [alone] },
        },
    })
}

impl World {
    /// With its replicas up, following, and knowing of each other.
    pub async fn new(wanted: Wanted) -> Self {
        let mut world = Self::empty(wanted).await;
        for at in 0..wanted.replicas {
            let replica = world.start(&format!("r{at}"));
            world.replicas.push(replica);
        }
        world.is_followed().await;
        for replica in &world.replicas {
            until("a replica that knows of all", || async {
                knows(replica, wanted.replicas).then_some(())
            })
            .await;
        }
        world
    }

    /// Without a replica.
    pub async fn empty(wanted: Wanted) -> Self {
        let database = Database::new().await;
        let postgres = Cable::to(database.port()).await;
        let [app, system] = database.through(postgres.port());
        let redis = Redis::start().await;
        let redis_url = redis.url();
        let variables = [
            ("PORTCULLIS_DATABASE_URL", app.expose()),
            ("PORTCULLIS_DATABASE_SYSTEM_URL", system.expose()),
            ("PORTCULLIS_REDIS_URL", redis_url.as_str()),
        ];
        let installation = Installation::start_on(database, &variables).await;
        let tools = ["work", "pay", "move", "closed", "share", "alone", "denied"];
        let stub = Stub::slow(&tools, TAKES).await;
        let port = stub.url.rsplit_once(':').and_then(|(_, rest)| {
            let (port, _) = rest.split_once('/')?;
            port.parse().ok()
        });
        let upstream = Cable::to(port.expect("a port")).await;
        let org = installation.org("acme").await;
        org.server("jobs", &format!("http://127.0.0.1:{}/mcp", upstream.port()))
            .await;
        org.policy("jobs", &document(1)).await;
        let (_, token) = org.grant("agent", "jobs", "jobs").await;
        Self {
            wanted,
            cables: Cables {
                postgres,
                control_plane: Cable::to(installation.port()).await,
                redis: Cable::to(redis.port()).await,
                upstream,
            },
            installation,
            redis,
            upstream: stub,
            org,
            replicas: Vec::new(),
            token,
            began: Instant::now(),
        }
    }

    fn start(&self, name: &str) -> Replica {
        self.start_as(Process::binary("data-plane"), name)
    }

    /// A replica that this program becomes.
    pub fn start_as(&self, program: Command, name: &str) -> Replica {
        let redis = format!("redis://127.0.0.1:{}", self.cables.redis.port());
        let control_plane = self.control_plane();
        let variables = [
            ("PORTCULLIS_CONTROL_PLANE_URL", control_plane.as_str()),
            ("PORTCULLIS_REDIS_TIMEOUT_MS", REDIS_MS),
        ];
        self.installation
            .replica_of(program, name, Some(&redis), &variables)
            .0
    }

    /// Where replicas reach it.
    pub fn control_plane(&self) -> String {
        format!("http://127.0.0.1:{}", self.cables.control_plane.port())
    }

    pub async fn is_followed(&self) {
        until("every replica", || self.org.enforced(self.replicas.len())).await;
    }

    pub async fn publish(&self, version: u64) -> u64 {
        self.org.publish("jobs", &document(version)).await
    }

    pub fn urls(&self) -> Vec<String> {
        let replicas = self.replicas.iter();
        replicas
            .map(|replica| replica.mcp(&self.org, "jobs"))
            .collect()
    }

    pub fn load(&self, tools: &[&'static str]) -> Load {
        let Wanted { rate, seed, .. } = self.wanted;
        Load::start(self.urls(), &self.token, tools, rate, seed)
    }

    /// One faulty span: from when to when.
    pub async fn fault(&self, cable: &Cable, fault: Fault) -> (Instant, Instant) {
        let from = Instant::now();
        cable.set(fault);
        tokio::time::sleep(self.wanted.lasts).await;
        cable.heal();
        (from, Instant::now())
    }

    pub async fn database(&self) -> PgConnection {
        let database = &self.installation.database;
        database.connect(&database.owner).await
    }

    /// A row of it all, once every call that reached the server is on record; and what was sent.
    pub async fn row(&self, name: &str, sent: &[Sent]) -> Row {
        let mut seen = BTreeMap::<String, usize>::new();
        for call in self.upstream.calls() {
            let arguments = call.body["params"]["arguments"].as_object().cloned();
            let key = arguments.and_then(|arguments| arguments.keys().next().cloned());
            *seen.entry(key.expect("a call names itself")).or_default() += 1;
        }
        let recorded = self.recorded(&seen).await;
        let mut row = Row {
            name: name.to_owned(),
            seed: self.wanted.seed,
            calls: sent.len(),
            upstream: seen.values().sum(),
            intents: recorded.values().map(Vec::len).sum(),
            missing: seen
                .keys()
                .filter(|key| !recorded.contains_key(*key))
                .count(),
            doubled: seen.values().filter(|count| **count > 1).count()
                + recorded.values().filter(|rows| rows.len() > 1).count(),
            ..Row::default()
        };
        for sent in sent {
            let kind = match &sent.answer {
                Answer::Done | Answer::Denied | Answer::Limited => continue,
                Answer::Refused(status, code) => format!("{} {status}, code {code}", sent.tool),
                Answer::Broken(how) => format!("{} {how}", sent.tool),
            };
            *row.errors.entry(kind).or_default() += 1;
        }
        let (missing, doubled) = (row.missing, row.doubled);
        row.rule(missing == 0, || {
            format!("{missing} calls are not on record")
        });
        row.rule(doubled == 0, || format!("{doubled} calls are there twice"));
        let answered = sent.iter().filter(|sent| sent.answer == Answer::Done);
        let unseen = answered
            .filter(|sent| !seen.contains_key(&sent.key))
            .count();
        row.rule(unseen == 0, || {
            format!("{unseen} calls were answered and never reached the server")
        });
        let unsent: Vec<_> = recorded
            .iter()
            .filter(|(key, _)| !seen.contains_key(*key))
            .collect();
        if !unsent.is_empty() {
            row.tell(format!("{} intents whose call was not sent", unsent.len()));
        }
        let wrong = unsent
            .iter()
            .filter(|(_, outcomes)| outcomes.iter().flatten().any(|outcome| outcome == "ok"))
            .count();
        row.rule(wrong == 0, || {
            format!("{wrong} calls ended well on record and never reached the server")
        });
        let wrong = sent
            .iter()
            .filter(|sent| sent.tool == "denied" && sent.answer == Answer::Done)
            .count();
        row.rule(wrong == 0 && !self.has_seen("denied"), || {
            format!("{wrong} denied calls went through")
        });
        row
    }

    fn has_seen(&self, tool: &str) -> bool {
        let calls = self.upstream.calls();
        calls.iter().any(|call| call.body["params"]["name"] == tool)
    }

    /// Of each call that is on record as let through its ends; waits until all that were seen are among them, and for no
    /// longer than some come.
    async fn recorded(
        &self,
        seen: &BTreeMap<String, usize>,
    ) -> BTreeMap<String, Vec<Option<String>>> {
        let mut sql = self.database().await;
        let (mut last, mut since) = (0, Instant::now());
        loop {
            let rows = sqlx::query(
                "select argument_keys[1] as key, outcome from calls left join call_outcomes using (org_id, at, id)
                where verdict = 'allow' and argument_keys <> '{}'",
            )
            .fetch_all(&mut sql)
            .await
            .expect("the records");
            let mut recorded = BTreeMap::<String, Vec<Option<String>>>::new();
            for row in &rows {
                recorded
                    .entry(row.get("key"))
                    .or_default()
                    .push(row.get("outcome"));
            }
            let keys: BTreeSet<&String> = recorded.keys().collect();
            if rows.len() > last {
                (last, since) = (rows.len(), Instant::now());
            }
            if seen.keys().all(|key| keys.contains(key)) || since.elapsed() > PATIENCE {
                return recorded;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How many calls are on record.
    pub async fn count(&self, sql: &mut PgConnection) -> usize {
        let count: i64 = sqlx::query_scalar("select count(*) from calls")
            .fetch_one(sql)
            .await
            .expect("a count");
        usize::try_from(count).expect("a count")
    }
}

/// Whether this replica has said that there are so many.
fn knows(replica: &Replica, replicas: usize) -> bool {
    let said = replica.process.said();
    let lines = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut told = lines.filter(|line| line["fields"]["message"] == "fleet");
    told.any(|line| line["fields"]["replicas"] == replicas)
}
