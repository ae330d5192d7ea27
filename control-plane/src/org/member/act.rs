//! What can be done with members: look, change a role, remove one, leave.

use super::{Member, store};
use crate::access::{Action, Role};
use crate::app::App;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::{DbError, OrgTx, Reason};
use crate::event::Event;
use crate::http::list::{Listed, Page};
use ids::MemberId;

#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    #[error("there is no such member")]
    NoSuchMember,
    #[error("an organisation has an owner: make another one first, or delete the organisation")]
    LastOwner,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn list(
    app: &App,
    caller: &Caller,
    page: Page<MemberId>,
) -> Result<Listed<Member>, Refused> {
    let allowed = caller.allow(Action::Administer)?;
    let mut tx = app.db().system(Reason::NameMember).await?;
    let members = store::list(&mut tx, allowed.org(), &page).await?;
    Ok(page.listed(members, |member| member.id.to_string()))
}

pub async fn show(app: &App, caller: &Caller, id: MemberId) -> Result<Member, MemberError> {
    caller.allow(Action::Administer)?;
    named(app, caller, id).await
}

pub async fn change(
    app: &App,
    caller: &Caller,
    id: MemberId,
    role: Role,
) -> Result<Member, MemberError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let named = named(app, caller, id).await?;
    let mut tx = app.db().write(allowed, now).await?;
    let before = reach(&mut tx, caller, id).await?;
    if !caller.role().covers(role) {
        return Err(Forbidden::Above.into());
    }
    store::set_role(&mut tx, id, role).await?;
    has_owner(&mut tx).await?;
    tx.commit(Event::MemberChanged {
        member: id,
        email: named.email.clone(),
        before,
        after: role,
    })
    .await?;
    Ok(Member { role, ..named })
}

/// Removes another member, or leaves. With the membership end its API keys and its open invitations.
pub async fn remove(app: &App, caller: &Caller, id: MemberId) -> Result<(), MemberError> {
    let now = app.now();
    let leaves = caller.is_person() && id == caller.member();
    // Whoever may see the organisation sits in it, and may get up.
    let action = if leaves {
        Action::Read
    } else {
        Action::Administer
    };
    let allowed = caller.allow_proven(action, now.time())?;
    let named = named(app, caller, id).await?;
    let mut tx = app.db().write(allowed, now).await?;
    let role = reach(&mut tx, caller, id).await?;
    store::remove(&mut tx, id).await?;
    has_owner(&mut tx).await?;
    tx.commit(Event::MemberRemoved {
        member: id,
        email: named.email,
        role,
        left: leaves,
    })
    .await?;
    Ok(())
}

async fn named(app: &App, caller: &Caller, id: MemberId) -> Result<Member, MemberError> {
    let mut tx = app.db().system(Reason::NameMember).await?;
    let member = store::one(&mut tx, caller.org(), id).await?;
    member.ok_or(MemberError::NoSuchMember)
}

/// The member's role, which the caller's has to cover: as both are now, and stay until the end of this transaction.
async fn reach(tx: &mut OrgTx, caller: &Caller, id: MemberId) -> Result<Role, MemberError> {
    let role = store::role_of(tx, id).await?;
    let role = role.ok_or(MemberError::NoSuchMember)?;
    let own = store::role_of(tx, caller.member()).await?;
    if own.is_some_and(|own| own.covers(caller.role())) && caller.role().covers(role) {
        Ok(role)
    } else {
        Err(Forbidden::Above.into())
    }
}

async fn has_owner(tx: &mut OrgTx) -> Result<(), MemberError> {
    if store::owners(tx).await? == 0 {
        return Err(MemberError::LastOwner);
    }
    Ok(())
}
