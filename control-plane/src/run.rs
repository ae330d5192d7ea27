//! The running process: the listener, the publisher, the metrics; and the migrations before it.

use crate::account;
use crate::app::App;
use crate::approval;
use crate::call;
use crate::catalog;
use crate::config::Config;
use crate::http;
use crate::mail;
use crate::org;
use crate::publish::{self, Newest};
use crate::server::discover;
use crate::webhook;
use anyhow::Context;
use host::stop::Stop;
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::gauge::Gauge;
use seal::Secret;
use sqlx::{Connection, PgConnection};
use std::path::Path;
use time::OffsetDateTime;
use tokio::net::TcpListener;

pub async fn run(app: App, config: &Config, stop: Stop) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let missing = Gauge::default();
    if let Some(listen) = config.metrics_listen {
        let metrics = host::metrics::Metrics::new("control-plane");
        metrics.register(|registry| {
            app.meter().register(registry);
            let help = "Records of calls that replicas have numbered and that never came, as long as that is news";
            registry.register("records_missing", help, missing.clone());
            let help = "Passwords tried, against an account or for show";
            registry.register(
                "passwords_verified",
                help,
                app.passwords().verified().clone(),
            );
        });
        tokio::spawn(host::metrics::serve(listen, metrics, stop.clone()));
    }
    let newest = Newest::default();
    let publisher = tokio::spawn(publish::run(app.clone(), newest.clone(), stop.clone()));
    let revocations = tokio::spawn(publish::revocation::run(app.clone(), stop.clone()));
    let mails = tokio::spawn(mail::outbox::run(app.clone(), stop.clone()));
    let wishes = tokio::spawn(account::wishes::run(app.clone(), stop.clone()));
    let approvals = tokio::spawn(approval::expire::run(app.clone(), stop.clone()));
    let notices = tokio::spawn(approval::notice::run(app.clone(), stop.clone()));
    let webhooks = tokio::spawn(webhook::outbox::run(app.clone(), stop.clone()));
    let schedule = tokio::spawn(discover::run(app.clone(), stop.clone()));
    let days = tokio::spawn(call::days::keep_ahead(app.clone(), stop.clone()));
    let checkpoints = tokio::spawn(call::chain::checkpoint::run(app.clone(), stop.clone()));
    let keep = tokio::spawn(call::chain::keep::run(app.clone(), stop.clone()));
    let gone = tokio::spawn(org::gone::run(app.clone(), stop.clone()));
    let captured = tokio::spawn(call::capture::keep::run(app.clone(), stop.clone()));
    let gaps = tokio::spawn(call::gap::run(app.clone(), missing, stop.clone()));
    tracing::info!(listen = %config.listen, "ready");
    let service = TowerToHyperService::new(http::router(app, newest));
    host::serve::serve(listener, host::serve::Limits::default(), stop, service).await;
    publisher.await?;
    revocations.await?;
    approvals.await?;
    notices.await?;
    webhooks.await?;
    days.await?;
    checkpoints.await?;
    keep.await?;
    gone.await?;
    gaps.await?;
    captured.await?;
    schedule.await?;
    wishes.await?;
    mails.await?;
    Ok(())
}

/// Brings the database to this version, and the catalogue to the one that comes with it. Runs as its owner, which the serving
/// process never is.
pub async fn migrate(owner: &Secret, now: OffsetDateTime) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(owner.expose()).await?;
    may_search(&mut connection).await?;
    sqlx::migrate!("../migrations").run(&mut connection).await?;
    catalog::import::ship(&mut connection, now).await?;
    Ok(())
}

/// Brings the servers of a file into the catalogue.
pub async fn import(
    owner: &Secret,
    file: &Path,
    now: OffsetDateTime,
) -> anyhow::Result<catalog::import::Report> {
    let name = file.display();
    let length = std::fs::metadata(file)
        .with_context(|| format!("cannot open `{name}`"))?
        .len();
    anyhow::ensure!(
        length <= LARGEST_IMPORT,
        "`{name}` is larger than {LARGEST_IMPORT} bytes; import it in parts"
    );
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{name}`"))?;
    let servers = catalog::file::read(&text).with_context(|| format!("`{name}`"))?;
    let mut connection = PgConnection::connect(owner.expose()).await?;
    Ok(catalog::import::import(&mut connection, servers, now).await?)
}

const LARGEST_IMPORT: u64 = 256 << 20;

/// Whether the extension that the search stands on is there or can be made: said before a migration stops half way.
async fn may_search(connection: &mut PgConnection) -> anyhow::Result<()> {
    let may: bool = sqlx::query_scalar(
        "select exists (select from pg_extension where extname = 'pg_trgm')
            or exists (select from pg_available_extensions where name = 'pg_trgm')
                and has_database_privilege(current_database(), 'create')",
    )
    .fetch_one(connection)
    .await?;
    anyhow::ensure!(
        may,
        "the catalogue's search needs the extension `pg_trgm`, which comes with Postgres: install its contrib package, and as \
        a superuser run `create extension pg_trgm` in this database, or `grant create on database` to its owner"
    );
    Ok(())
}
