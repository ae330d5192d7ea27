//! The host of a URL, read so narrowly that no other reader of the same text can see another host.

use crate::finding::Flaw;

/// A name, or every name below one.
#[derive(Debug)]
pub(crate) struct HostName {
    /// Lower case, without a trailing dot.
    name: Box<str>,
    is_wildcard: bool,
}

impl HostName {
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        let (name, is_wildcard) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        if is_spelt_as_name(name) {
            Ok(Self {
                name: name.to_ascii_lowercase().into(),
                is_wildcard,
            })
        } else {
            Err(Flaw::new(
                "bad_host",
                format!(
                    "`{text}` is not a host name; expected one like `api.example.com` or `*.example.com`"
                ),
            ))
        }
    }

    fn covers(&self, host: &str) -> bool {
        if !self.is_wildcard {
            return host.eq_ignore_ascii_case(&self.name);
        }
        let Some(above) = host.len().checked_sub(self.name.len() + 1) else {
            return false;
        };
        // The host is ASCII, so that every offset is a boundary.
        above > 0
            && host
                .get(above..)
                .and_then(|below| below.strip_prefix('.'))
                .is_some_and(|below| below.eq_ignore_ascii_case(&self.name))
    }
}

pub(super) fn is_in(url: &str, names: &[HostName]) -> bool {
    host(url).is_some_and(|host| names.iter().any(|name| name.covers(host)))
}

/// The host of an absolute `http` or `https` URL that has neither user-info nor an address in place of a name.
fn host(url: &str) -> Option<&str> {
    if url
        .chars()
        .any(|char| char.is_whitespace() || char.is_control() || char == '\\')
    {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port),
        None => (authority, ""),
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit())
        && (port.is_empty() || port.parse::<u16>().is_ok());
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next()?;
    let is_address = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    (is_port && is_spelt_as_name(host) && !is_address).then_some(host)
}

fn is_spelt_as_name(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}
