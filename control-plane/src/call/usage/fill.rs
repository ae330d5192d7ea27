//! Limits that are near their max, as replicas tell of them while calls are charged.

use crate::db::{DbError, OrgRead, SystemTx};
use bundle::feed::{Fill, MOST_FILLS};
use ids::{GrantId, PolicyId};
use time::OffsetDateTime;
use uuid::Uuid;

/// A limit whose budget was nearly used up within its last window.
#[derive(Debug)]
pub struct Near {
    pub policy: PolicyId,
    pub policy_name: String,
    /// The limit, as a JSON Pointer into the policy's document.
    pub rule: String,
    /// Whose call was charged last.
    pub grant: GrantId,
    pub grant_name: String,
    pub used: i64,
    pub max: i64,
    /// In which that max holds, in words: `minute`, or `90 s`.
    pub window: String,
    pub at: OffsetDateTime,
}

/// Notes what a replica has found; of two words on one limit the newer stands.
pub async fn heard(tx: &mut SystemTx, fills: &[Fill], now: OffsetDateTime) -> Result<(), DbError> {
    if fills.is_empty() {
        return Ok(());
    }
    let fills = fills.get(..MOST_FILLS).unwrap_or(fills);
    let column = |of: fn(&Fill) -> u64| -> Vec<i64> {
        let whole = |fill| i64::try_from(of(fill)).unwrap_or(i64::MAX);
        fills.iter().map(whole).collect()
    };
    let ids = |of: fn(&Fill) -> Uuid| -> Vec<Uuid> { fills.iter().map(of).collect() };
    let rules: Vec<String> = fills.iter().map(|fill| fill.rule.clone()).collect();
    sqlx::query!("delete from limit_fills where until < $1", now)
        .execute(tx.sql())
        .await?;
    // Of what is gone by now there is nothing to note, and a replica's clock says no time that has not come.
    sqlx::query!(
        "insert into limit_fills (org_id, grant_id, policy_id, rule, used, max, window_ms, at, until)
        select distinct on (told.org, told.grant_id, told.policy, told.rule)
            told.org, told.grant_id, told.policy, told.rule, told.used, told.max, told.window_ms, said.at,
            said.at + told.window_ms * interval '1 millisecond'
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
            as told (org, grant_id, policy, rule, used, max, window_ms, ms)
        cross join lateral (select least(to_timestamp(told.ms / 1000.0), $9) as at) as said
        join grants on grants.org_id = told.org and grants.id = told.grant_id
        join policies on policies.org_id = told.org and policies.id = told.policy
        where told.window_ms > 0
        order by told.org, told.grant_id, told.policy, told.rule, said.at desc
        on conflict (org_id, grant_id, policy_id, rule) do update set used = excluded.used, max = excluded.max,
            window_ms = excluded.window_ms, at = excluded.at, until = excluded.until
        where limit_fills.at <= excluded.at",
        &ids(|fill| fill.org.uuid()),
        &ids(|fill| fill.grant.uuid()),
        &ids(|fill| fill.policy.uuid()),
        &rules,
        &column(|fill| fill.used),
        &column(|fill| fill.max),
        &column(|fill| fill.window_ms),
        &column(|fill| fill.at),
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The fullest first.
pub async fn near(tx: &mut OrgRead, most: i64, now: OffsetDateTime) -> Result<Vec<Near>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select fills.policy_id, policies.name as policy_name, fills.rule, fills.grant_id, grants.name as grant_name,
            fills.used, fills.max, fills.window_ms, fills.at
        from limit_fills as fills
        join grants on grants.org_id = fills.org_id and grants.id = fills.grant_id
        join policies on policies.org_id = fills.org_id and policies.id = fills.policy_id
        where fills.org_id = $1 and fills.until > $2
        order by fills.used::numeric / greatest(fills.max, 1) desc, fills.at desc, fills.rule limit $3",
        org,
        now,
        most,
    )
    .fetch_all(tx.sql())
    .await?;
    let near = rows.into_iter().map(|row| Near {
        policy: PolicyId::from_uuid(row.policy_id),
        policy_name: row.policy_name,
        rule: row.rule,
        grant: GrantId::from_uuid(row.grant_id),
        grant_name: row.grant_name,
        used: row.used,
        max: row.max,
        window: window(row.window_ms),
        at: row.at,
    });
    Ok(near.collect())
}

fn window(ms: i64) -> String {
    let seconds = ms / 1_000;
    let named = policy::Window::ALL
        .iter()
        .find(|window| i64::from(window.seconds()) == seconds);
    named.map_or_else(|| format!("{seconds} s"), |window| window.word().to_owned())
}
