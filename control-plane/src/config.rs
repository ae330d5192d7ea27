//! The control plane's configuration, read once, from the environment.

use crate::keys::{self, Keys};
use crate::mail::smtp::Smtp;
use crate::oidc::Provider;
use address::Address;
use anyhow::Context;
use host::env::Env;
use seal::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Thirty days.
const LONGEST_REDISCOVERY: u64 = 43_200;
/// A hundred years.
const LONGEST_KEPT: u16 = 36_500;

#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    pub database_url: Secret,
    pub database_system_url: Secret,
    pub keys: Keys,
    pub site: Site,
    /// Where what is taken back is told besides the feed; none: in the feed alone.
    pub redis: Option<Address>,
    pub smtp: Option<Smtp>,
    /// Whom people may sign in with besides.
    pub providers: Vec<Provider>,
    pub log: Option<String>,
    /// May hold a password.
    pub otlp: Option<Secret>,
}

/// How this instance is reached, and what it may reach.
#[derive(Debug, Clone)]
pub struct Site {
    pub public_url: Url,
    /// What the proxy URLs of servers begin with.
    pub gateway_url: Url,
    /// A local instance: plain http, cookies without `Secure`.
    pub is_local: bool,
    pub egress_allow: Vec<ipnet::IpNet>,
    /// How often the tools of a server are read again without anyone asking; none: never.
    pub rediscover_every: Option<Duration>,
    /// How many days of calls are kept; none: all.
    pub keep_calls_days: Option<u16>,
    /// Proxies in front of this instance, which say in `X-Forwarded-For` whom they speak for.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}

impl Config {
    pub fn listen(env: &Env) -> anyhow::Result<SocketAddr> {
        let usual = SocketAddr::from(([127, 0, 0, 1], 8080));
        Ok(env.parse("LISTEN")?.unwrap_or(usual))
    }

    pub fn from_env(env: &Env) -> anyhow::Result<Self> {
        let listen = Self::listen(env)?;
        let own = format!("http://{listen}");
        let is_local = env.parse("LOCAL")?.unwrap_or(false);
        let keys_dir = PathBuf::from(env.required("KEYS_DIR")?);
        let config = Self {
            listen,
            metrics_listen: env.parse("METRICS_LISTEN")?,
            database_url: env.required_secret("DATABASE_URL")?,
            database_system_url: env.required_secret("DATABASE_SYSTEM_URL")?,
            keys: keys::read(&keys_dir)
                .with_context(|| format!("keys in `{}`", keys_dir.display()))?,
            site: Site {
                public_url: Url::parse(&env.text("PUBLIC_URL").unwrap_or(own))
                    .context("PORTCULLIS_PUBLIC_URL")?,
                gateway_url: Url::parse(
                    &env.text("GATEWAY_URL")
                        .unwrap_or("http://127.0.0.1:8081".into()),
                )
                .context("PORTCULLIS_GATEWAY_URL")?,
                is_local,
                egress_allow: env.parse_list("EGRESS_ALLOW")?,
                rediscover_every: rediscover(env)?,
                keep_calls_days: keep_calls_days(env)?,
                trusted_proxies: env.parse_list("TRUSTED_PROXIES")?,
            },
            redis: Address::from_env(env)?,
            smtp: smtp(env, is_local)?,
            providers: Provider::from_env(env, is_local)?,
            log: env.text("LOG"),
            otlp: env.secret("OTLP_ENDPOINT"),
        };
        // Read by `migrate` alone, yet no error here: one environment file serves both commands.
        let _ = env.secret("DATABASE_OWNER_URL");
        env.finish()?;
        Ok(config)
    }
}

/// In minutes; 0 is never.
fn rediscover(env: &Env) -> anyhow::Result<Option<Duration>> {
    let minutes = env.parse::<u64>("REDISCOVER_MINUTES")?.unwrap_or(60);
    anyhow::ensure!(
        minutes <= LONGEST_REDISCOVERY,
        "`PORTCULLIS_REDISCOVER_MINUTES` is 0 (never) to {LONGEST_REDISCOVERY}, got `{minutes}`"
    );
    Ok((minutes > 0).then(|| Duration::from_mins(minutes)))
}

/// 0 is all.
fn keep_calls_days(env: &Env) -> anyhow::Result<Option<u16>> {
    let days = env.parse::<u16>("KEEP_CALLS_DAYS")?.unwrap_or(0);
    anyhow::ensure!(
        days <= LONGEST_KEPT,
        "`PORTCULLIS_KEEP_CALLS_DAYS` is 0 (all) to {LONGEST_KEPT}, got `{days}`"
    );
    Ok((days > 0).then_some(days))
}

/// Both variables or neither: mail without a sender is refused by most servers.
fn smtp(env: &Env, is_local: bool) -> anyhow::Result<Option<Smtp>> {
    let (url, from) = (env.secret("SMTP_URL"), env.text("MAIL_FROM"));
    match (url, from) {
        (None, None) => Ok(None),
        (Some(url), Some(from)) => Smtp::new(&url, &from, is_local)
            .map(Some)
            .context("PORTCULLIS_SMTP_URL and PORTCULLIS_MAIL_FROM"),
        _ => anyhow::bail!("PORTCULLIS_SMTP_URL and PORTCULLIS_MAIL_FROM go together"),
    }
}
