//! Deleting one's account: with it go its sessions, its seats, and the API keys and invitations of those seats. What it did
//! stays in the events of its organisations.

use super::store;
use crate::access::Role;
use crate::app::App;
use crate::caller::{Actor, Forbidden};
use crate::db::{DbError, Reason};
use crate::event::Event;
use crate::mail::Letter;
use crate::session::Account;
use ids::{MemberId, OrgId, Slug};

/// A place of the account's in an organisation.
#[derive(Debug)]
pub struct Seat {
    pub member: MemberId,
    pub role: Role,
    pub org: OrgId,
    pub slug: Slug,
    pub name: String,
    /// The organisation has no owner but this one.
    pub is_last_owner: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum NotDeleted {
    #[error("you alone own {}: make somebody else an owner first, or delete the organisation", quoted(.0))]
    LastOwner(Vec<Slug>),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What keeps the account from being deleted: the organisations that would have no owner.
pub async fn owned_alone(app: &App, account: &Account) -> Result<Vec<Seat>, DbError> {
    let mut tx = app.db().system(Reason::Account).await?;
    let seats = store::seats(&mut tx, account.id).await?;
    Ok(seats
        .into_iter()
        .filter(|seat| seat.is_last_owner)
        .collect())
}

pub async fn delete(app: &App, account: &Account) -> Result<(), NotDeleted> {
    let now = app.now();
    account.proven(now.time())?;
    let mut tx = app.db().system(Reason::Account).await?;
    // Held first, so that no organisation is founded or entered meanwhile; then the organisations, so that of two last owners
    // who go at once, one stays.
    if !store::hold(&mut tx, account.id).await? {
        return Err(DbError::Gone.into());
    }
    let seats = store::seats(&mut tx, account.id).await?;
    let alone: Vec<Slug> = seats
        .iter()
        .filter(|seat| seat.is_last_owner)
        .map(|seat| seat.slug.clone())
        .collect();
    if !alone.is_empty() {
        return Err(NotDeleted::LastOwner(alone));
    }
    let actor = Actor::from(account);
    for seat in seats {
        let event = Event::MemberRemoved {
            member: seat.member,
            email: account.email.clone(),
            role: seat.role,
            left: true,
        };
        tx.say(seat.org, &actor, &now, &event).await?;
    }
    store::delete(&mut tx, account.id, &account.email).await?;
    super::act::tell(app, &mut tx, Letter::AccountDeleted, &account.email, &now).await?;
    Ok(tx.commit().await?)
}

fn quoted(slugs: &[Slug]) -> String {
    let quoted: Vec<String> = slugs.iter().map(|slug| format!("`{slug}`")).collect();
    quoted.join(", ")
}
