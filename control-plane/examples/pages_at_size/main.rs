//! How much database time each page costs in an organisation with 200 servers, 5,000 tools, 1,000 grants and many calls.
//! `tests/pages-at-size` runs it, on a Postgres of its own whose log it reads: every statement's duration and plan are there.

#[path = "../told/mod.rs"]
mod told;
#[path = "../../tests/world/mod.rs"]
mod world;

use axum::body::Body;
use axum::http::{Request, header};
use control_plane::call::usage::By;
use http_body_util::BodyExt;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use told::{Told, end_of};
use world::{Who, World};

/// Tables so large that reading one of them from end to end is always a mistake.
const BIG: [&str; 6] = [
    "calls",
    "call_outcomes",
    "call_counts",
    "call_latencies",
    "tools",
    "events",
];
/// What the slowest of a hundred may cost, in milliseconds.
const TARGET: f64 = 50.0;
/// The longest time that programs may ask counts of. No page does: what it costs is said, and held to nothing.
const MONTH: &str = "since=2026-10-23T00:00:00Z&until=2026-11-23T00:00:00Z";

#[tokio::main]
async fn main() -> ExitCode {
    let (calls, rounds) = (number("--calls", 1_000_000), number("--rounds", 200));
    let log = said("--log").expect("`--log` names the log of the database");
    let log = PathBuf::from(log);
    let world = World::new().await;
    let owner = world.owner("big").await;
    for other in 0..20 {
        world.owner(&format!("other-{other}")).await;
    }
    let mut sql = world.database.connect(&world.database.owner).await;
    fill(&mut sql, calls, world.clock.unix_ms()).await;
    let bytes: i64 = sqlx::query_scalar(
        "select sum(pg_total_relation_size(inhrelid))::bigint from pg_inherits where inhparent in ('calls'::regclass, 'call_outcomes'::regclass)",
    )
    .fetch_one(&mut sql)
    .await
    .unwrap();
    let counted: i64 = sqlx::query_scalar(
        "select pg_total_relation_size('call_counts') + pg_total_relation_size('call_latencies')",
    )
    .fetch_one(&mut sql)
    .await
    .unwrap();
    let stored: i64 = sqlx::query_scalar("select count(*) from calls")
        .fetch_one(&mut sql)
        .await
        .unwrap();
    println!(
        "{stored} calls; {} bytes a call, and {} for its counts",
        bytes / stored,
        counted / stored
    );

    // Of a day that is empty, or nearly so, its whole table is the quickest to read.
    let small: Vec<String> =
        sqlx::query_scalar("select relname::text from pg_class where reltuples < 1000")
            .fetch_all(&mut sql)
            .await
            .unwrap();
    let pages = pages(&mut sql).await;
    let (mut slow, mut scanned) = (Vec::new(), BTreeSet::new());
    println!(
        "{:<60} {:>10} {:>8} {:>8} {:>8}",
        "page", "statements", "p50 ms", "p99 ms", "most"
    );
    for page in &pages {
        let mut times = Vec::new();
        let mut statements = 0;
        for round in 0..rounds + 5 {
            let from = end_of(&log);
            open(&world, &owner, page).await;
            let told = Told::read(&log, from, &BIG);
            scanned.extend(
                told.scans
                    .iter()
                    .filter(|table| !small.contains(table))
                    .map(|table| format!("{page}: sequential scan of {table}")),
            );
            // The first ones prepare statements and fill caches.
            if round >= 5 {
                times.push(told.ms);
                statements = told.statements;
            }
        }
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
        println!(
            "{page:<60} {statements:>10} {:>8.2} {:>8.2} {:>8.2}",
            at(50),
            at(99),
            at(100)
        );
        if at(99) > TARGET && !page.contains(MONTH) {
            slow.push(format!("{page}: p99 {:.1} ms", at(99)));
        }
    }
    for fault in slow.iter().chain(&scanned) {
        println!("NOT GOOD  {fault}");
    }
    if slow.is_empty() && scanned.is_empty() {
        println!(
            "every page within {TARGET} ms at p99; no sequential scan of {}",
            BIG.join(", ")
        );
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

fn said(name: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != name).nth(1)
}

fn number(name: &str, otherwise: u64) -> u64 {
    said(name).map_or(otherwise, |said| {
        let read = said.parse();
        read.unwrap_or_else(|_| panic!("{name} takes a number, got `{said}`"))
    })
}

async fn fill(sql: &mut PgConnection, calls: u64, now: u64) {
    let bounds = control_plane::call::count::BOUNDS;
    let text = include_str!("fill.sql")
        .replace(":calls", &calls.to_string())
        .replace(":now", &now.to_string())
        .replace(":bounds", &format!("array{bounds:?}::bigint[]"));
    sql.execute(
        "create function uuid_at(ms bigint, seed text) returns uuid language sql immutable as $$
            select (lpad(to_hex(ms), 12, '0') || '7' || substr(md5(seed), 1, 3) || '8' || substr(md5(seed), 4, 15))::uuid
        $$;
        set work_mem = '256MB'; set synchronous_commit = off",
    )
    .await
    .unwrap();
    for statement in text
        .split(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
    {
        let begun = std::time::Instant::now();
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&mut *sql)
            .await
            .unwrap_or_else(|error| panic!("{error} in {statement}"));
        let line = statement
            .lines()
            .find(|line| !line.starts_with("--"))
            .unwrap_or_default();
        eprintln!("{:>6.1} s  {line}", begun.elapsed().as_secs_f64());
    }
    sql.execute("drop function uuid_at").await.unwrap();
    sql.execute("vacuum analyze").await.unwrap();
}

async fn one(sql: &mut PgConnection, query: &'static str) -> String {
    sqlx::query_scalar(query).fetch_one(sql).await.unwrap()
}

/// Every page that reads something, with filters that many calls pass, few, and none.
async fn pages(sql: &mut PgConnection) -> Vec<String> {
    let id = |prefix: &str, uuid: String| {
        let uuid: uuid::Uuid = uuid.parse().unwrap();
        match prefix {
            "grt" => ids::GrantId::from_uuid(uuid).to_string(),
            "call" => ids::CallId::from_uuid(uuid).to_string(),
            _ => unreachable!("two kinds of ids"),
        }
    };
    let grant = id("grt", one(sql, "select id::text from grants where name = 'Agent 500' and org_id = (select id from orgs where slug = 'big')").await);
    let call = id("call", one(sql, "select id::text from calls where verdict = 'deny' and org_id = (select id from orgs where slug = 'big') order by at limit 1").await);
    let paths = [
        "",
        "/servers",
        "/servers?q=server-1",
        "/servers/server-7",
        "/servers/server-7?q=tool",
        "/servers/server-7?tab=access",
        "/servers/server-7?tab=calls",
        "/servers/server-7?tab=settings",
        "/policies",
        "/policies/new",
        "/policies/policy-7",
        "/policies/policy-7/versions/7",
        "/policies/policy-7/tools?server=server-7",
        "/policies/policy-7/entry?for=tool_7_3&server=server-7",
        "/policies/policy-7/settings",
        "/policies/policy-7/try?server=server-7",
        "/policies/policy-7/changes",
        "/grants",
        "/grants?q=agent+9",
        "/grants/new",
        "/grants/{grant}",
        "/calls",
        "/calls/{call}",
        "/calls?grant={grant}",
        "/calls?grant=Agent+77",
        "/calls?server=server-7",
        "/calls?tool=tool_7_3",
        "/calls?tool=never_called",
        "/calls?verdict=allow",
        "/calls?verdict=hold",
        "/calls?verdict=invalid",
        "/calls?server=server-7&verdict=hold",
        "/calls?server=server-7&tool=tool_7_3&verdict=deny",
        "/calls?since=2026-11-01T00:00&until=2026-11-02T00:00",
        "/calls?server=server-7&until=2026-10-30T00:00",
        "/events",
        "/events?action=server.changed",
        "/events?action=grant",
        "/events?target=pol_7",
        "/members",
        "/settings",
        "/settings/keys",
    ];
    let usage = By::ALL.map(|(by, _)| format!("/v1/orgs/big/usage?by={by}"));
    let months = usage.clone().map(|usage| format!("{usage}&{MONTH}"));
    let of_the_organisation = paths.map(|path| {
        format!("/big{path}")
            .replace("{grant}", &grant)
            .replace("{call}", &call)
    });
    let of_people = ["/", "/account"].map(str::to_owned);
    [of_people.as_slice(), &of_the_organisation, &usage, &months].concat()
}

async fn open(world: &World, who: &Who, path: &str) {
    let cookie = who.cookie.as_deref().expect("a session");
    let request = Request::get(path)
        .header(header::COOKIE, cookie)
        .body(Body::empty())
        .unwrap();
    let response = world.open(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(
        status.is_success(),
        "{path}: {status} {}",
        String::from_utf8_lossy(&body)
    );
}
