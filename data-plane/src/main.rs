//! `data-plane`: one replica of the gateway.

use clap::Parser;
use data_plane::config::Config;
use host::clock::{Clock, Random};
use host::env::Env;
use host::stop::Stop;

/// Gives back what large messages took: the platform's own kept five times as much after a hundred wide ones.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(
    version,
    about = "One replica of the Portcullis gateway: judges every call, and relays what may pass"
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Answer calls (the default)
    Serve,
    /// Ask the one that serves beside this, with the same environment, whether it is ready
    Ready,
}

fn main() -> anyhow::Result<()> {
    let env = Env::read("PORTCULLIS_");
    match Arguments::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve(&env),
        Command::Ready => Ok(host::ready::ask(Config::listen(&env)?)?),
    }
}

fn serve(env: &Env) -> anyhow::Result<()> {
    let config = Config::from_env(env)?;
    let _telemetry = host::telemetry::start(host::telemetry::Telemetry {
        service: "portcullis-data-plane",
        instance: config.replica.clone(),
        log: config.log.clone(),
        otlp: config
            .otlp
            .as_ref()
            .map(|endpoint| endpoint.expose().to_owned()),
    })?;
    host::tls::install_crypto();
    let descriptors = host::descriptors::raise();
    tracing::info!(descriptors.before, descriptors.now, "descriptors");
    // Two for each call: of its client and of its server.
    let needed = config.limits.serve.connections as u64 * 2;
    if descriptors.now < needed {
        tracing::warn!(
            descriptors.now,
            needed,
            "with all connections in use the process runs out of descriptors: raise its limit, or lower `PORTCULLIS_CONNECTIONS`"
        );
    }
    tracing::info!(?config, "starting");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        data_plane::run(
            config,
            Clock::system(),
            Random::system(),
            Stop::on_signals()?,
        )
        .await
    })
}
