//! The files of the state folder that tell people and programs about the demo, all of them readable by their owner only.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rand::RngExt;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};
use url::Url;

/// dev.json.
#[derive(Debug, Serialize, Deserialize)]
pub struct Dev {
    pub control_plane: String,
    pub gateways: Vec<String>,
    pub demo: Option<Demo>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Demo {
    pub org: String,
    pub api_key: String,
    pub server: String,
    pub proxy_url: String,
    pub grant_token: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Account {
    pub email: String,
    pub password: String,
}

#[derive(Debug)]
pub struct State {
    folder: PathBuf,
}

impl State {
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    pub fn dev(&self) -> anyhow::Result<Option<Dev>> {
        self.read("dev.json")?
            .map(|text| {
                serde_json::from_str(&text).context("dev.json is not what this program wrote")
            })
            .transpose()
    }

    /// dev.json for programs, demo.env for a shell.
    pub fn write_dev(&self, dev: &Dev) -> anyhow::Result<()> {
        self.write(
            "dev.json",
            &format!("{}\n", serde_json::to_string_pretty(dev)?),
        )?;
        self.write("demo.env", &for_shells(dev))
    }

    /// The demo's account, made up the first time.
    pub fn account(&self) -> anyhow::Result<Account> {
        if let Some(text) = self.read("demo-account.json")? {
            return serde_json::from_str(&text)
                .context("demo-account.json is not what this program wrote");
        }
        let password = rand::rng()
            .sample_iter(Alphanumeric)
            .take(32)
            .map(char::from)
            .collect();
        let account = Account {
            email: "demo@example.com".to_owned(),
            password,
        };
        self.write(
            "demo-account.json",
            &serde_json::to_string_pretty(&account)?,
        )?;
        Ok(account)
    }

    /// The id of the demo agent's grant.
    pub fn grant(&self) -> anyhow::Result<Option<String>> {
        self.read("demo-grant")
    }

    pub fn keep_grant(&self, id: &str) -> anyhow::Result<()> {
        self.write("demo-grant", id)
    }

    fn read(&self, name: &str) -> anyhow::Result<Option<String>> {
        match fs::read_to_string(self.folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(None),
            Err(other) => Err(other).with_context(|| format!("cannot read {name}")),
        }
    }

    /// Whole or not at all, and secret from its first byte.
    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let new = self.folder.join(format!("{name}.new"));
        let _ = fs::remove_file(&new);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.folder.join(name)).with_context(|| format!("cannot write {name}"))
    }
}

fn for_shells(dev: &Dev) -> String {
    let mut lines = vec![format!("CONTROL_PLANE={}", dev.control_plane)];
    for (number, gateway) in dev.gateways.iter().enumerate() {
        lines.push(format!("GATEWAY_{}={}", number + 1, gateway));
    }
    if let Some(demo) = &dev.demo {
        lines.push(format!("ORG={}", demo.org));
        lines.push(format!("API_KEY={}", demo.api_key));
        lines.push(format!("PROXY_URL={}", demo.proxy_url));
        lines.push(format!("GRANT_TOKEN={}", demo.grant_token));
    }
    // The `portcullis` command lies beside this program.
    if let Some(programs) = std::env::current_exe()
        .ok()
        .as_deref()
        .and_then(Path::parent)
    {
        lines.push(format!("PATH='{}':$PATH", programs.display()));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Without the slash that a `Url` ends with, so that a path can follow.
pub fn origin(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
