//! Which URLs a server may be registered under. PURE: what a name resolves to is judged where it is dialled.

use egress::{Allowed, Egress};
use url::{Host, Url};

const LONGEST: usize = 2048;
/// Of a name and of a part of one, as DNS has them.
const LONGEST_HOST: usize = 253;
const LONGEST_LABEL: usize = 63;
const NO_URL: &str = "expected a URL like `https://example.com/mcp`; a command (stdio) is not run here: \
    let it listen over HTTP and give its URL";

/// The URL as it is stored, in its one spelling, or what is wrong with it.
pub fn read(text: &str, egress: &Egress) -> Result<Url, String> {
    if text.len() > LONGEST {
        return Err(format!("expected at most {LONGEST} characters"));
    }
    let url = Url::parse(text).map_err(|_| NO_URL.to_owned())?;
    let is_plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err(NO_URL.to_owned()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "expected no user or password in the URL; a credential belongs into `auth`".to_owned(),
        );
    }
    if url.fragment().is_some() {
        return Err("expected no fragment (`#…`): it would never be sent".to_owned());
    }
    if url.port() == Some(0) {
        return Err("expected a port that can be dialled, not 0".to_owned());
    }
    let is_excepted = match url.host() {
        None => return Err(NO_URL.to_owned()),
        Some(Host::Ipv4(address)) => judge(address.into(), egress)?,
        Some(Host::Ipv6(address)) => judge(address.into(), egress)?,
        Some(Host::Domain(name)) => named(name, egress)?,
    };
    if is_plain && !is_excepted {
        return Err(
            "expected https; plain http is only for networks that the operator named".to_owned(),
        );
    }
    // The dialling side reads it with another reader; what only one of them understands is no address.
    url.as_str()
        .parse::<http::Uri>()
        .map_err(|_| NO_URL.to_owned())?;
    Ok(url)
}

/// Whether the address belongs to the operator's exceptions.
fn judge(address: std::net::IpAddr, egress: &Egress) -> Result<bool, String> {
    match egress.judge(address) {
        Ok(allowed) => Ok(allowed == Allowed::Exception),
        Err(refused) => Err(format!("`{address}` is not reached from here: {refused}")),
    }
}

/// Names are judged by their addresses when they are dialled. The ones that can only mean this machine, or the cloud's
/// own, are told at once.
fn named(name: &str, egress: &Egress) -> Result<bool, String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| (1..=LONGEST_LABEL).contains(&label.len());
    if name.len() > LONGEST_HOST || !name.split('.').all(is_label) {
        return Err(format!(
            "`{name}` is no host name: expected parts of 1 to {LONGEST_LABEL} characters with a dot between them, \
             {LONGEST_HOST} characters in all"
        ));
    }
    if name == "localhost" || name.ends_with(".localhost") {
        return judge(std::net::Ipv4Addr::LOCALHOST.into(), egress);
    }
    if ["metadata", "metadata.google.internal", "instance-data"].contains(&name) {
        return Err(format!(
            "`{name}` is not reached from here: metadata addresses are not dialled"
        ));
    }
    Ok(egress.has_exceptions())
}

/// Whether two URLs lead to the same host and port by the same scheme: what one of them is told, the other may hear.
pub fn is_same_origin(before: &str, after: &Url) -> bool {
    Url::parse(before).is_ok_and(|before| before.origin() == after.origin())
}

#[cfg(test)]
mod tests;
