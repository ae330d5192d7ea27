//! What can be done with invitations: make one, look, withdraw it; and, by who holds the link, accept it.

use super::store::{self, Found};
use super::{GOOD_FOR, Invitation, MOST, NewInvitation, Offer};
use crate::access::Action;
use crate::account;
use crate::app::App;
use crate::caller::{Actor, Caller, Forbidden, Refused};
use crate::db::{DbError, Reason, SystemTx};
use crate::event::Event;
use crate::http::list::{Listed, Page};
use crate::mail::{self, Hold, Letter};
use crate::now::Now;
use crate::org::{self, Org, member};
use crate::problem::Fault;
use crate::session::Account;
use crate::session::act::is_address;
use crate::session::attempts::{self, Allowance, Exhausted, TooMany};
use crate::session::store::User;
use crate::session::ticket::Ticket;
use ids::InvitationId;
use time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("`{0}` belongs to a member already")]
    IsMember(String),
    #[error("at most {MOST} invitations are open at once; withdraw one that nobody follows")]
    TooManyOpen,
    #[error("too many invitations in a day")]
    TooMany(TooMany),
    #[error("there is no such invitation")]
    NoSuchInvitation,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why a link does not lead into the organisation.
#[derive(Debug, thiserror::Error)]
pub enum NotAccepted {
    #[error("the invitation was used or withdrawn, has expired, or never was one: ask for another")]
    NoSuchInvitation,
    #[error("the invitation is for another address than that of this account")]
    OtherAddress,
    #[error("this account is a member already")]
    IsMember,
    #[error("the organisation has as many members as it may have")]
    Full,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Strangers get mail by these: a day's work of an organisation that grows, and no more.
const PER_ORG: Allowance = Allowance {
    tries: 200,
    within: Duration::days(1),
};

/// The answer is the same whether the address has an account or not.
pub async fn invite(
    app: &App,
    caller: &Caller,
    new: NewInvitation,
) -> Result<Invitation, InvitationError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let email = new.email.trim().to_lowercase();
    if !is_address(&email) {
        return Err(InvitationError::Invalid(vec![Fault {
            pointer: "/email".to_owned(),
            detail: "expected an e-mail address".to_owned(),
        }]));
    }
    if !caller.role().covers(new.role) {
        return Err(Forbidden::Above.into());
    }
    let mut tx = app.db().system(Reason::NameMember).await?;
    let host = store::host(&mut tx, caller.org(), caller.member()).await?;
    let host = host.ok_or(DbError::Gone)?;
    if store::is_member(&mut tx, caller.org(), &email).await? {
        return Err(InvitationError::IsMember(email));
    }
    drop(tx);
    attempts::count(app, &format!("invite {}", caller.org()), &[PER_ORG]).await?;

    let ticket = Ticket::new(app.random().bytes());
    let mut tx = app.db().write(allowed, now.clone()).await?;
    if store::make_room(&mut tx, &email).await? >= MOST {
        return Err(InvitationError::TooManyOpen);
    }
    let invitation = Invitation {
        id: now.id(InvitationId::new),
        email,
        role: new.role,
        made_by: caller.member(),
        expires_at: now.time() + GOOD_FOR,
        created_at: now.time(),
    };
    store::insert(&mut tx, &invitation, &ticket.digest()).await?;
    let letter = Letter::Invitation {
        org: &store::org_name(&mut tx).await?,
        by: &host.name,
        role: new.role.as_str(),
        ticket: ticket.expose(),
    };
    let mut mail = letter.to(&invitation.email, &app.site().public_url);
    mail.hold = Some(Hold {
        waits_for: (!host.is_confirmed).then_some(host.user),
        invitation: invitation.id,
        until: invitation.expires_at,
    });
    mail::outbox::put(app, tx.sql(), &now, &mail).await?;
    tx.commit(Event::MemberInvited {
        invitation: invitation.id,
        email: invitation.email.clone(),
        role: invitation.role,
    })
    .await?;
    Ok(invitation)
}

pub async fn list(
    app: &App,
    caller: &Caller,
    page: Page<InvitationId>,
) -> Result<Listed<Invitation>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Administer)?).await?;
    let invitations = store::list(&mut tx, &page, app.now().time()).await?;
    Ok(page.listed(invitations, |invitation| invitation.id.to_string()))
}

/// The link leads nowhere from now on, and a mail that has not left does not leave.
pub async fn withdraw(app: &App, caller: &Caller, id: InvitationId) -> Result<(), InvitationError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let mut tx = app.db().write(allowed, now).await?;
    let email = store::delete(&mut tx, id).await?;
    let email = email.ok_or(InvitationError::NoSuchInvitation)?;
    tx.commit(Event::InvitationWithdrawn {
        invitation: id,
        email,
    })
    .await?;
    Ok(())
}

/// What the link leads to, for whoever holds it.
pub async fn offer(app: &App, ticket: &Ticket) -> Result<Option<Offer>, DbError> {
    let mut tx = app.db().system(Reason::JoinOrg).await?;
    let found = store::by_digest(&mut tx, &ticket.digest(), app.now().time()).await?;
    Ok(found.map(|found| found.offer))
}

/// A signed-in person takes the seat that is meant for their address.
pub async fn accept(app: &App, account: &Account, ticket: &Ticket) -> Result<Org, NotAccepted> {
    let now = app.now();
    let user = User {
        id: account.id,
        email: account.email.clone(),
        name: account.name.clone(),
    };
    let mut tx = app.db().system(Reason::JoinOrg).await?;
    let org = enter(&mut tx, ticket, &user, &Actor::from(account), &now).await?;
    tx.commit().await?;
    Ok(org)
}

/// Makes `user` a member, in the transaction of whoever asks. The link came by mail: who brings it reads that mailbox.
pub async fn enter(
    tx: &mut SystemTx,
    ticket: &Ticket,
    user: &User,
    actor: &Actor,
    now: &Now,
) -> Result<Org, NotAccepted> {
    let found = store::by_digest(tx, &ticket.digest(), now.time()).await?;
    let found = found.ok_or(NotAccepted::NoSuchInvitation)?;
    let Found { org, offer, .. } = &found;
    if offer.email != user.email {
        return Err(NotAccepted::OtherAddress);
    }
    if !store::spend(tx, &found).await? {
        return Err(NotAccepted::NoSuchInvitation);
    }
    if store::members(tx, *org).await? >= member::MOST {
        return Err(NotAccepted::Full);
    }
    account::store::confirm(tx, user.id, now.time()).await?;
    let id = store::insert_member(tx, *org, user.id, offer.role, now)
        .await
        .map_err(|error| match error.constraint() {
            Some("members_org_id_user_id_key") => NotAccepted::IsMember,
            _ => error.into(),
        })?;
    let event = Event::MemberJoined {
        member: id,
        email: user.email.clone(),
        role: offer.role,
    };
    tx.say(*org, actor, now, &event).await?;
    let entered = org::store::as_seen_by(tx, *org, user.id).await?;
    Ok(entered.ok_or(DbError::Gone)?)
}

impl From<Exhausted> for InvitationError {
    fn from(error: Exhausted) -> Self {
        match error {
            Exhausted::TooMany(wait) => Self::TooMany(wait),
            Exhausted::Db(error) => Self::Db(error),
        }
    }
}
