//! The running process: the listener, the publisher, the metrics; and the migrations before it.

use crate::account;
use crate::app::App;
use crate::approval;
use crate::call;
use crate::config::Config;
use crate::http;
use crate::mail;
use crate::publish::{self, Newest};
use crate::server::discover;
use anyhow::Context;
use host::stop::Stop;
use hyper_util::service::TowerToHyperService;
use seal::Secret;
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;

pub async fn run(app: App, config: &Config, stop: Stop) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    if let Some(listen) = config.metrics_listen {
        let metrics = host::metrics::Metrics::new("control-plane");
        metrics.register(|registry| {
            app.meter().register(registry);
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
    let mails = tokio::spawn(mail::outbox::run(app.clone(), stop.clone()));
    let wishes = tokio::spawn(account::wishes::run(app.clone(), stop.clone()));
    let approvals = tokio::spawn(approval::expire::run(app.clone(), stop.clone()));
    let notices = tokio::spawn(approval::notice::run(app.clone(), stop.clone()));
    let schedule = tokio::spawn(discover::run(app.clone(), stop.clone()));
    let days = tokio::spawn(call::days::keep_ahead(app.clone(), stop.clone()));
    tracing::info!(listen = %config.listen, "ready");
    let service = TowerToHyperService::new(http::router(app, newest));
    host::serve::serve(listener, host::serve::Limits::default(), stop, service).await;
    publisher.await?;
    approvals.await?;
    notices.await?;
    days.await?;
    schedule.await?;
    wishes.await?;
    mails.await?;
    Ok(())
}

/// Brings the database to this version. Runs as its owner, which the serving process never is.
pub async fn migrate(owner: &Secret) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(owner.expose()).await?;
    sqlx::migrate!("../migrations").run(&mut connection).await?;
    Ok(())
}
