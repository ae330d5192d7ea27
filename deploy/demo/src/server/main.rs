//! The demo's MCP server: a small support desk in memory, over streamable HTTP, both eras, with no sessions.
//!
//! Lives here: where it listens. Not here: the desk itself (`desk.rs`) and how an agent sees it (`tools.rs`).

mod desk;
mod tools;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use clap::Parser;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use desk::Desk;
use tools::SupportDesk;

/// An MCP server with a support desk in memory, to try a gateway on.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; the server has no passwords, so keep it on loopback.
    #[arg(long, default_value = "127.0.0.1:8100")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        // One sentence with its causes; a backtrace would hide it.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    let Arguments { listen } = Arguments::parse();
    anyhow::ensure!(
        listen.ip().is_loopback(),
        "`{listen}` is not a loopback address, and this server asks nobody for a password"
    );
    let desk = Arc::new(Mutex::new(Desk::opened()));
    // Sessions would only be lost at a restart; the desk is the same for everyone.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let mcp = StreamableHttpService::new(
        move || Ok(SupportDesk::new(Arc::clone(&desk))),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on `{listen}`"))?;
    println!(
        "the support desk listens on http://{}/mcp",
        listener.local_addr()?
    );
    axum::serve(listener, axum::Router::new().nest_service("/mcp", mcp))
        .with_graceful_shutdown(ended())
        .await?;
    Ok(())
}

/// Comes back at Ctrl-C or SIGTERM; where neither can be heard, at once: a server that nobody can stop should not start.
async fn ended() {
    let Ok(mut terminated) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}
