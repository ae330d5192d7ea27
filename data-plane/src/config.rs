//! The data plane's configuration, read once, from the environment; and its keys, read once, from their folder.

mod limits;

pub use limits::Limits;

use crate::budget::Address;
use anyhow::{Context, ensure};
use host::env::Env;
use ipnet::IpNet;
use seal::{KeyRing, Pepper, Secret, VerifyingKey};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

const USUAL_REDIS_TIMEOUT_MS: u64 = 25;

#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    /// Our own origin, as clients type it.
    pub public_url: String,
    pub allowed_hosts: Vec<String>,
    pub allowed_origins: Vec<String>,
    pub control_plane_url: Url,
    pub state_dir: PathBuf,
    /// None: limits are counted in this process alone.
    pub redis: Option<Address>,
    /// How long a call waits for Redis before each limit does what its `on_outage` says.
    pub redis_timeout: Duration,
    pub replica: String,
    pub egress_allow: Vec<IpNet>,
    pub limits: Limits,
    pub keys: Keys,
    pub log: Option<String>,
    /// May hold a password.
    pub otlp: Option<Secret>,
}

#[derive(Debug)]
pub struct Keys {
    /// Of tokens' digests.
    pub pepper: Pepper,
    /// Of upstream credentials.
    pub credentials: KeyRing,
    /// Of session ids and request states.
    pub session: KeyRing,
    /// Of the snapshot on disk.
    pub snapshot: KeyRing,
    /// Of bundles: two are good while one replaces the other.
    pub bundle_verify: Vec<VerifyingKey>,
    /// Of the JWTs that this replica calls the control plane with.
    pub gateway_signing_pem: Secret,
}

impl Config {
    pub fn listen(env: &Env) -> anyhow::Result<SocketAddr> {
        let usual = SocketAddr::from(([127, 0, 0, 1], 8081));
        Ok(env.parse("LISTEN")?.unwrap_or(usual))
    }

    pub fn from_env(env: &Env) -> anyhow::Result<Self> {
        let listen = Self::listen(env)?;
        let keys_dir = PathBuf::from(env.required("KEYS_DIR")?);
        let config = Self {
            listen,
            metrics_listen: env.parse("METRICS_LISTEN")?,
            public_url: env
                .text("PUBLIC_URL")
                .unwrap_or_else(|| format!("http://{listen}")),
            allowed_hosts: env.list("ALLOWED_HOSTS"),
            allowed_origins: env.list("ALLOWED_ORIGINS"),
            control_plane_url: env
                .parse("CONTROL_PLANE_URL")?
                .context("`PORTCULLIS_CONTROL_PLANE_URL` is not set")?,
            state_dir: PathBuf::from(env.required("STATE_DIR")?),
            redis: Address::from_env(env)?,
            redis_timeout: Duration::from_millis(
                env.parse("REDIS_TIMEOUT_MS")?
                    .unwrap_or(USUAL_REDIS_TIMEOUT_MS),
            ),
            replica: env.text("REPLICA").unwrap_or_else(|| listen.to_string()),
            egress_allow: env.parse_list("EGRESS_ALLOW")?,
            limits: Limits::from_env(env)?,
            keys: Keys::read(&keys_dir)
                .with_context(|| format!("keys in `{}`", keys_dir.display()))?,
            log: env.text("LOG"),
            otlp: env.secret("OTLP_ENDPOINT"),
        };
        env.finish()?;
        ensure!(
            (1..=100).contains(&config.replica.len()) && !config.replica.contains(char::is_control),
            "`PORTCULLIS_REPLICA` is a name of 1 to 100 characters"
        );
        // It is printed at start.
        ensure!(
            config.control_plane_url.username().is_empty()
                && config.control_plane_url.password().is_none(),
            "`PORTCULLIS_CONTROL_PLANE_URL` holds no credential: replicas sign their requests"
        );
        ensure!(
            (1..=10_000).contains(&config.redis_timeout.as_millis()),
            "`PORTCULLIS_REDIS_TIMEOUT_MS` is 1 to 10000"
        );
        Ok(config)
    }
}

impl Keys {
    fn read(dir: &Path) -> anyhow::Result<Self> {
        let text = |name: &str| {
            std::fs::read_to_string(dir.join(name)).with_context(|| format!("`{name}`"))
        };
        let ring = |name: &str| KeyRing::parse(&text(name)?).with_context(|| format!("`{name}`"));
        let verify = text("bundle-verify.pem")?;
        let keys = verify
            .split_inclusive("-----END PUBLIC KEY-----")
            .filter(|pem| pem.contains("BEGIN"));
        Ok(Self {
            pepper: Pepper::from_hex(&text("pepper.key")?)
                .context("`pepper.key`: expected 64 hexadecimal digits")?,
            credentials: ring("credentials.key")?,
            session: ring("session.key")?,
            snapshot: ring("snapshot.key")?,
            bundle_verify: keys
                .map(VerifyingKey::from_pem)
                .collect::<Result<_, _>>()
                .context("`bundle-verify.pem`")?,
            gateway_signing_pem: Secret::new(text("gateway-signing.pem")?),
        })
    }
}

#[cfg(test)]
mod tests;
