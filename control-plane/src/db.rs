//! The only way to the database. It gives four things and no fifth: a reading of one organisation, a change of one
//! organisation (which cannot be saved without its [`Event`]), a reading of the catalogue, which belongs to none, and, for a
//! named reason, a look across organisations.

use crate::caller::{Actor, Allowed};
use crate::event::{self, Event};
use crate::now::Now;
use crate::publish;
use crate::webhook;
use ids::OrgId;
use seal::Secret;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Executor, PgConnection, Postgres, Transaction};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    #[error(
        "the role `{0}` owns tables, is a superuser or passes row security: the plane does not start with it"
    )]
    UnsafeRole(String),
    #[error("a stored value cannot be read: {0}")]
    Stored(String),
    #[error("the organisation was deleted meanwhile")]
    Gone,
}

impl DbError {
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Sql(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_))
        )
    }

    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }

    /// Whether a text was given that Postgres has no place for: one with the character NUL.
    pub fn is_unstorable(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22021"))
    }

    /// The name of the constraint that refused the row, if one did.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Sql(sqlx::Error::Database(error)) => error.constraint(),
            _ => None,
        }
    }
}

/// Why someone looks across organisations. Every reason is here, and a test counts where each is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    SignUp,
    SignIn,
    Attempt,
    Account,
    Mail,
    WhoCalls,
    CreateOrg,
    JoinOrg,
    DeleteOrg,
    ForgetOrg,
    Idempotency,
    Publish,
    ServeGateways,
    IngestRecords,
    NameMember,
    Approve,
    Rediscover,
    Deliver,
    Checkpoint,
    TakeBack,
    Missing,
    Forget,
}

impl Reason {
    /// Whether what was done for it is waited for: by the publisher, or by those who follow calls. Most looks only ask, and
    /// the publisher's own work would wake it again at once, for ever.
    const fn is_news(self) -> bool {
        matches!(
            self,
            Self::SignUp | Self::CreateOrg | Self::DeleteOrg | Self::IngestRecords
        )
    }
}

#[derive(Clone, Debug)]
pub struct Db {
    app: PgPool,
    system: PgPool,
    changed: Arc<Notify>,
}

impl Db {
    /// Refuses roles that row security does not bind.
    pub async fn connect(app: &Secret, system: &Secret) -> Result<Self, DbError> {
        let db = Self {
            app: pool(app, 16)?,
            system: pool(system, 8)?,
            changed: Arc::default(),
        };
        for pool in [&db.app, &db.system] {
            let role = sqlx::query!(
                r#"select current_user::text as "name!",
                    (rolsuper or rolbypassrls or exists (
                        select from pg_tables where tableowner = current_user and schemaname = 'public'
                    )) as "is_unsafe!"
                from pg_roles where rolname = current_user"#
            )
            .fetch_one(pool)
            .await?;
            if role.is_unsafe {
                return Err(DbError::UnsafeRole(role.name));
            }
        }
        Ok(db)
    }

    pub async fn read(&self, allowed: Allowed) -> Result<OrgRead, DbError> {
        let mut tx = begin(&self.app).await?;
        tx.execute("set transaction read only").await?;
        enter(&mut tx, allowed.org()).await?;
        Ok(OrgRead {
            tx,
            org: allowed.org(),
        })
    }

    /// What is open to everybody. Of organisations it sees nothing. Its questions are planned by what was asked, and for the
    /// indexes: one that is rare for one word is not for another.
    pub async fn catalog(&self) -> Result<CatalogRead, DbError> {
        let mut tx = begin(&self.app).await?;
        tx.execute(
            "set transaction read only;
            set local enable_seqscan = off;
            set local jit = off;
            set local plan_cache_mode = force_custom_plan;
            set local pg_trgm.similarity_threshold = 0.2",
        )
        .await?;
        Ok(CatalogRead { tx })
    }

    pub async fn write(&self, allowed: Allowed, now: Now) -> Result<OrgTx, DbError> {
        let mut tx = begin(&self.app).await?;
        enter(&mut tx, allowed.org()).await?;
        stay(&mut tx, allowed.org()).await?;
        Ok(OrgTx {
            tx,
            org: allowed.org(),
            actor: allowed.into_actor(),
            now,
            changed: self.changed.clone(),
        })
    }

    pub async fn system(&self, reason: Reason) -> Result<SystemTx, DbError> {
        tracing::trace!(?reason, "system transaction");
        Ok(SystemTx {
            tx: begin(&self.system).await?,
            reason,
            changed: self.changed.clone(),
        })
    }

    /// Wakes when a change was committed by this process. A hint: whoever waits on it looks for itself now and then.
    pub fn changed(&self) -> Arc<Notify> {
        self.changed.clone()
    }

    /// Whether the database answers.
    pub async fn is_alive(&self) -> bool {
        self.app.execute("select 1").await.is_ok()
    }
}

/// A read-only transaction that sees one organisation.
#[derive(Debug)]
pub struct OrgRead {
    tx: Transaction<'static, Postgres>,
    org: OrgId,
}

impl OrgRead {
    pub fn org(&self) -> OrgId {
        self.org
    }

    pub fn sql(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

/// A read-only transaction that sees the catalogue.
#[derive(Debug)]
pub struct CatalogRead {
    tx: Transaction<'static, Postgres>,
}

impl CatalogRead {
    pub fn sql(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

/// A transaction that changes one organisation. Dropped, it changes nothing.
#[derive(Debug)]
pub struct OrgTx {
    tx: Transaction<'static, Postgres>,
    org: OrgId,
    actor: Actor,
    now: Now,
    changed: Arc<Notify>,
}

impl OrgTx {
    pub fn org(&self) -> OrgId {
        self.org
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    pub fn now(&self) -> &Now {
        &self.now
    }

    pub fn sql(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Lets nobody else who asks this of the organisation go on before the end of this transaction: what is counted now
    /// is still so at the end. Not the lock of the next version, which a change that holds a name asks for last.
    pub async fn alone(&mut self) -> Result<(), DbError> {
        let org = self.org.uuid();
        sqlx::query!("select id from orgs where id = $1 for no key update", org)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Saves the change and what is to be said of it, together.
    pub async fn commit(mut self, event: Event) -> Result<(), DbError> {
        save(&mut self.tx, self.org, &self.actor, &self.now, &event).await?;
        self.tx.commit().await?;
        self.changed.notify_waiters();
        Ok(())
    }
}

/// A transaction across organisations.
#[derive(Debug)]
pub struct SystemTx {
    tx: Transaction<'static, Postgres>,
    reason: Reason,
    changed: Arc<Notify>,
}

impl SystemTx {
    pub fn sql(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Says what was done to an organisation, in this transaction.
    pub async fn say(
        &mut self,
        org: OrgId,
        actor: &Actor,
        now: &Now,
        event: &Event,
    ) -> Result<(), DbError> {
        save(&mut self.tx, org, actor, now, event).await
    }

    pub async fn commit(self) -> Result<(), DbError> {
        self.tx.commit().await?;
        if self.reason.is_news() {
            self.changed.notify_waiters();
        }
        Ok(())
    }
}

/// Holds the organisation before anything in it is locked. Who deletes one locks the same way round, so that neither
/// waits for the other in a circle.
async fn stay(sql: &mut PgConnection, org: OrgId) -> Result<(), DbError> {
    let held = sqlx::query!(
        "select id from orgs where id = $1 for key share",
        org.uuid()
    )
    .fetch_optional(sql)
    .await?;
    held.map(|_| ()).ok_or(DbError::Gone)
}

/// The event, and where replicas are concerned the organisation's next version. The row lock on the version makes
/// versions of one organisation gapless and in commit order.
async fn save(
    sql: &mut PgConnection,
    org: OrgId,
    actor: &Actor,
    now: &Now,
    event: &Event,
) -> Result<(), DbError> {
    event::store::insert(sql, org, actor, now, event).await?;
    webhook::outbox::put(sql, org, actor, now, event).await?;
    if event.concerns_replicas() {
        let version = sqlx::query_scalar!(
            "update org_versions set version = version + 1 where org_id = $1 returning version",
            org.uuid()
        )
        .fetch_optional(&mut *sql)
        .await?;
        if let Some((version, what)) = version.zip(event.takes_back()) {
            publish::revocation::put(sql, org, what, version, now).await?;
        }
        sqlx::query!(
            // A mark that is there is held all the same: the publisher must not take it before this change is to be seen.
            "insert into dirty_orgs (org_id, since) values ($1, $2)
            on conflict (org_id) do update set since = dirty_orgs.since",
            org.uuid(),
            now.time()
        )
        .execute(sql)
        .await?;
    }
    Ok(())
}

fn pool(url: &Secret, connections: u32) -> Result<PgPool, DbError> {
    let options = PgConnectOptions::from_str(url.expose())?
        .application_name("portcullis")
        // The rollback below warns when there is nothing to roll back, which is the rule.
        .options([("client_min_messages", "error")]);
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        // A `begin` whose future was dropped can leave a connection inside a transaction (sqlx up to 0.9.0); outside of
        // one it does nothing.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.execute("rollback").await?;
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this file is the only one that opens transactions"
)]
async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, DbError> {
    Ok(pool.begin().await?)
}

/// The second wall: row security sees this organisation alone until the transaction ends.
async fn enter(sql: &mut PgConnection, org: OrgId) -> Result<(), DbError> {
    sqlx::query!(
        "select set_config('app.org_id', $1, true)",
        org.uuid().to_string()
    )
    .fetch_one(sql)
    .await?;
    Ok(())
}
