//! `control-plane serve | ready | migrate | openapi | keys DIR`.

use anyhow::Context;
use clap::{Parser, Subcommand};
use control_plane::app::App;
use control_plane::config::Config;
use control_plane::{http, keys};
use host::clock::{Clock, Random};
use host::env::Env;
use host::stop::Stop;
use std::path::PathBuf;

#[derive(Parser)]
#[command(
    version,
    about = "The control plane of Portcullis: where people say what agents may do"
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (the default)
    Serve,
    /// Ask the one that serves beside this, with the same environment, whether it is ready
    Ready,
    /// Bring the database of `PORTCULLIS_DATABASE_OWNER_URL` to this version
    Migrate,
    /// Print the `OpenAPI` document
    Openapi,
    /// Make a fresh set of keys for both planes below DIR
    Keys { dir: PathBuf },
    /// The catalogue of public servers, in the database of `PORTCULLIS_DATABASE_OWNER_URL`
    #[command(subcommand)]
    Catalog(Catalog),
}

#[derive(Subcommand)]
enum Catalog {
    /// Bring in a catalogue of `portcullis catalog build`, listings of one server a line, or a `server.json`
    Import { file: PathBuf },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve(),
        Command::Ready => Ok(host::ready::ask(Config::listen(&Env::read(
            "PORTCULLIS_",
        ))?)?),
        Command::Migrate => migrate(),
        Command::Openapi => {
            println!("{}", http::api::document().to_pretty_json()?);
            Ok(())
        }
        Command::Keys { dir } => keys::make(&dir, &Random::system()),
        Command::Catalog(Catalog::Import { file }) => import(&file),
    }
}

fn serve() -> anyhow::Result<()> {
    let config = Config::from_env(&Env::read("PORTCULLIS_"))?;
    let _telemetry = host::telemetry::start(host::telemetry::Telemetry {
        service: "portcullis-control-plane",
        instance: config.listen.to_string(),
        log: config.log.clone(),
        otlp: config
            .otlp
            .as_ref()
            .map(|endpoint| endpoint.expose().to_owned()),
    })?;
    host::tls::install_crypto();
    tracing::info!(?config, "starting");
    runtime()?.block_on(async {
        let app = App::start(&config, Clock::system(), Random::system()).await?;
        control_plane::run(app, &config, Stop::on_signals()?).await
    })
}

fn migrate() -> anyhow::Result<()> {
    let env = Env::read("PORTCULLIS_");
    let url = env.required_secret("DATABASE_OWNER_URL")?;
    host::tls::install_crypto();
    runtime()?.block_on(async {
        let now = Clock::system().now();
        control_plane::migrate(&url, now).await.context("migration")
    })
}

fn import(file: &std::path::Path) -> anyhow::Result<()> {
    let env = Env::read("PORTCULLIS_");
    let url = env.required_secret("DATABASE_OWNER_URL")?;
    host::tls::install_crypto();
    let now = Clock::system().now();
    let report = runtime()?.block_on(async { control_plane::import(&url, file, now).await })?;
    println!(
        "{} servers, {} of them new, {} changes",
        report.servers, report.new_servers, report.changes
    );
    Ok(())
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
