//! Signing up: an account, and with it an organisation, or a seat in one that has invited its owner.

use super::act::{self, SignedIn, is_address};
use super::attempts::{self, Allowance, Exhausted, TooMany};
use super::browser::Browser;
use super::password;
use super::store::{self, User};
use super::ticket::Ticket;
use crate::account;
use crate::app::App;
use crate::caller::Actor;
use crate::db::{DbError, Reason};
use crate::http::read::Faults;
use crate::org::invitation::{self, NotAccepted};
use crate::org::{self, NewOrg, Org};
use crate::problem::Fault;
use ids::UserId;
use seal::Secret;
use std::net::IpAddr;
use time::Duration;

#[derive(Debug)]
pub struct SignUp {
    pub email: String,
    pub password: Secret,
    pub name: String,
    pub org: Option<NewOrg>,
    /// The link of an invitation that came to this address.
    pub invitation: Option<Ticket>,
}

#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("there is an account with this e-mail address")]
    EmailTaken,
    #[error("the slug `{0}` is taken")]
    SlugTaken(String),
    #[error(transparent)]
    Invitation(NotAccepted),
    #[error("too many tries")]
    TooMany(TooMany),
    #[error(transparent)]
    Db(#[from] DbError),
}

const PER_ADDRESS: Allowance = Allowance {
    tries: 10,
    within: Duration::minutes(15),
};
const PER_SOURCE: Allowance = Allowance {
    tries: 20,
    within: Duration::hours(1),
};

/// The organisation is the one that was founded, or entered.
pub async fn sign_up(
    app: &App,
    source: IpAddr,
    browser: &Browser,
    wish: SignUp,
) -> Result<(SignedIn, Option<Org>), SignUpError> {
    let now = app.now();
    let email = wish.email.trim().to_lowercase();
    check(&email, &wish).map_err(SignUpError::Invalid)?;
    attempts::count_source(app, "sign-up", source, PER_SOURCE).await?;
    attempts::count(app, &format!("sign-up {email}"), &[PER_ADDRESS]).await?;

    let hash = app.passwords().hash(&wish.password, app.random()).await;
    let user = User {
        id: now.id(UserId::new),
        email,
        name: wish.name,
    };
    let actor = Actor {
        id: user.id.to_string(),
        name: user.name.clone(),
    };
    let mut tx = app.db().system(Reason::SignUp).await?;
    store::insert_user(&mut tx, &user, Some(&hash), &now)
        .await
        .map_err(|error| match error.constraint() {
            Some("users_email_key") => SignUpError::EmailTaken,
            _ => error.into(),
        })?;
    let is_invited = wish.invitation.is_some();
    let org = match (wish.org, wish.invitation) {
        (None, None) => None,
        (Some(new), _) => {
            let slug = new.slug.to_string();
            let (org, event) = org::store::found(&mut tx, new, user.id, &now)
                .await
                .map_err(|error| match error.constraint() {
                    Some("orgs_slug_key") => SignUpError::SlugTaken(slug),
                    _ => error.into(),
                })?;
            tx.say(org.id, &actor, &now, &event).await?;
            Some(org)
        }
        (None, Some(ticket)) => {
            // The link came to this address: whoever brings it reads that mailbox.
            account::store::confirm(&mut tx, user.id, now.time()).await?;
            Some(invitation::act::enter(&mut tx, &ticket, &user, &actor, &now).await?)
        }
    };
    if !is_invited {
        account::act::ask_to_confirm(app, &mut tx, &user, &now).await?;
    }
    let signed_in = act::begin(app, &mut tx, user.id, browser, Some(now.time()), &now).await?;
    tx.commit().await?;
    Ok((signed_in, org))
}

/// What is wrong with a wish as far as it goes.
pub fn faults(wish: &SignUp) -> Vec<Fault> {
    let email = wish.email.trim().to_lowercase();
    check(&email, wish).err().unwrap_or_default()
}

fn check(email: &str, wish: &SignUp) -> Result<(), Vec<Fault>> {
    let mut faults = Faults::default();
    if !is_address(email) {
        faults.add("/email", "expected an e-mail address");
    }
    faults.name("/name", &wish.name);
    if let Err(weak) = password::check(&wish.password, &[email, &wish.name]) {
        faults.add("/password", weak.to_string());
    }
    if let Some(new) = &wish.org {
        faults.name("/org/name", &new.name);
        if wish.invitation.is_some() {
            faults.add(
                "/invitation",
                "expected an organisation or an invitation, not both",
            );
        }
    }
    faults.into_result()
}

impl From<Exhausted> for SignUpError {
    fn from(error: Exhausted) -> Self {
        match error {
            Exhausted::TooMany(wait) => Self::TooMany(wait),
            Exhausted::Db(error) => Self::Db(error),
        }
    }
}

impl From<NotAccepted> for SignUpError {
    fn from(error: NotAccepted) -> Self {
        match error {
            NotAccepted::Db(error) => Self::Db(error),
            error => Self::Invitation(error),
        }
    }
}
