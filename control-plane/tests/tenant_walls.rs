//! The two walls between organisations, from the database's side: what the plane's own roles see and may write.

mod world;

use control_plane::db::{Db, DbError, Reason};
use control_plane::org;
use ids::OrgId;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::collections::BTreeSet;
use std::sync::Arc;
use testbed::Database;
use uuid::Uuid;
use world::World;

/// A row for every table of an organisation: `$1` is the organisation, `$2` tells rows apart. A table that has none
/// here fails the tests.
const ROWS: [(&str, &str); 44] = [
    ("orgs", "(id, slug, name, created_at) values ($1, $2::text, 'n', now())"),
    ("org_versions", "(org_id, version) values ($1, 1)"),
    ("members", "(id, org_id, user_id, role, created_at) values ($2, $1, $2, 'owner', now())"),
    (
        "api_keys",
        "(id, org_id, name, role, digest, hint, made_by, created_at)
        values ($2, $1, 'n', 'viewer', sha256($2::text::bytea), 'h', $2, now())",
    ),
    (
        "invitations",
        "(id, org_id, email, role, digest, made_by, expires_at, created_at)
        values ($2, $1, 'e', 'viewer', sha256($2::text::bytea), $2, now(), now())",
    ),
    (
        "servers",
        "(id, org_id, slug, name, url, auth_type, connect_ms, first_byte_ms, call_first_byte_ms, idle_ms, whole_ms,
            etag, created_at)
        values ($2, $1, $2::text, 'n', 'https://mcp.example.org', 'none', 1, 1, 1, 1, 1, $2, now())",
    ),
    (
        "tools",
        "(org_id, server_id, name, position, definition, digest, first_seen_at)
        values ($1, $2, 't', 0, '{}', sha256('{}'), now())",
    ),
    (
        "tool_changes",
        "(id, org_id, server_id, at, tool, kind) values ($2, $1, $2, now(), 't', 'added')",
    ),
    ("tool_words", "(org_id, server_id, name) values ($1, $2, 't')"),
    (
        "policies",
        "(id, org_id, slug, name, draft, draft_etag, etag, created_at)
        values ($2, $1, $2::text, 'n', '{}', $2, $2, now())",
    ),
    (
        "policy_versions",
        "(org_id, policy_id, number, document, digest, author, note, published_at)
        values ($1, $2, 1, '{}', sha256('{}'), 'a', '', now())",
    ),
    (
        "grants",
        "(id, org_id, name, digest, hint, made_by, etag, created_at)
        values ($2, $1, 'n', sha256($2::text::bytea), 'h', 'a', $2, now())",
    ),
    ("attachments", "(org_id, grant_id, server_id, position) values ($1, $2, $2, 0)"),
    (
        "approvals",
        "(id, org_id, grant_id, grant_name, grant_made_by, server_id, tool, category, definition, policy_id,
            policy_version, rule, digest, arguments, approvers, timeout_s, call_id, replica, asked_at, ends_at)
        values ($2, $1, $2, 'n', 'm', $2, 't', 'write', sha256('{}'), $2, 1, 'r', sha256($2::text::bytea), '{}', 1, 1,
            $2, 'r', now(), now())",
    ),
    (
        "webhooks",
        "(id, org_id, name, url, secret, events, created_at) values ($2, $1, 'n', 'u', 's', '{e}', now())",
    ),
    (
        "webhook_deliveries",
        "(id, org_id, webhook_id, event, at, data, due_at) values ($2, $1, $2, 'e', now(), '{}', now())",
    ),
    ("approval_routes", "(org_id, position, by_mail) values ($1, abs(hashtext($2::text)), true)"),
    ("slack_apps", "(org_id, signing_secret, created_at) values ($1, 's', now())"),
    (
        "slack_links",
        "(org_id, team, slack_user, slack_name, member_id, created_at) values ($1, 't', $2::text, 'n', $2, now())",
    ),
    ("slack_codes", "(org_id, member_id, digest, expires_at) values ($1, $2, 'd', now())"),
    ("slack_taken", "(org_id, tag, at) values ($1, sha256($2::text::bytea), now())"),
    ("approval_notices", "(org_id, grant_id, told_at) values ($1, $2, now())"),
    (
        "approval_decisions",
        "(org_id, approval_id, decision, user_id, member, email, actor, actor_name, note, at)
        values ($1, $2, 'approve', $2, 'm', 'e', 'a', 'a', '', now())",
    ),
    ("approval_waits", "(org_id, call_id, name, until) values ($1, $2, 'n', now())"),
    ("approval_spends", "(org_id, call_id, approval_id, replica, at) values ($1, $2, $2, 'r', now())"),
    (
        "events",
        "(id, org_id, at, actor, actor_name, action, target, detail) values ($2, $1, now(), 'a', 'a', 'a', 't', '{}')",
    ),
    (
        "limit_fills",
        "(org_id, grant_id, policy_id, rule, used, max, window_ms, at, until) values ($1, $2, $2, '/a', 1, 1, 1, now(), now())",
    ),
    ("deleted_orgs", "(org_id, at, due_at) values ($1, now(), now())"),
    ("dirty_orgs", "(org_id, since) values ($1, now())"),
    ("revocations", "(org_id, field, version, at) values ($1, $2::text, 1, now())"),
    (
        "bundles",
        "(org_id, version, sha256, bytes, signed, published_at) values ($1, 1, sha256('{}'), '{}', '{}', now())",
    ),
    ("feed", "(seq, org_id, change, at) values (hashtext($2::text), $1, '{}', now())"),
    ("replica_acks", "(org_id, replica, version, at) values ($1, 'r', 1, now())"),
    (
        "calls",
        "(org_id, at, id, judged_at, replica, grant_id, server_id, method, verdict, bundle_version, limiter,
            argument_keys, shadow, added_us)
        values ($1, '2026-11-22T12:00:00Z', $2, now(), 'r', $2, $2, 'tools/call', 'allow', 1, 'none', '{}', '[]', 1)",
    ),
    (
        "call_outcomes",
        "(org_id, at, id, ended_at, latency_us, added_us, bytes, outcome)
        values ($1, '2026-11-22T12:00:00Z', $2, now(), 1, 1, 1, 'ok')",
    ),
    (
        "call_counts",
        "(org_id, by, at, verdict, id, item, calls) values ($1, 'server', '2026-11-22T12:00:00Z', 'allow', $2, '', 1)",
    ),
    (
        "charges",
        "(org_id, limit_id, subject, slot_ms, slots, slot, cost, until) values ($1, $2, $2, 1000, 60, 1, 1, now())",
    ),
    ("call_latencies", "(org_id, by, id, hour, bucket, calls) values ($1, 'server', $2, '2026-11-22T12:00Z', 3, 1)"),
    ("capture_settings", "(org_id, is_on, redact, keep_days) values ($1, true, '{}', 1)"),
    (
        "captured_arguments",
        "(org_id, at, id, sealed, is_cut) values ($1, '2026-11-22T12:00:00Z', $2, 'x', false)",
    ),
    ("call_chains", "(org_id, day, writer, last, hash) values ($1, '2026-11-22', $2::text, 1, sha256('{}'))"),
    ("call_checkpoints", "(org_id, number, at, document, key, signature) values ($1, 1, now(), '{}', 'k', 's')"),
    // The day's partitions are tables too. Rows come to them through their parents.
    ("calls_20261122", ""),
    ("call_outcomes_20261122", ""),
];

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROWS.into_iter().filter(|(_, values)| !values.is_empty())
}

/// A database in which two organisations have a row in every table.
struct Filled {
    database: Database,
    one: Uuid,
    other: Uuid,
}

impl Filled {
    async fn new() -> Self {
        host::tls::install_crypto();
        let database = Database::new().await;
        let (one, other) = (OrgId::new(1, [1; 10]).uuid(), OrgId::new(1, [2; 10]).uuid());
        fill(&database, [(1, one), (2, other)]).await;
        Self {
            database,
            one,
            other,
        }
    }

    async fn as_app(&self, org: Option<Uuid>) -> PgConnection {
        let mut sql = self.database.connect(&self.database.app).await;
        if let Some(org) = org {
            sqlx::query("select set_config('app.org_id', $1, false)")
                .bind(org.to_string())
                .execute(&mut sql)
                .await
                .unwrap();
        }
        sql
    }
}

async fn fill(database: &Database, orgs: [(u8, Uuid); 2]) {
    let mut owner = database.connect(&database.owner).await;
    owner
        .execute("select make_call_day('2026-11-22')")
        .await
        .unwrap();
    // Without foreign keys: what is tested here are walls, not references.
    owner
        .execute("set session_replication_role = replica")
        .await
        .unwrap();
    for (number, org) in orgs {
        for (table, _) in rows() {
            insert(&mut owner, table, org, fresh(number))
                .await
                .unwrap_or_else(|error| panic!("{table}: {error}"));
        }
    }
}

fn fresh(number: u8) -> Uuid {
    OrgId::new(2, [number; 10]).uuid()
}

async fn insert(
    sql: &mut PgConnection,
    table: &str,
    org: Uuid,
    fresh: Uuid,
) -> Result<(), sqlx::Error> {
    let (_, values) = rows().find(|(name, _)| *name == table).unwrap();
    let query = format!("insert into {table} {values}");
    sqlx::query(AssertSqlSafe(query))
        .bind(org)
        .bind(fresh)
        .execute(sql)
        .await
        .map(drop)
}

/// Every table that holds something of an organisation, from the catalogue of tables.
async fn tenant_tables(sql: &mut PgConnection) -> BTreeSet<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and (c.relname = 'orgs' or exists (
            select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
        ))",
    )
    .fetch_all(sql)
    .await
    .unwrap();
    tables.into_iter().collect()
}

fn column(table: &str) -> &'static str {
    if table == "orgs" { "id" } else { "org_id" }
}

/// The organisations that have rows there.
async fn orgs_in(sql: &mut PgConnection, table: &str) -> BTreeSet<Uuid> {
    let query = format!("select distinct {} from {table}", column(table));
    let rows = sqlx::query(AssertSqlSafe(query))
        .fetch_all(sql)
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn without_an_organisation_every_table_is_empty_and_with_one_it_holds_that_one_alone() {
    let filled = Filled::new().await;
    let mut owner = filled.database.connect(&filled.database.owner).await;
    let mut system = filled.database.connect(&filled.database.system).await;
    let (mut none, mut one) = (
        filled.as_app(None).await,
        filled.as_app(Some(filled.one)).await,
    );
    let mut unknown = filled.as_app(Some(fresh(9))).await;
    let both = BTreeSet::from([filled.one, filled.other]);
    let tables = tenant_tables(&mut owner).await;
    let named = ROWS.iter().map(|(table, _)| (*table).to_owned()).collect();
    assert_eq!(
        tables, named,
        "every table of an organisation has a row in this test"
    );
    for table in &tables {
        assert_eq!(orgs_in(&mut owner, table).await, both, "{table} is filled");
        assert_eq!(
            orgs_in(&mut none, table).await,
            BTreeSet::new(),
            "{table} without an organisation"
        );
        assert_eq!(
            orgs_in(&mut unknown, table).await,
            BTreeSet::new(),
            "{table} with one that has no rows"
        );
        assert_eq!(
            orgs_in(&mut one, table).await,
            BTreeSet::from([filled.one]),
            "{table} with one organisation"
        );
        assert_eq!(
            orgs_in(&mut system, table).await,
            both,
            "{table} for the system"
        );
    }
}

#[tokio::test]
async fn nothing_of_a_deleted_organisation_is_left_but_the_word_that_it_is_gone() {
    let world = World::new().await;
    let (one, other) = (OrgId::new(1, [1; 10]), OrgId::new(1, [2; 10]));
    fill(&world.database, [(1, one.uuid()), (2, other.uuid())]).await;
    let mut owner = world.database.connect(&world.database.owner).await;
    owner.execute("delete from deleted_orgs").await.unwrap();
    // More than one batch takes.
    sqlx::query(
        "insert into call_counts (org_id, by, at, verdict, id, item, calls)
        select $1, 'tool', '2026-11-22T12:00:00Z', 'allow', $1, number::text, 1 from generate_series(1, 5001) number",
    )
    .bind(one.uuid())
    .execute(&mut owner)
    .await
    .unwrap();

    let mut tx = world.app.db().system(Reason::DeleteOrg).await.unwrap();
    let deleted = org::store::delete(&mut tx, one, &world.app.now()).await;
    deleted.unwrap();
    tx.commit().await.unwrap();
    assert!(orgs_in(&mut owner, "calls").await.contains(&one.uuid()));
    assert!(org::gone::sweep(&world.app).await.unwrap() > 5_001);
    let kept = org::gone::KEPT.map(str::to_owned);
    for table in tenant_tables(&mut owner).await {
        let left = orgs_in(&mut owner, &table).await;
        let is_word = kept.contains(&table);
        assert_eq!(left.contains(&one.uuid()), is_word, "{table}");
        if table != "deleted_orgs" {
            assert!(
                left.contains(&other.uuid()),
                "{table} of another organisation"
            );
        }
    }

    // A replica that was away has records of it still.
    insert(&mut owner, "calls", one.uuid(), fresh(3))
        .await
        .unwrap();
    assert_eq!(org::gone::sweep(&world.app).await.unwrap(), 0, "not due");
    world.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(org::gone::sweep(&world.app).await.unwrap(), 1);
}

#[tokio::test]
async fn an_organisation_named_for_one_transaction_is_forgotten_after_it() {
    let filled = Filled::new().await;
    let mut sql = filled.as_app(None).await;
    let mut tx = sql.begin().await.unwrap();
    sqlx::query("select set_config('app.org_id', $1, true)")
        .bind(filled.one.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    assert_eq!(
        orgs_in(&mut tx, "grants").await,
        BTreeSet::from([filled.one])
    );
    tx.commit().await.unwrap();
    // The setting reads as an empty text now, which is no organisation and no error.
    assert_eq!(orgs_in(&mut sql, "grants").await, BTreeSet::new());
}

#[tokio::test]
async fn every_table_of_an_organisation_has_its_row_security_enabled_and_forced() {
    let filled = Filled::new().await;
    let mut owner = filled.database.connect(&filled.database.owner).await;
    let walled: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relrowsecurity and relforcerowsecurity",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(
        tenant_tables(&mut owner).await,
        walled.into_iter().collect()
    );
    // A view would look with its owner's eyes.
    let views: i64 = sqlx::query_scalar(
        "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f')",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(views, 0);
}

#[tokio::test]
async fn a_row_of_another_organisation_can_be_neither_made_nor_changed_nor_deleted() {
    let filled = Filled::new().await;
    let (mut none, mut one) = (
        filled.as_app(None).await,
        filled.as_app(Some(filled.one)).await,
    );
    for (table, _) in rows() {
        for sql in [&mut none, &mut one] {
            let refused = insert(sql, table, filled.other, fresh(7))
                .await
                .unwrap_err();
            assert_eq!(code(&refused), "42501", "{table}: {refused}");
        }
        let column = column(table);
        let takes_over = format!("update {table} set {column} = $2 where {column} = $1");
        assert_no_effect(&mut one, &takes_over, filled.other, filled.one).await;
        let gives_away = sqlx::query(AssertSqlSafe(takes_over))
            .bind(filled.one)
            .bind(filled.other)
            .execute(&mut one)
            .await;
        assert_eq!(code(&gives_away.unwrap_err()), "42501", "{table}");
        let deletes = format!("delete from {table} where {column} = $1 and $2::uuid is not null");
        assert_no_effect(&mut one, &deletes, filled.other, filled.one).await;
    }
    let mut owner = filled.database.connect(&filled.database.owner).await;
    for (table, _) in rows() {
        let query = format!("select count(*) from {table}");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_one(&mut owner)
            .await
            .unwrap();
        assert_eq!(count, 2, "{table}");
    }
}

/// Not allowed at all, or finds nothing.
async fn assert_no_effect(sql: &mut PgConnection, query: &str, first: Uuid, second: Uuid) {
    match sqlx::query(AssertSqlSafe(query.to_owned()))
        .bind(first)
        .bind(second)
        .execute(sql)
        .await
    {
        Ok(done) => assert_eq!(done.rows_affected(), 0, "{query}"),
        Err(error) => assert_eq!(code(&error), "42501", "{query}: {error}"),
    }
}

fn code(error: &sqlx::Error) -> String {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.map(std::borrow::Cow::into_owned).unwrap_or_default()
}

#[tokio::test]
async fn what_was_published_or_said_cannot_be_changed_even_by_its_own_organisation() {
    let filled = Filled::new().await;
    let mut one = filled.as_app(Some(filled.one)).await;
    for query in [
        "update policy_versions set document = document",
        "update events set detail = detail",
        "delete from events",
        "update calls set verdict = verdict",
        "update bundles set bytes = bytes",
    ] {
        assert_eq!(
            code(&one.execute(query).await.unwrap_err()),
            "42501",
            "{query}"
        );
    }
}

#[tokio::test]
async fn neither_role_of_the_plane_owns_anything_or_passes_row_security() {
    let filled = Filled::new().await;
    let mut owner = filled.database.connect(&filled.database.owner).await;
    let roles = "'portcullis_app', 'portcullis_system'";
    for (what, query) in [
        (
            "superuser or bypassrls",
            format!(
                "select count(*) from pg_roles where rolname in ({roles}) and (rolsuper or rolbypassrls or rolcreaterole)"
            ),
        ),
        (
            "owner",
            format!("select count(*) from pg_class where pg_get_userbyid(relowner) in ({roles})"),
        ),
        (
            "member of another role",
            format!(
                "select count(*) from pg_auth_members where pg_get_userbyid(member) in ({roles})"
            ),
        ),
        (
            "creates tables",
            format!(
                "select count(*) from pg_roles where rolname in ({roles}) and has_schema_privilege(oid, 'public', 'create')"
            ),
        ),
    ] {
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_one(&mut owner)
            .await
            .unwrap();
        assert_eq!(count, 0, "{what}");
    }
    // What runs as its owner is this and no more.
    let definers: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef order by 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(definers, ["drop_call_days", "make_call_day"]);
}

#[tokio::test]
async fn the_plane_does_not_start_with_a_role_that_row_security_does_not_bind() {
    host::tls::install_crypto();
    let database = Database::new().await;
    assert!(Db::connect(&database.app, &database.system).await.is_ok());
    for (app, system) in [
        (&database.owner, &database.system),
        (&database.app, &database.owner),
    ] {
        let refused = Db::connect(app, system).await.unwrap_err();
        assert!(matches!(refused, DbError::UnsafeRole(_)), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organisations_that_take_turns_on_the_same_connections_never_see_each_others_rows() {
    let world = Arc::new(World::new().await);
    let mut orgs = Vec::new();
    for slug in ["aa", "bb", "cc", "dd"] {
        let who = world.owner(slug).await;
        for number in 0..3 {
            let body = serde_json::json!({ "name": format!("{slug} {number}"), "role": "viewer" });
            world
                .post(&who, &format!("/v1/orgs/{slug}/api-keys"), body)
                .await
                .expect(201);
        }
        orgs.push((slug, who));
    }
    // Far more requests at once than connections; some give up halfway, some fail in their transaction.
    let mut asked = Vec::new();
    for round in 0..60 {
        for (slug, who) in &orgs {
            let (world, slug, who) = (world.clone(), *slug, who.clone());
            asked.push(tokio::spawn(async move {
                let path = format!("/v1/orgs/{slug}/api-keys");
                match round % 3 {
                    0 => {
                        let hasty = world.get(&who, &path);
                        drop(
                            tokio::time::timeout(
                                std::time::Duration::from_micros(round * 50),
                                hasty,
                            )
                            .await,
                        );
                    }
                    1 => drop(
                        world
                            .delete(&who, &format!("{path}/key_{:032x}", 1))
                            .await
                            .expect(404),
                    ),
                    _ => {
                        let listed = world.get(&who, &path).await.expect(200);
                        let names: Vec<&str> = listed["items"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(|key| key["name"].as_str().unwrap())
                            .collect();
                        assert_eq!(names.len(), 3);
                        assert!(
                            names.iter().all(|name| name.starts_with(slug)),
                            "{slug} saw {names:?}"
                        );
                    }
                }
            }));
        }
    }
    for task in asked {
        task.await.unwrap();
    }
}
