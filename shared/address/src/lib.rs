//! Where Redis is: one server, the nodes of a cluster, or the sentinels that know the primary. Reads what an
//! operator wrote and says what is wrong with it, without repeating it: it may hold a password. What is asked there, and
//! what is done when nobody answers, is each plane's own.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod sentinel;

pub use sentinel::{must_be_primary, primary};

use anyhow::Context;
use host::env::Env;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError,
    TlsCertificates,
};
use seal::Secret;
use std::time::Duration;

/// How long connecting takes, and an answer that no call waits for.
pub const PATIENT: Duration = Duration::from_secs(1);
/// Commands on a connection at once; more wait, and then time out.
const AT_ONCE: usize = 4096;

/// How every connection is made.
pub fn manner() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENT))
        .set_response_timeout(Some(PATIENT))
        .set_concurrency_limit(AT_ONCE)
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    #[error(
        "the address of Redis cannot be read: expected `redis://host:port` or `rediss://host:port`, \
         several with commas between for a cluster, or `redis+sentinel://host:port/NAME`"
    )]
    BadUrl,
    #[error(
        "the addresses of Redis are not of one kind: scheme, user and password must be the same in all of them"
    )]
    Mixed,
    #[error(
        "a sentinel's address ends with the name of its primary, the same in all of them: `redis+sentinel://host:port/NAME`"
    )]
    NoName,
    #[error(
        "an authority for Redis is named, and not every address begins with `rediss`: no TLS would ask for it"
    )]
    NoTls,
    #[error("the authority for Redis cannot be read: expected certificates in PEM")]
    BadAuthority,
}

#[derive(Clone)]
pub struct Address(pub Place);

/// It may hold a password.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

#[expect(missing_debug_implementations, reason = "it may hold a password")]
#[derive(Clone)]
pub enum Place {
    One(Client),
    /// Some of a cluster's nodes. They know the others.
    Cluster(Vec<Client>),
    Sentinels(Sentinels),
}

#[expect(missing_debug_implementations, reason = "it may hold a password")]
#[derive(Clone)]
pub struct Sentinels {
    pub ask: Vec<Client>,
    pub name: String,
    /// How the primary is spoken to, wherever it is.
    pub like: Client,
}

const SENTINEL: &str = "+sentinel";

impl Address {
    /// `REDIS_URL` and `REDIS_CA_FILE`; none where Redis is not named. Read at start: another authority wants another start.
    pub fn from_env(env: &Env) -> anyhow::Result<Option<Self>> {
        let authority = env
            .text("REDIS_CA_FILE")
            .map(|path| {
                std::fs::read(&path)
                    .with_context(|| format!("`PORTCULLIS_REDIS_CA_FILE`: cannot read `{path}`"))
            })
            .transpose()?;
        let Some(url) = env.secret("REDIS_URL") else {
            anyhow::ensure!(
                authority.is_none(),
                "`PORTCULLIS_REDIS_CA_FILE` is set, and `PORTCULLIS_REDIS_URL` is not"
            );
            return Ok(None);
        };
        let address = Self::read(&url, authority.as_deref());
        Ok(Some(address.context("`PORTCULLIS_REDIS_URL`")?))
    }

    /// `authority`: the only one whose certificates count, in PEM; without it those of the platform do.
    pub fn read(url: &Secret, authority: Option<&[u8]>) -> Result<Self, AddressError> {
        let urls: Vec<&str> = url.expose().split(',').map(str::trim).collect();
        let (scheme, _) = urls[0].split_once("://").ok_or(AddressError::BadUrl)?;
        let place = match scheme.strip_suffix(SENTINEL) {
            Some(plain) => Place::Sentinels(sentinels(&urls, plain, authority)?),
            None => nodes(&urls, authority)?,
        };
        Ok(Self(place))
    }
}

fn nodes(urls: &[&str], authority: Option<&[u8]>) -> Result<Place, AddressError> {
    let clients = clients(urls, authority)?;
    match <[Client; 1]>::try_from(clients) {
        Ok([client]) => Ok(Place::One(client)),
        Err(clients) => Ok(Place::Cluster(clients)),
    }
}

/// The credentials are the primary's: sentinels are asked without.
fn sentinels(
    urls: &[&str],
    plain: &str,
    authority: Option<&[u8]>,
) -> Result<Sentinels, AddressError> {
    let mut names = Vec::new();
    let mut bare = Vec::new();
    for url in urls {
        let rest = url
            .strip_prefix(plain)
            .and_then(|rest| rest.strip_prefix(SENTINEL))
            .ok_or(AddressError::Mixed)?;
        let url = format!("{plain}{rest}");
        let mut parsed = redis::parse_redis_url(&url).ok_or(AddressError::BadUrl)?;
        names.push(parsed.path().trim_matches('/').to_owned());
        parsed.set_path("");
        bare.push(parsed.to_string());
    }
    let bare: Vec<&str> = bare.iter().map(String::as_str).collect();
    let clients = clients(&bare, authority)?;
    let name = names.swap_remove(0);
    if name.is_empty() || names.iter().any(|other| *other != name) {
        return Err(AddressError::NoName);
    }
    let like = clients[0].clone();
    let strangers = clients.iter().map(|client| {
        let addr = client.get_connection_info().addr().clone();
        let info = addr
            .into_connection_info()
            .map_err(|_| AddressError::BadUrl)?;
        Client::open(info).map_err(|_| AddressError::BadUrl)
    });
    let ask = strangers.collect::<Result<_, _>>()?;
    Ok(Sentinels { ask, name, like })
}

fn clients(urls: &[&str], authority: Option<&[u8]>) -> Result<Vec<Client>, AddressError> {
    let clients: Vec<Client> = urls
        .iter()
        .map(|url| client(url, authority))
        .collect::<Result<_, _>>()?;
    let kind = |client: &Client| {
        let info = client.get_connection_info();
        let login = info.redis_settings();
        (
            std::mem::discriminant(info.addr()),
            login.username().map(str::to_owned),
            login.password().map(str::to_owned),
            login.db(),
        )
    };
    let first = kind(&clients[0]);
    if clients.iter().any(|client| kind(client) != first) {
        return Err(AddressError::Mixed);
    }
    Ok(clients)
}

fn client(url: &str, authority: Option<&[u8]>) -> Result<Client, AddressError> {
    let info = url
        .into_connection_info()
        .map_err(|_| AddressError::BadUrl)?;
    // `#insecure`: whoever could change a packet could then let every call through.
    if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
        return Err(AddressError::BadUrl);
    }
    let Some(pem) = authority else {
        return Client::open(info).map_err(|_| AddressError::BadUrl);
    };
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Err(AddressError::NoTls);
    }
    if !pem.windows(11).any(|part| part == b"-----BEGIN ") {
        return Err(AddressError::BadAuthority);
    }
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(pem.to_vec()),
    };
    Client::build_with_tls(info, certificates).map_err(|_| AddressError::BadAuthority)
}

/// Somebody else who is spoken to in the same way: with the same credentials, and with TLS or without.
pub fn at(like: &Client, host: &str, port: u16) -> Result<Client, RedisError> {
    let info: &ConnectionInfo = like.get_connection_info();
    let addr = match info.addr() {
        ConnectionAddr::TcpTls {
            insecure,
            tls_params,
            ..
        } => ConnectionAddr::TcpTls {
            host: host.to_owned(),
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host.to_owned(), port),
    };
    Client::open(info.clone().set_addr(addr))
}

#[cfg(test)]
mod tests;
