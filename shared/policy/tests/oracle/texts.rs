//! The operators on texts, in the plainest way: copies, lists and regular expressions.

use regex::Regex;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub fn host_in(url: &str, names: &[String]) -> bool {
    if url
        .chars()
        .any(|char| char.is_whitespace() || char.is_control() || char == '\\')
    {
        return false;
    }
    let shape =
        Regex::new(r"^(?i-u:https?)://([A-Za-z0-9._-]+?)\.?(?::([0-9]*))?(?:[/?#].*)?$").unwrap();
    let Some(parts) = shape.captures(url) else {
        return false;
    };
    let host = parts[1].to_lowercase();
    let port = parts.get(2).map_or("", |port| port.as_str());
    let labels: Vec<&str> = host.split('.').collect();
    let last = labels[labels.len() - 1];
    let is_address = last.chars().all(|char| char.is_ascii_digit()) || last.starts_with("0x");
    if labels.contains(&"") || is_address || (!port.is_empty() && port.parse::<u16>().is_err()) {
        return false;
    }
    names.iter().any(|name| {
        let name = name.to_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        match name.strip_prefix('*') {
            Some(below) => host.ends_with(below) && host.len() > below.len(),
            None => host == name,
        }
    })
}

pub fn under_path(path: &str, prefixes: &[String]) -> bool {
    let mut bytes = Vec::new();
    let raw = path.as_bytes();
    let mut at = 0;
    while at < raw.len() {
        let escaped = raw
            .get(at + 1..at + 3)
            .filter(|digits| raw[at] == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        if let Some(digits) = escaped {
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
            at += 3;
        } else {
            bytes.push(raw[at]);
            at += 1;
        }
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return false;
    };
    if text.contains(['\0', '\\']) || !text.starts_with('/') {
        return false;
    }
    let resolved = resolve(&text);
    prefixes
        .iter()
        .any(|prefix| resolved.starts_with(&resolve(prefix)))
}

fn resolve(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        if segment == ".." {
            segments.pop();
        } else if !segment.is_empty() && segment != "." {
            segments.push(segment.to_owned());
        }
    }
    segments
}

pub fn email_domain_in(text: &str, domains: &[String]) -> bool {
    let shape = Regex::new(r#"^[^@\s\pC,;:<>()"\\\[\]{}]+@([^@\s\pC,;:<>()"\\\[\]{}]+)$"#).unwrap();
    shape.captures(text).is_some_and(|parts| {
        domains
            .iter()
            .any(|domain| domain.eq_ignore_ascii_case(&parts[1]))
    })
}

pub fn ip_in(text: &str, ranges: &[String]) -> bool {
    ranges.iter().any(|range| {
        let (base, bits) = range.split_once('/').unwrap();
        let bits: u32 = bits.parse().unwrap();
        match base.parse().unwrap() {
            IpAddr::V4(base) => text.parse::<Ipv4Addr>().is_ok_and(|address| {
                bits == 0 || (address.to_bits() ^ base.to_bits()) >> (32 - bits) == 0
            }),
            IpAddr::V6(base) => text.parse::<Ipv6Addr>().is_ok_and(|address| {
                bits == 0 || (address.to_bits() ^ base.to_bits()) >> (128 - bits) == 0
            }),
        }
    })
}
