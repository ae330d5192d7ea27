//! A Redis of the test's own, that may be stopped, emptied and started again.

use crate::process::{Process, free_port};
use crate::wait::{Folder, until};
use std::process::Command;
use tokio::net::TcpStream;

#[derive(Debug)]
pub struct Redis {
    port: u16,
    folder: Folder,
    process: Option<Process>,
    password: Option<String>,
}

impl Redis {
    pub async fn start() -> Self {
        Self::of(None).await
    }

    /// One that asks for a password, which stands in its address.
    pub async fn with_password(password: &str) -> Self {
        Self::of(Some(password.to_owned())).await
    }

    async fn of(password: Option<String>) -> Self {
        let mut redis = Self {
            password,
            port: free_port(),
            folder: Folder::new(),
            process: None,
        };
        redis.resume().await;
        redis
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        let user = self
            .password
            .as_ref()
            .map(|password| format!(":{password}@"));
        format!(
            "redis://{}127.0.0.1:{}",
            user.unwrap_or_default(),
            self.port
        )
    }

    /// Ends it; what it held is gone.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same port, empty.
    pub async fn resume(&mut self) {
        let mut command = Command::new("redis-server");
        let port = self.port.to_string();
        command
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port,
                "--save",
                "",
                "--dir",
            ])
            .arg(self.folder.path());
        if let Some(password) = &self.password {
            command.args(["--requirepass", password]);
        }
        self.process = Some(Process::start(
            &mut command,
            &self.folder.path().join("log"),
        ));
        let port = self.port;
        until("redis", || async move {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
    }
}
