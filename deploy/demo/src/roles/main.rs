//! Makes the database roles that the control plane signs in with, and prints the three addresses: owner, app, system.
//!
//! Roles belong to the cluster and not to a database, so migrations only grant; somebody has to make the roles once.
//! In a cluster of our own (`--private`) the owner and the database are made as well. In somebody else's nothing is done
//! as a superuser, and no role is taken over.

mod password;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Parser;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use url::Url;

use password::Passwords;

const OWNER: &str = "portcullis_owner";
const APP: &str = "portcullis_app";
const SYSTEM: &str = "portcullis_system";
const DATABASE: &str = "portcullis";

/// Makes the roles of Portcullis in the database that `DATABASE_URL` names.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the roles' passwords are kept; made when it is missing.
    #[arg(long)]
    passwords: PathBuf,
    /// The cluster is our own: `DATABASE_URL` is its superuser.
    #[arg(long)]
    private: bool,
    #[arg(env = "DATABASE_URL", hide_env_values = true)]
    database_url: Url,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match made().await {
        Ok(()) => ExitCode::SUCCESS,
        // One sentence with its causes; a backtrace would hide it.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn made() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut passwords = Passwords::kept_in(&arguments.passwords)?;
    let mut connection = PgConnectOptions::from_url(&arguments.database_url)?
        .application_name("portcullis database-roles")
        .connect()
        .await
        .context("cannot sign in to the database that DATABASE_URL names")?;
    let me = Me::asked(&mut connection).await?;
    ensure!(
        me.server >= 150_000,
        "this Postgres is older than version 15, which is the oldest that works"
    );
    let owner = if arguments.private {
        ensure!(
            me.superuser,
            "`{}` is no superuser, so this cluster is not one of ours",
            me.name
        );
        make_role(
            &mut connection,
            OWNER,
            "login createrole",
            &passwords.of(OWNER)?,
        )
        .await?;
        make_database(&mut connection).await?;
        signed_in_as(
            &arguments.database_url,
            OWNER,
            &passwords.of(OWNER)?,
            Some(DATABASE),
        )?
    } else {
        refuse_superusers(&me)?;
        arguments.database_url.clone()
    };
    for role in [APP, SYSTEM] {
        let there = exists(&mut connection, role).await?;
        if there && !arguments.private {
            ensure!(
                passwords.knows(role),
                "the role `{role}` is in this cluster already and its password is not known here: \
                 give {} of the checkout that made it, or drop the role",
                arguments.passwords.display()
            );
            continue;
        }
        ensure!(
            there || me.makes_roles,
            "`{}` may not create roles; as a superuser run: alter role \"{}\" createrole",
            me.name,
            me.name
        );
        make_role(&mut connection, role, "login", &passwords.of(role)?).await?;
    }
    println!("{owner}");
    for role in [APP, SYSTEM] {
        println!(
            "{}",
            signed_in_as(&owner, role, &passwords.of(role)?, None)?
        );
    }
    connection.close().await?;
    Ok(())
}

/// Who `DATABASE_URL` signs in as.
struct Me {
    name: String,
    superuser: bool,
    makes_roles: bool,
    server: i32,
}

impl Me {
    async fn asked(connection: &mut PgConnection) -> anyhow::Result<Self> {
        let (name, superuser, makes_roles, server) = sqlx::query_as(
            "select rolname::text, rolsuper, rolcreaterole, current_setting('server_version_num')::int
             from pg_roles
             where rolname = current_user",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self {
            name,
            superuser,
            makes_roles,
            server,
        })
    }
}

fn refuse_superusers(me: &Me) -> anyhow::Result<()> {
    if me.superuser {
        bail!(
            "DATABASE_URL signs in as the superuser `{}`, and Portcullis never works as the superuser of a database that is \
             not its own; make a role for it (create role portcullis_owner login createrole password '…'; \
             create database portcullis owner portcullis_owner) and name that one",
            me.name
        );
    }
    Ok(())
}

async fn exists(connection: &mut PgConnection, role: &str) -> anyhow::Result<bool> {
    let found: Option<i32> = sqlx::query_scalar("select 1 from pg_roles where rolname = $1")
        .bind(role)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// Makes the role, or gives it the password again: a cluster of ours may be older than the file with the passwords.
async fn make_role(
    connection: &mut PgConnection,
    role: &str,
    may: &str,
    password: &str,
) -> anyhow::Result<()> {
    let verb = if exists(connection, role).await? {
        "alter"
    } else {
        "create"
    };
    // Roles and passwords cannot be parameters; both are ours, letters, digits and underscores only.
    let statement = format!(
        "{verb} role {role} nosuperuser nobypassrls nocreatedb {may} password '{password}'"
    );
    sqlx::query(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .with_context(|| format!("cannot make the role `{role}`"))?;
    Ok(())
}

async fn make_database(connection: &mut PgConnection) -> anyhow::Result<()> {
    let there: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
        .bind(DATABASE)
        .fetch_optional(&mut *connection)
        .await?;
    if there.is_none() {
        let statement = format!("create database {DATABASE} owner {OWNER}");
        sqlx::query(AssertSqlSafe(statement))
            .execute(connection)
            .await?;
    }
    Ok(())
}

fn signed_in_as(
    url: &Url,
    role: &str,
    password: &str,
    database: Option<&str>,
) -> anyhow::Result<Url> {
    let mut other = url.clone();
    let named = other.set_username(role).is_ok() && other.set_password(Some(password)).is_ok();
    ensure!(named, "DATABASE_URL names no host");
    if let Some(database) = database {
        other.set_path(database);
    }
    Ok(other)
}
