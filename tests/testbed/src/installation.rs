//! Both planes as processes, on a database of their own.

use crate::database::Database;
use crate::process::{Process, free_port};
use crate::rest::Org;
use crate::wait::{Folder, until};
use std::path::PathBuf;
use std::process::Command;

#[derive(Debug)]
pub struct Installation {
    pub database: Database,
    pub control_plane: Process,
    folder: Folder,
    port: u16,
    gateway_port: u16,
    variables: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Replica {
    pub process: Process,
    pub name: String,
    port: u16,
    command: Command,
    log: PathBuf,
}

impl Installation {
    /// A control plane on a fresh database, and keys for both planes.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With further variables for the control plane.
    pub async fn start_with(variables: &[(&str, &str)]) -> Self {
        Self::start_on(Database::new().await, variables).await
    }

    /// On this database.
    pub async fn start_on(database: Database, variables: &[(&str, &str)]) -> Self {
        host::tls::install_crypto();
        let folder = Folder::new();
        let made = Process::binary("control-plane")
            .arg("keys")
            .arg(folder.path().join("keys"))
            .status()
            .unwrap();
        assert!(made.success(), "control-plane keys");
        let (port, gateway_port) = (free_port(), free_port());
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables: Vec<(String, String)> = variables.iter().map(owned).collect();
        let control_plane = start_control_plane(&database, &folder, port, gateway_port, &variables);
        let installation = Self {
            database,
            control_plane,
            folder,
            port,
            gateway_port,
            variables,
        };
        installation.is_up().await;
        installation
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub async fn org(&self, slug: &str) -> Org {
        Org::sign_up(&self.url(), slug).await
    }

    /// Another control plane on the same database, with the same keys; and its address.
    pub async fn another_control_plane(&self) -> (Process, String) {
        let port = free_port();
        let process = start_control_plane(
            &self.database,
            &self.folder,
            port,
            self.gateway_port,
            &self.variables,
        );
        let url = format!("http://127.0.0.1:{port}");
        is_ready(&url).await;
        (process, url)
    }

    /// Ends the control plane at once.
    pub fn stop_control_plane(&mut self) {
        self.control_plane.kill();
    }

    pub async fn resume_control_plane(&mut self) {
        self.control_plane = start_control_plane(
            &self.database,
            &self.folder,
            self.port,
            self.gateway_port,
            &self.variables,
        );
        self.is_up().await;
    }

    /// A replica that is ready; with Redis where it has an address.
    pub async fn replica(&self, name: &str, redis: Option<&str>) -> Replica {
        let (replica, url) = self.replica_not_ready(name, redis, &[]);
        is_ready(&url).await;
        replica
    }

    /// A replica that was just started, with further variables, and its address.
    pub fn replica_not_ready(
        &self,
        name: &str,
        redis: Option<&str>,
        variables: &[(&str, &str)],
    ) -> (Replica, String) {
        self.replica_of(Process::binary("data-plane"), name, redis, variables)
    }

    /// The same, of a program that becomes the replica.
    pub fn replica_of(
        &self,
        mut command: Command,
        name: &str,
        redis: Option<&str>,
        variables: &[(&str, &str)],
    ) -> (Replica, String) {
        let (port, log) = (free_port(), self.folder.path().join(format!("{name}.log")));
        command
            .env("PORTCULLIS_LISTEN", format!("127.0.0.1:{port}"))
            .env("PORTCULLIS_CONTROL_PLANE_URL", self.url())
            .env(
                "PORTCULLIS_KEYS_DIR",
                self.folder.path().join("keys/data-plane"),
            )
            .env("PORTCULLIS_STATE_DIR", self.state_of(name))
            .env("PORTCULLIS_REPLICA", name)
            .env("PORTCULLIS_EGRESS_ALLOW", "127.0.0.0/8")
            .env("PORTCULLIS_LOG", "info");
        if let Some(redis) = redis {
            // A test machine stalls for longer than a production one; what is tested is the count, not the speed.
            command
                .env("PORTCULLIS_REDIS_URL", redis)
                .env("PORTCULLIS_REDIS_TIMEOUT_MS", "2000");
        }
        command.envs(variables.iter().copied());
        let process = Process::start(&mut command, &log);
        let replica = Replica {
            process,
            name: name.to_owned(),
            port,
            command,
            log,
        };
        let url = replica.url();
        (replica, url)
    }

    /// Where a replica of this name keeps its snapshot and its spool.
    pub fn state_of(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("state-{name}"))
    }

    /// The folder with every log, key and state of this installation.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    async fn is_up(&self) {
        is_ready(&self.url()).await;
    }
}

fn start_control_plane(
    database: &Database,
    folder: &Folder,
    port: u16,
    gateway_port: u16,
    variables: &[(String, String)],
) -> Process {
    let mut command = Process::binary("control-plane");
    command
        .env("PORTCULLIS_DATABASE_URL", database.app.expose())
        .env("PORTCULLIS_DATABASE_SYSTEM_URL", database.system.expose())
        .env("PORTCULLIS_LISTEN", format!("127.0.0.1:{port}"))
        .env(
            "PORTCULLIS_GATEWAY_URL",
            format!("http://127.0.0.1:{gateway_port}"),
        )
        .env(
            "PORTCULLIS_KEYS_DIR",
            folder.path().join("keys/control-plane"),
        )
        .env("PORTCULLIS_LOCAL", "true")
        .env("PORTCULLIS_EGRESS_ALLOW", "127.0.0.0/8")
        .env("PORTCULLIS_LOG", "info")
        .envs(variables.iter().map(|(name, value)| (name, value)));
    Process::start(&mut command, &folder.path().join("control-plane.log"))
}

async fn is_ready(url: &str) {
    let client = reqwest::Client::new();
    until(&format!("{url}/readyz"), || async {
        client
            .get(format!("{url}/readyz"))
            .send()
            .await
            .ok()
            .filter(|response| response.status().is_success())
    })
    .await;
}

impl Replica {
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn address(&self) -> std::net::SocketAddr {
        std::net::SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Where an MCP client is pointed at.
    pub fn mcp(&self, org: &Org, server: &str) -> String {
        format!("{}/{}/{server}/mcp", self.url(), org.slug)
    }

    /// Starts the same replica again, on its own state, after its process has ended.
    pub async fn resume(&mut self) {
        self.start_again();
        is_ready(&self.url()).await;
    }

    /// The same, and does not wait for it.
    pub fn start_again(&mut self) {
        self.process = Process::start(&mut self.command, &self.log);
    }
}
