//! Who calls: a signed-in person or an API key, in the organisation that the path names.
//!
//! An [`Allowed`] is the proof that they may do what they are about to; only [`Caller::allow`] makes one, and the clock for
//! what it does by itself.

use crate::access::{Action, Role};
use crate::app::App;
use crate::db::{DbError, Reason};
use crate::problem::Problem;
use crate::session::{Account, PROOF};
use crate::{key, org};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use ids::token::{Token, TokenKind};
use ids::{MemberId, OrgId, Slug};
use time::OffsetDateTime;

/// Who an event says it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The id of the user or of the API key.
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct Caller {
    org: OrgId,
    org_slug: Slug,
    role: Role,
    member: MemberId,
    actor: Actor,
    proof: Proof,
}

/// How sure it is that the caller is still who they were.
#[derive(Debug, Clone, Copy)]
enum Proof {
    /// A key is asked for nothing but itself.
    Key,
    /// A person's session, and when they last proved themselves in it.
    Person(Option<OffsetDateTime>),
}

/// The right to do one thing in one organisation.
#[derive(Debug)]
pub struct Allowed {
    org: OrgId,
    actor: Actor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error("the role `{}` may not do this", .0.as_str())]
    Role(Role),
    /// Who left their desk half an hour ago is asked before what is sensitive.
    #[error("prove once more who you are: `POST /v1/step-up`, then try again")]
    Unproven,
    #[error("nobody changes those who may do more than they, nor gives what they do not have")]
    Above,
}

/// What any act can answer besides its own errors.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Caller {
    /// A person who is signed in, in the organisation of the path.
    pub async fn of(app: &App, parts: &mut Parts, account: &Account) -> Result<Self, Problem> {
        let named = named(parts, app).await?;
        by_account(app, account.clone(), &named).await
    }

    /// A member who has proved to be a user of a chat, and clicked there: what the chat signs is proof as a key is.
    pub fn in_chat(seat: org::Seat, actor: Actor) -> Self {
        Self {
            org: seat.org,
            org_slug: seat.slug,
            role: seat.role,
            member: seat.member,
            actor,
            proof: Proof::Key,
        }
    }

    pub fn allow(&self, action: Action) -> Result<Allowed, Forbidden> {
        if self.role.may(action) {
            Ok(Allowed {
                org: self.org,
                actor: self.actor.clone(),
            })
        } else {
            Err(Forbidden::Role(self.role))
        }
    }

    /// For what is sensitive: credentials, people, the end of everything. A person must have proved themselves lately.
    pub fn allow_proven(&self, action: Action, now: OffsetDateTime) -> Result<Allowed, Forbidden> {
        let allowed = self.allow(action)?;
        let is_proven = match self.proof {
            Proof::Key => true,
            Proof::Person(proven_at) => proven_at.is_some_and(|at| now - at <= PROOF),
        };
        if is_proven {
            Ok(allowed)
        } else {
            Err(Forbidden::Unproven)
        }
    }

    pub fn org(&self) -> OrgId {
        self.org
    }

    pub fn org_slug(&self) -> &Slug {
        &self.org_slug
    }

    pub fn role(&self) -> Role {
        self.role
    }

    /// The membership behind the caller; for an API key, its maker's.
    pub fn member(&self) -> MemberId {
        self.member
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether it is a person, and no API key.
    pub fn is_person(&self) -> bool {
        matches!(self.proof, Proof::Person(_))
    }
}

impl Allowed {
    /// Nobody asks: the tools of a server that people had read are read again when it is time.
    pub fn to_read_tools_again(org: OrgId) -> Self {
        Self {
            org,
            actor: Actor {
                id: "schedule".to_owned(),
                name: "the schedule".to_owned(),
            },
        }
    }

    pub fn org(&self) -> OrgId {
        self.org
    }

    pub fn into_actor(self) -> Actor {
        self.actor
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let named = named(parts, app).await?;
        if parts.headers.contains_key(AUTHORIZATION) {
            let caller = by_key(app, parts).await?;
            let is_meant = named == caller.org.to_string() || named == caller.org_slug.as_str();
            return if is_meant {
                Ok(caller)
            } else {
                Err(Problem::not_found())
            };
        }
        let account = Account::from_request_parts(parts, app).await?;
        by_account(app, account, &named).await
    }
}

/// The organisation in the path, as it stands there.
async fn named(parts: &mut Parts, app: &App) -> Result<String, Problem> {
    let path = RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(|_| Problem::not_found())?;
    let named = path.iter().find(|(name, _)| *name == "org");
    named
        .map(|(_, value)| value.to_owned())
        .ok_or_else(Problem::not_found)
}

/// Whoever calls where the path names no organisation.
#[derive(Debug, Clone)]
pub enum Anyone {
    Person(Account),
    /// An API key, which is of one organisation wherever it is shown.
    Key(Caller),
}

impl FromRequestParts<App> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if parts.headers.contains_key(AUTHORIZATION) {
            return by_key(app, parts).await.map(Self::Key);
        }
        Account::from_request_parts(parts, app)
            .await
            .map(Self::Person)
    }
}

async fn by_account(app: &App, account: Account, named: &str) -> Result<Caller, Problem> {
    if named.contains('\0') {
        return Err(Problem::not_found());
    }
    let mut tx = app.db().system(Reason::WhoCalls).await?;
    let seat = org::store::seat(&mut tx, named, account.id)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(Caller {
        org: seat.org,
        org_slug: seat.slug,
        role: seat.role,
        member: seat.member,
        actor: Actor {
            id: account.id.to_string(),
            name: account.name,
        },
        proof: Proof::Person(account.proven_at),
    })
}

async fn by_key(app: &App, parts: &Parts) -> Result<Caller, Problem> {
    let token = bearer(parts).ok_or_else(Problem::unauthorized)?;
    let digest = app.keys().pepper.digest(token.expose());
    let mut tx = app.db().system(Reason::WhoCalls).await?;
    let now = app.now();
    let found = key::store::by_digest(&mut tx, &digest, now.time()).await?;
    let key = found.ok_or_else(Problem::unauthorized)?;
    tx.commit().await?;
    Ok(Caller {
        org: key.org,
        org_slug: key.org_slug,
        role: key.role,
        member: key.made_by,
        actor: Actor {
            id: key.id.to_string(),
            name: key.name,
        },
        proof: Proof::Key,
    })
}

/// The API key of the request; a header that is there and is no key is no key.
fn bearer(parts: &Parts) -> Option<Token> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = Token::parse(token.trim()).ok()?;
    (scheme.eq_ignore_ascii_case("bearer") && token.kind() == TokenKind::ApiKey).then_some(token)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Forbidden(forbidden) => forbidden.into(),
            Refused::Db(error) => error.into(),
        }
    }
}

/// A session of the dashboard is an account; which organisation it acts in, the path says.
impl From<&Account> for Actor {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
        }
    }
}
