//! Puts a small organisation in front of the demo's MCP server, all by REST, and writes down what to open.
//!
//! Run again, it finds what is there and makes only what is missing. Lives here: the order. Not here: the requests
//! (`rest.rs`), the account (`account.rs`), the objects (`objects.rs`), the files and the words (`written.rs`, `told.rs`).

mod account;
mod live;
mod objects;
mod rest;
mod told;
mod written;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use url::Url;

use written::{Demo, Dev, State};

/// Makes the demo organisation and writes dev.json.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the control plane answers.
    #[arg(long)]
    control_plane: Url,
    /// Where each replica answers; the first is the one that the printed addresses name.
    #[arg(long = "gateway")]
    gateways: Vec<Url>,
    /// The demo's MCP server; left out, no demo is made.
    #[arg(long)]
    upstream: Option<Url>,
    /// The folder that holds dev.json and the demo's account.
    #[arg(long)]
    state: PathBuf,
    /// Makes nothing: says again what dev.json holds.
    #[arg(long)]
    show: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match seeded().await {
        Ok(()) => ExitCode::SUCCESS,
        // One sentence with its causes; a backtrace would hide it.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn seeded() -> anyhow::Result<()> {
    // The one provider of the workspace; a second call would only mean that it is set already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments = Arguments::parse();
    let state = State::in_folder(&arguments.state);
    if arguments.show {
        told::tell(&state.dev()?.context("there is no dev.json yet")?);
        return Ok(());
    }
    let before = state.dev()?.and_then(|dev| dev.demo);
    let demo = match &arguments.upstream {
        Some(upstream) => Some(demo(&arguments, &state, before, upstream).await?),
        // An organisation made by an earlier run is still there, and so are its credentials.
        None => before,
    };
    let dev = Dev {
        control_plane: written::origin(&arguments.control_plane),
        gateways: arguments.gateways.iter().map(written::origin).collect(),
        demo,
    };
    state.write_dev(&dev)?;
    told::tell(&dev);
    Ok(())
}

async fn demo(
    arguments: &Arguments,
    state: &State,
    before: Option<Demo>,
    upstream: &Url,
) -> anyhow::Result<Demo> {
    let key = before.as_ref().map(|demo| demo.api_key.as_str());
    let api_key = account::key(&arguments.control_plane, state, key).await?;
    let api = rest::Api::with_key(&arguments.control_plane, &api_key)?;
    let proxy_url = objects::server(&api, upstream).await?;
    objects::policy(&api).await?;
    let token = before.as_ref().map(|demo| demo.grant_token.as_str());
    let grant_token = objects::grant(&api, state, token).await?;
    for gateway in &arguments.gateways {
        live::until_enforced(gateway, &proxy_url, &grant_token).await?;
    }
    Ok(Demo {
        org: objects::ORG.to_owned(),
        api_key,
        server: objects::SERVER.to_owned(),
        proxy_url,
        grant_token,
    })
}
