//! The SQL of an organisation's app, of who in Slack is whom, and of what was taken from there.

use super::Link;
use super::signed::Someone;
use crate::access::Role;
use crate::caller::Actor;
use crate::db::{DbError, OrgRead, OrgTx, SystemTx};
use crate::org::Seat;
use ids::{MemberId, OrgId, UserId};
use time::{Duration, OffsetDateTime};

/// More than any organisation has.
const MOST_LINKS: i64 = 5_000;
/// A request is good for five minutes before and after its time.
const KEPT: Duration = Duration::minutes(11);

/// Since when there is an app.
pub async fn set_up_at(tx: &mut OrgRead) -> Result<Option<OffsetDateTime>, DbError> {
    let org = tx.org().uuid();
    let at = sqlx::query_scalar!("select created_at from slack_apps where org_id = $1", org);
    Ok(at.fetch_optional(tx.sql()).await?)
}

pub async fn set_up(tx: &mut OrgTx, secret: &[u8]) -> Result<(), DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().time());
    sqlx::query!(
        "insert into slack_apps (org_id, signing_secret, created_at) values ($1, $2, $3)
        on conflict (org_id) do update set signing_secret = $2, created_at = $3",
        org,
        secret,
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Answers whether there was one.
pub async fn remove(tx: &mut OrgTx) -> Result<bool, DbError> {
    let org = tx.org().uuid();
    let done = sqlx::query!("delete from slack_apps where org_id = $1", org);
    Ok(done.execute(tx.sql()).await?.rows_affected() == 1)
}

/// Of everybody, or of this member.
pub async fn links(
    tx: &mut SystemTx,
    org: OrgId,
    of: Option<MemberId>,
) -> Result<Vec<Link>, DbError> {
    let rows = sqlx::query!(
        "select team, slack_user, slack_name, member_id, users.name, slack_links.created_at from slack_links
        join members on members.org_id = $1 and members.id = member_id
        join users on users.id = members.user_id
        where slack_links.org_id = $1 and ($2::uuid is null or member_id = $2)
        order by slack_links.created_at desc, slack_user limit $3",
        org.uuid(),
        of.map(MemberId::uuid),
        MOST_LINKS,
    )
    .fetch_all(tx.sql())
    .await?;
    let each = rows.into_iter().map(|row| Link {
        team: row.team,
        user: row.slack_user,
        user_name: row.slack_name,
        member: MemberId::from_uuid(row.member_id),
        member_name: row.name,
        created_at: row.created_at,
    });
    Ok(each.collect())
}

/// Takes it away, of anybody or of this member alone; answers whose it was.
pub async fn unlink(
    tx: &mut OrgTx,
    (team, user): (&str, &str),
    of: Option<MemberId>,
) -> Result<Option<MemberId>, DbError> {
    let org = tx.org().uuid();
    let member = sqlx::query_scalar!(
        "delete from slack_links
        where org_id = $1 and team = $2 and slack_user = $3 and ($4::uuid is null or member_id = $4)
        returning member_id",
        org,
        team,
        user,
        of.map(MemberId::uuid),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(member.map(MemberId::from_uuid))
}

/// The member's one code; one from before is none any more.
pub async fn put_code(
    tx: &mut OrgTx,
    member: MemberId,
    digest: &[u8],
    until: OffsetDateTime,
) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "insert into slack_codes (org_id, member_id, digest, expires_at) values ($1, $2, $3, $4)
        on conflict (org_id, member_id) do update set digest = $3, expires_at = $4",
        org,
        member.uuid(),
        digest,
        until,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The sealed signing secret of an organisation's app.
pub async fn signing_secret(tx: &mut SystemTx, org: OrgId) -> Result<Option<Vec<u8>>, DbError> {
    let secret = sqlx::query_scalar!(
        "select signing_secret from slack_apps where org_id = $1",
        org.uuid()
    );
    Ok(secret.fetch_optional(tx.sql()).await?)
}

/// Whether a request of this tag was not taken before.
pub async fn take(
    tx: &mut SystemTx,
    org: OrgId,
    tag: &[u8],
    now: OffsetDateTime,
) -> Result<bool, DbError> {
    sqlx::query!(
        "delete from slack_taken where org_id = $1 and at < $2",
        org.uuid(),
        now - KEPT
    )
    .execute(tx.sql())
    .await?;
    let taken = sqlx::query!(
        "insert into slack_taken (org_id, tag, at) values ($1, $2, $3) on conflict do nothing",
        org.uuid(),
        tag,
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Whose code it was; it is nobody's after it.
pub async fn redeem(
    tx: &mut SystemTx,
    org: OrgId,
    digest: &[u8],
    now: OffsetDateTime,
) -> Result<Option<MemberId>, DbError> {
    let member = sqlx::query_scalar!(
        "delete from slack_codes where org_id = $1 and digest = $2 and expires_at > $3 returning member_id",
        org.uuid(),
        digest,
        now,
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(member.map(MemberId::from_uuid))
}

pub async fn link(
    tx: &mut SystemTx,
    org: OrgId,
    who: &Someone,
    member: MemberId,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into slack_links (org_id, team, slack_user, slack_name, member_id, created_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (org_id, team, slack_user) do update set slack_name = $4, member_id = $5, created_at = $6",
        org.uuid(),
        who.team,
        who.user,
        who.name,
        member.uuid(),
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Where the member sits who is this Slack user, and what they are called. Read anew for each click.
pub async fn who(
    tx: &mut SystemTx,
    org: OrgId,
    who: &Someone,
) -> Result<Option<(Seat, Actor)>, DbError> {
    let row = sqlx::query!(
        "select orgs.slug, members.id, members.role, users.id as user_id, users.name from slack_links
        join orgs on orgs.id = slack_links.org_id
        join members on members.org_id = $1 and members.id = member_id
        join users on users.id = members.user_id
        where slack_links.org_id = $1 and team = $2 and slack_user = $3",
        org.uuid(),
        who.team,
        who.user,
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| {
        let unknown = |word: &str| DbError::Stored(format!("`{word}` of a member"));
        let seat = Seat {
            org,
            slug: row.slug.parse().map_err(|_| unknown(&row.slug))?,
            member: MemberId::from_uuid(row.id),
            role: Role::of(&row.role).ok_or_else(|| unknown(&row.role))?,
        };
        let actor = Actor {
            id: UserId::from_uuid(row.user_id).to_string(),
            name: row.name,
        };
        Ok((seat, actor))
    })
    .transpose()
}
