//! The catalogue that comes with the program: a file of lines, first one about the file, then one a server.

use crate::digest;
use crate::entry::ServerEntry;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

const FORMAT: &str = "portcullis-catalog/1";

/// The file itself, as it was built.
pub const FILE: &str = include_str!("../shipped/servers.jsonl");

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub format: String,
    /// The mark of the lexicon that judged it.
    pub lexicon: String,
    pub servers: usize,
    pub tools: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Fault {
    pub line: usize,
    pub why: String,
}

/// The mark of the lexicon that judges now.
pub fn lexicon() -> String {
    digest::mark(concat!(
        include_str!("lexicon/lexicon.txt"),
        include_str!("signal/address.txt")
    ))
}

/// The same servers make the same file, in whatever order they come.
pub fn spell(servers: &[ServerEntry]) -> Result<String, serde_json::Error> {
    let mut servers: Vec<&ServerEntry> = servers.iter().collect();
    servers.sort_by(|one, other| {
        (&one.ecosystem, &one.package).cmp(&(&other.ecosystem, &other.package))
    });
    let header = Header {
        format: FORMAT.to_owned(),
        lexicon: lexicon(),
        servers: servers.len(),
        tools: servers
            .iter()
            .map(|server| server.tools.as_ref().map_or(0, Vec::len))
            .sum(),
    };
    let mut text = serde_json::to_string(&header)?;
    text.push('\n');
    for server in servers {
        let _ = writeln!(text, "{}", serde_json::to_string(server)?);
    }
    Ok(text)
}

/// Whether a file says of itself that it is one of these.
pub fn is_ours(first_line: &str) -> bool {
    serde_json::from_str::<Header>(first_line).is_ok_and(|header| header.format == FORMAT)
}

/// The servers of such a file. All of it is right, or none of it is taken.
pub fn read(text: &str) -> Result<Vec<ServerEntry>, Fault> {
    let fault = |line: usize, why: String| Fault { line, why };
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next().unwrap_or_default())
        .map_err(|error| fault(1, error.to_string()))?;
    if header.format != FORMAT {
        let why = format!("the format is `{}`, expected `{FORMAT}`", header.format);
        return Err(fault(1, why));
    }
    let servers: Vec<ServerEntry> = lines
        .enumerate()
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| fault(at + 2, error.to_string()))
        })
        .collect::<Result<_, _>>()?;
    if servers.len() != header.servers {
        let why = format!(
            "{} servers, and the first line says {}: the file is not whole",
            servers.len(),
            header.servers
        );
        return Err(fault(servers.len() + 1, why));
    }
    Ok(servers)
}
