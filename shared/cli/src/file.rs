//! Files, read whole and within a bound.

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

const MOST_BYTES: u64 = 16 << 20;

pub(crate) const LIMITS: json::Limits = json::Limits {
    bytes: 16 << 20,
    depth: 64,
    values: 1 << 20,
};

pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open `{name}`"))?;
    let mut text = String::new();
    file.take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read `{name}`"))?;
    if text.len() as u64 > MOST_BYTES {
        bail!("`{name}` is larger than {MOST_BYTES} bytes");
    }
    Ok(text)
}

/// Reads strict JSON; `name` says where it came from.
pub(crate) fn parse<'a>(text: &'a str, name: &str) -> anyhow::Result<json::Document<'a>> {
    let document = json::read(text.as_bytes(), &LIMITS).map_err(|fault| {
        let (line, column) = json::position(text, fault.offset);
        anyhow::anyhow!("{name}:{line}:{column}: {}", fault.kind)
    })?;
    if let Some(refusal) = document.refusals.first() {
        let (line, column) = json::position(text, refusal.span.start as usize);
        bail!("{name}:{line}:{column}: {}", refusal.kind);
    }
    Ok(document)
}

/// A file of one JSON value a line.
pub(crate) fn lines<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let text = read(path)?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| {
            serde_json::from_str(line).with_context(|| {
                format!(
                    "{}:{}: not what is expected on a line",
                    path.display(),
                    at + 1
                )
            })
        })
        .collect()
}
