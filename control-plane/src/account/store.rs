//! The SQL of tickets, wishes and passwords.

use super::Purpose;
use super::delete::Seat;
use crate::access::Role;
use crate::db::{DbError, SystemTx};
use crate::event::Event;
use crate::now::Now;
use crate::session::store::User;
use crate::session::ticket::Ticket;
use ids::{EventId, InvitationId, KeyId, MemberId, OrgId, Slug, UserId};
use time::OffsetDateTime;

/// How many links of one purpose are good at once: an impatient owner may follow any of the last few.
const MOST: i64 = 5;
/// Tickets past their time that one look clears away.
const CLEARED_AT_ONCE: i64 = 1_000;

pub async fn insert_ticket(
    tx: &mut SystemTx,
    ticket: &Ticket,
    user: UserId,
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into tickets (digest, user_id, purpose, expires_at, created_at) values ($1, $2, $3, $4, $5)",
        &ticket.digest(),
        user.uuid(),
        purpose.as_str(),
        now + purpose.good_for(),
        now,
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "delete from tickets where digest in (
            select digest from tickets
            where user_id = $1 and purpose = $2
            order by created_at desc, digest
            offset $3
        )",
        user.uuid(),
        purpose.as_str(),
        MOST,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Whose live ticket it is.
pub async fn ticket_of(
    tx: &mut SystemTx,
    ticket: &Ticket,
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<Option<User>, DbError> {
    let row = sqlx::query!(
        "select users.id, email, name from tickets join users on users.id = user_id
        where digest = $1 and purpose = $2 and expires_at > $3",
        &ticket.digest(),
        purpose.as_str(),
        now,
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| User {
        id: UserId::from_uuid(row.id),
        email: row.email,
        name: row.name,
    }))
}

/// Uses a ticket up, and with it every other of its purpose: they prove the same.
pub async fn spend(
    tx: &mut SystemTx,
    ticket: &Ticket,
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<Option<UserId>, DbError> {
    let user = sqlx::query_scalar!(
        "delete from tickets where digest = $1 and purpose = $2 and expires_at > $3 returning user_id",
        &ticket.digest(),
        purpose.as_str(),
        now,
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(user) = user else { return Ok(None) };
    sqlx::query!(
        "delete from tickets where user_id = $1 and purpose = $2",
        user,
        purpose.as_str()
    )
    .execute(tx.sql())
    .await?;
    Ok(Some(UserId::from_uuid(user)))
}

/// Clears away what nobody followed in time.
pub async fn forget(tx: &mut SystemTx, now: OffsetDateTime) -> Result<(), DbError> {
    sqlx::query!(
        "delete from tickets where digest in (
            select digest from tickets where expires_at <= $1
            limit $2
            for update skip locked
        )",
        now,
        CLEARED_AT_ONCE,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// False: it was confirmed before.
pub async fn confirm(
    tx: &mut SystemTx,
    user: UserId,
    now: OffsetDateTime,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "update users set confirmed_at = $2 where id = $1 and confirmed_at is null",
        user.uuid(),
        now
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the API keys that the account made, and withdraws its invitations; answers what there is to say of it, where.
pub async fn leave_nothing(
    tx: &mut SystemTx,
    user: UserId,
) -> Result<Vec<(OrgId, Event)>, DbError> {
    let keys = sqlx::query!(
        "delete from api_keys using members
        where members.user_id = $1 and members.org_id = api_keys.org_id and members.id = api_keys.made_by
        returning api_keys.org_id, api_keys.id, api_keys.name",
        user.uuid()
    )
    .fetch_all(tx.sql())
    .await?;
    let invitations = sqlx::query!(
        "delete from invitations using members
        where members.user_id = $1 and members.org_id = invitations.org_id and members.id = invitations.made_by
        returning invitations.org_id, invitations.id, invitations.email",
        user.uuid()
    )
    .fetch_all(tx.sql())
    .await?;
    let keys = keys.into_iter().map(|row| {
        let key = KeyId::from_uuid(row.id);
        let name = row.name;
        (
            OrgId::from_uuid(row.org_id),
            Event::KeyDeleted { key, name },
        )
    });
    let invitations = invitations.into_iter().map(|row| {
        let invitation = InvitationId::from_uuid(row.id);
        let email = row.email;
        let event = Event::InvitationWithdrawn { invitation, email };
        (OrgId::from_uuid(row.org_id), event)
    });
    Ok(keys.chain(invitations).collect())
}

pub async fn set_password(tx: &mut SystemTx, user: UserId, hash: &str) -> Result<(), DbError> {
    sqlx::query!(
        "update users set password_hash = $2 where id = $1",
        user.uuid(),
        hash
    )
    .execute(tx.sql())
    .await?;
    // A link of before would undo the choice.
    sqlx::query!(
        "delete from tickets where user_id = $1 and purpose = $2",
        user.uuid(),
        Purpose::Reset.as_str()
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn wish(tx: &mut SystemTx, email: &str, now: &Now) -> Result<(), DbError> {
    sqlx::query!(
        "insert into reset_wishes (id, email, created_at) values ($1, $2, $3)",
        now.id(EventId::new).uuid(),
        email,
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The oldest wish, which goes with the end of this transaction.
pub async fn take_wish(tx: &mut SystemTx) -> Result<Option<String>, DbError> {
    let email = sqlx::query_scalar!(
        "delete from reset_wishes where id = (
            select id from reset_wishes
            order by id
            limit 1
            for update skip locked
        )
        returning email"
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(email)
}

pub async fn want_approval_mails(
    tx: &mut SystemTx,
    user: UserId,
    wants: bool,
) -> Result<(), DbError> {
    sqlx::query!(
        "update users set approval_mails = $2 where id = $1",
        user.uuid(),
        wants,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn rename(tx: &mut SystemTx, user: UserId, name: &str) -> Result<(), DbError> {
    sqlx::query!(
        "update users set name = $2 where id = $1",
        user.uuid(),
        name
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Where the account sits, by the organisation's address.
pub async fn seats(tx: &mut SystemTx, user: UserId) -> Result<Vec<Seat>, DbError> {
    let rows = sqlx::query!(
        r#"select members.id, members.role, orgs.id as org, orgs.slug, orgs.name,
            members.role = 'owner' and not exists (
                select from members others
                where others.org_id = members.org_id and others.role = 'owner' and others.id <> members.id
            ) as "is_last_owner!"
        from members join orgs on orgs.id = members.org_id
        where members.user_id = $1
        order by orgs.slug"#,
        user.uuid()
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            let unreadable = || DbError::Stored(format!("role `{}` in `{}`", row.role, row.slug));
            Ok(Seat {
                member: MemberId::from_uuid(row.id),
                role: Role::of(&row.role).ok_or_else(unreadable)?,
                org: OrgId::from_uuid(row.org),
                slug: row.slug.parse::<Slug>().map_err(|_| unreadable())?,
                name: row.name,
                is_last_owner: row.is_last_owner,
            })
        })
        .collect()
}

/// Lets nobody change the account, its seats or who else owns their organisations before the end of this transaction. False:
/// there is no such account any more.
pub async fn hold(tx: &mut SystemTx, user: UserId) -> Result<bool, DbError> {
    let held = sqlx::query!("select id from users where id = $1 for update", user.uuid())
        .fetch_optional(tx.sql())
        .await?;
    sqlx::query!(
        "select id from orgs
        where id in (select org_id from members where user_id = $1)
        order by id
        for no key update",
        user.uuid()
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(held.is_some())
}

/// The account with everything that is its own, and whatever its address has asked for.
pub async fn delete(tx: &mut SystemTx, user: UserId, email: &str) -> Result<(), DbError> {
    sqlx::query!("delete from reset_wishes where email = $1", email)
        .execute(tx.sql())
        .await?;
    sqlx::query!("delete from users where id = $1", user.uuid())
        .execute(tx.sql())
        .await?;
    Ok(())
}
