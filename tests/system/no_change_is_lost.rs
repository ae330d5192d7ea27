//! Many changes at once, through two control planes on one database, while each is killed again and again: every version
//! is told once, in its order, and the newest is what the rows say.

use bundle::feed::Change;
use data_plane::bundles::ControlPlane;
use host::clock::Clock;
use ids::OrgId;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use system_tests::fleet::fill::{self, Tenant};
use testbed::{Installation, until};

const COMMITTERS: usize = 8;
const ORGS: usize = 30;
/// How often each control plane is killed in the course of it.
const KILLS: usize = 3;

fn commits() -> usize {
    std::env::var("PORTCULLIS_TEST_CHANGES").map_or(600, |text| text.parse().expect("a number"))
}

/// What all committers share.
struct Load {
    tenants: Vec<Tenant>,
    urls: Mutex<[String; 2]>,
    next: AtomicUsize,
    all: usize,
    /// Of each organisation: changes that were answered with yes, and those that were not answered.
    done: Mutex<BTreeMap<OrgId, (u64, u64)>>,
}

impl Load {
    async fn commit(&self) {
        let client = Client::builder().timeout(Duration::from_secs(10)).build();
        let client = client.unwrap();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.all {
                return;
            }
            let tenant = &self.tenants[rand::random_range(0..self.tenants.len())];
            // Each is another value, so that each is a change.
            let wish = json!({ "max_stale_seconds": 60 + number });
            let answer = loop {
                let url = self.urls.lock().unwrap()[rand::random_range(0..2)].clone();
                let change = client
                    .patch(format!("{url}/v1/orgs/{}", tenant.slug))
                    .bearer_auth(&tenant.key)
                    .json(&wish);
                match change.send().await {
                    // Nobody heard it: it is asked of the other one.
                    Err(error) if error.is_connect() => tokio::task::yield_now().await,
                    answer => break answer.map(|answer| answer.status()),
                }
            };
            let mut done = self.done.lock().unwrap();
            let (yes, unknown) = done.entry(tenant.org).or_default();
            match answer {
                Ok(StatusCode::OK) => *yes += 1,
                _ => *unknown += 1,
            }
        }
    }
}

/// What was told, from the first question on.
#[derive(Default)]
struct Told {
    first: u64,
    cursor: u64,
    changes: u64,
    resets: usize,
    versions: BTreeMap<OrgId, Vec<u64>>,
}

async fn follow(load: Arc<Load>, pem: String, told: Arc<Mutex<Told>>, stop: Arc<AtomicBool>) {
    let mut cursor = None;
    while !stop.load(Ordering::Relaxed) {
        let url = load.urls.lock().unwrap()[rand::random_range(0..2)].clone();
        let url = url.parse::<url::Url>().unwrap();
        let link = ControlPlane::new(url, &pem, "follower".into(), Clock::system());
        let Ok(feed) = link.unwrap().feed(cursor).await else {
            continue;
        };
        let mut told = told.lock().unwrap();
        if cursor.is_none() {
            told.first = feed.cursor;
        } else {
            told.resets += usize::from(feed.is_reset);
            told.changes += feed.changes.len() as u64;
        }
        for change in feed.changes {
            let Change::Bundle(signed) = change else {
                panic!("nothing was deleted");
            };
            let versions = told.versions.entry(signed.statement.org).or_default();
            versions.push(signed.statement.version);
        }
        told.cursor = feed.cursor;
        cursor = Some(feed.cursor);
    }
}

/// Takes the next version and the mark, and lets go of both, as a change does that fails at its end.
async fn give_up(mut sql: PgConnection, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let mut tx = sql.begin().await.unwrap();
        let take = "with picked as (select org_id from org_versions order by random() limit 1)
            update org_versions set version = version + 1 from picked where org_versions.org_id = picked.org_id
            returning org_versions.org_id";
        let org: uuid::Uuid = sqlx::query_scalar(take).fetch_one(&mut *tx).await.unwrap();
        sqlx::query("insert into dirty_orgs (org_id, since) values ($1, now()) on conflict (org_id) do update set since = dirty_orgs.since")
            .bind(org)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.rollback().await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_of_many_at_once_is_lost_while_control_planes_are_killed() {
    let mut installation = Installation::start().await;
    let filled = fill::fill(&installation, "http://127.0.0.1:9/mcp", ORGS).await;
    let (mut second, second_url) = installation.another_control_plane().await;
    let pem = installation
        .folder()
        .join("keys/data-plane/gateway-signing.pem");
    let pem = std::fs::read_to_string(pem).unwrap();
    let load = Arc::new(Load {
        tenants: filled.tenants,
        urls: Mutex::new([installation.url(), second_url]),
        next: AtomicUsize::new(0),
        all: commits(),
        done: Mutex::default(),
    });
    let database = &installation.database;
    let mut sql = database.connect(&database.owner).await;
    is_told(&mut sql).await;
    let (told, stop) = (Arc::<Mutex<Told>>::default(), Arc::<AtomicBool>::default());
    let follower = tokio::spawn(follow(load.clone(), pem, told.clone(), stop.clone()));
    let gives_up = database.connect(&database.owner).await;
    let gives_up = tokio::spawn(give_up(gives_up, stop.clone()));
    let committers: Vec<_> = (0..COMMITTERS)
        .map(|_| {
            let load = load.clone();
            tokio::spawn(async move { load.commit().await })
        })
        .collect();

    for kill in 1..=2 * KILLS {
        let from = load.all * kill / (2 * KILLS + 1);
        while load.next.load(Ordering::Relaxed) < from {
            tokio::task::yield_now().await;
        }
        if kill % 2 == 0 {
            installation.stop_control_plane();
            installation.resume_control_plane().await;
        } else {
            second.kill();
            let (next, url) = installation.another_control_plane().await;
            second = next;
            load.urls.lock().unwrap()[1] = url;
        }
    }
    for committer in committers {
        committer.await.unwrap();
    }
    let rows = until("the follower", || async {
        let rows = rows(&mut database_of(&installation).await).await;
        has_all(&told.lock().unwrap(), &rows).then_some(rows)
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    gives_up.await.unwrap();
    follower.abort();
    let told = std::mem::take(&mut *told.lock().unwrap());
    every_change_was_told(&load, &told);
    the_rows_agree(&load, &told, &rows);
    let gaps: Option<i64> =
        sqlx::query_scalar("select max(seq) - min(seq) + 1 - count(*) from feed")
            .fetch_one(&mut sql)
            .await
            .unwrap();
    assert_eq!(gaps, Some(0), "the feed has no gap");
}

async fn database_of(installation: &Installation) -> PgConnection {
    let database = &installation.database;
    database.connect(&database.owner).await
}

/// All organisations at one moment: a control plane has changes of its own, when it has just started.
async fn rows(sql: &mut PgConnection) -> Vec<PgRow> {
    sqlx::query(
        "select org_versions.org_id, org_versions.version, orgs.max_stale_seconds,
            (select count(*) from events where events.org_id = orgs.id) as events,
            (select count(*) from events where events.org_id = orgs.id and action = 'org.changed') as changes,
            newest.version as published, newest.bytes
        from org_versions join orgs on orgs.id = org_versions.org_id
        left join lateral (
            select version, bytes from bundles where bundles.org_id = orgs.id order by version desc limit 1
        ) as newest on true",
    )
    .fetch_all(&mut *sql)
    .await
    .unwrap()
}

/// The newest version of each was published by then, and told since.
fn has_all(told: &Told, rows: &[PgRow]) -> bool {
    rows.iter().all(|row| {
        let told = told.versions.get(&OrgId::from_uuid(row.get("org_id")));
        let newest = told.and_then(|versions| versions.last().copied());
        let version = row.get::<i64, _>("version");
        row.get::<Option<i64>, _>("published") == Some(version)
            && newest == u64::try_from(version).ok()
    })
}

async fn is_told(sql: &mut PgConnection) {
    loop {
        let left: i64 = sqlx::query_scalar("select count(*) from dirty_orgs")
            .fetch_one(&mut *sql)
            .await
            .unwrap();
        if left == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

fn every_change_was_told(load: &Load, told: &Told) {
    assert_eq!(told.resets, 0, "no cursor was lost");
    assert_eq!(told.changes, told.cursor - told.first, "each number once");
    for tenant in &load.tenants {
        let versions = &told.versions[&tenant.org];
        assert!(
            versions.windows(2).all(|pair| pair[0] < pair[1]),
            "in their order: {versions:?}"
        );
    }
}

fn the_rows_agree(load: &Load, told: &Told, rows: &[PgRow]) {
    assert_eq!(rows.len(), ORGS);
    let done = load.done.lock().unwrap().clone();
    let mut all = 0;
    for row in rows {
        let org = OrgId::from_uuid(row.get("org_id"));
        let version = u64::try_from(row.get::<i64, _>("version")).unwrap();
        let events = u64::try_from(row.get::<i64, _>("events")).unwrap();
        assert_eq!(
            version,
            1 + events,
            "a version for each change, and no other"
        );
        // The others are the control plane's own: it reads the tools' definitions as it starts.
        let changes = u64::try_from(row.get::<i64, _>("changes")).unwrap();
        let (yes, unknown) = done.get(&org).copied().unwrap_or_default();
        assert!(
            (yes..=yes + unknown).contains(&changes),
            "{changes} changes of {yes} answered and {unknown} not"
        );
        let bundle: Value = serde_json::from_slice(row.get("bytes")).unwrap();
        assert_eq!(bundle["version"], version);
        let wanted = row
            .get::<Option<i32>, _>("max_stale_seconds")
            .map(|s| i64::from(s) * 1000);
        assert_eq!(bundle["org"]["max_stale_ms"], json!(wanted));
        all += changes;
    }
    println!(
        "{} changes asked for, {all} made, told in {} steps",
        load.all, told.changes
    );
}
