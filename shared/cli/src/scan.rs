//! `scan`: which MCP servers the clients of this machine can reach, what their tools can do, and the policies for them.
//!
//! Offline it knows what the shipped catalogue knows of a package. With `--live` it asks the servers themselves.

mod client;
mod live;
mod package;

use crate::{Report, file};
use anyhow::{Context as _, bail};
use catalog::{Category, Grade, Preset, ServerEntry, Severity, Signal, ToolEntry, shipped};
use client::{Configured, Reach};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Scan {
    /// A client's configuration; those in the usual places when left out. May be given more than once
    #[arg(long)]
    config: Vec<PathBuf>,
    /// Ask the servers for their tools, by starting their commands; those at a URL are asked when they are registered
    #[arg(long)]
    live: bool,
    /// Start commands without asking first
    #[arg(long, requires = "live")]
    yes: bool,
    /// How long a server may take, in seconds
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=300))]
    patience: u64,
    /// Write a policy for each server into this folder
    #[arg(long)]
    out: Option<PathBuf>,
    /// `strict`, `recommended` or `permissive`
    #[arg(long, default_value = "recommended", value_parser = crate::shipped::preset)]
    preset: Preset,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// What is known of a configured server.
struct Seen {
    configured: Configured,
    package: Option<(&'static str, String)>,
    tools: Option<Vec<ToolEntry>>,
    /// Where its tools are known from, or why they are not.
    source: String,
    policy: Option<PathBuf>,
}

pub(crate) fn scan(scan: &Scan) -> anyhow::Result<Report> {
    let places = if scan.config.is_empty() {
        client::usual_places()
    } else {
        scan.config.clone()
    };
    let (mut found, mut read) = (Vec::new(), Vec::new());
    for place in &places {
        let is_named = !scan.config.is_empty();
        if !is_named && !place.is_file() {
            continue;
        }
        let text = file::read(place)?;
        let servers = client::read(&text).with_context(|| format!("`{}`", place.display()))?;
        read.push(place.clone());
        found.extend(servers.into_iter().map(|server| (place.clone(), server)));
    }
    if read.is_empty() {
        bail!(
            "no client's configuration was found in its usual place; name one with `--config FILE`"
        );
    }
    let known: HashMap<(String, String), ServerEntry> = shipped::read(shipped::FILE)?
        .into_iter()
        .map(|entry| ((entry.ecosystem.clone(), entry.package.clone()), entry))
        .collect();
    let mut all = Vec::new();
    for (place, configured) in found {
        let mut seen = look(configured, &known, scan);
        if let (Some(folder), Some(tools)) = (&scan.out, &seen.tools) {
            seen.policy = Some(write(folder, &seen.configured.name, tools, scan.preset)?);
        }
        all.push((place, seen));
    }
    let text = if scan.json {
        let values: Vec<_> = all.iter().map(|(place, seen)| seen.json(place)).collect();
        format!("{}\n", serde_json::to_string_pretty(&values)?)
    } else {
        spell(&read, &all)
    };
    Ok(Report {
        text,
        is_fine: true,
    })
}

fn look(
    configured: Configured,
    known: &HashMap<(String, String), ServerEntry>,
    scan: &Scan,
) -> Seen {
    let package = match &configured.reach {
        Reach::Command { command, args, .. } => package::of(command, args),
        Reach::Url { .. } => None,
    };
    let entry = package
        .as_ref()
        .and_then(|(ecosystem, package)| known.get(&((*ecosystem).to_owned(), package.clone())));
    let of_catalogue = |why: String| match entry {
        Some(entry) => (
            entry.tools.clone(),
            format!("{why}the shipped catalogue, version {}", entry.version),
        ),
        None => (None, format!("{why}not in the shipped catalogue")),
    };
    let (tools, source) = if scan.live {
        match live::list(&configured, scan.patience, scan.yes) {
            Ok(tools) => (
                Some(tools.iter().map(ToolEntry::of).collect()),
                "the server itself".to_owned(),
            ),
            Err(why) => of_catalogue(format!("{why:#}; ")),
        }
    } else {
        of_catalogue(String::new())
    };
    Seen {
        configured,
        package,
        tools,
        source,
        policy: None,
    }
}

impl Seen {
    fn grade(&self) -> Option<Grade> {
        let tools = self.tools.as_ref()?.iter();
        Some(Grade::of(
            tools.map(|tool| (tool.category, tool.signals.as_slice())),
        ))
    }

    fn count(&self, category: Category) -> usize {
        let tools = self.tools.iter().flatten();
        tools.filter(|tool| tool.category == category).count()
    }

    /// No value of an environment or a header is in it, nor any argument: each may be a secret.
    fn json(&self, place: &Path) -> serde_json::Value {
        let tools = self.tools.as_ref().map(|tools| {
            let one = |tool: &ToolEntry| {
                serde_json::json!({
                    "name": tool.name, "category": tool.category, "severity": tool.category.severity(),
                    "signals": tool.signals,
                })
            };
            tools.iter().map(one).collect::<Vec<_>>()
        });
        serde_json::json!({
            "config": place, "name": self.configured.name, "reach": self.configured.reach.plain(),
            "package": self.package.as_ref().map(|(_, package)| package),
            "ecosystem": self.package.as_ref().map(|(ecosystem, _)| ecosystem),
            "grade": self.grade(), "known_from": self.source, "tools": tools, "policy": self.policy,
        })
    }
}

fn spell(read: &[PathBuf], all: &[(PathBuf, Seen)]) -> String {
    let mut out = String::new();
    for place in read {
        let _ = writeln!(out, "{}", place.display());
        let here: Vec<&Seen> = all
            .iter()
            .filter(|(other, _)| other == place)
            .map(|(_, seen)| seen)
            .collect();
        if here.is_empty() {
            let _ = writeln!(out, "  no MCP server is configured here\n");
        }
        for seen in here {
            one(seen, &mut out);
        }
    }
    let unknown = all.iter().filter(|(_, seen)| seen.tools.is_none()).count();
    let critical: usize = all
        .iter()
        .flat_map(|(_, seen)| seen.tools.iter().flatten())
        .filter(|tool| tool.category.severity() == Severity::Critical)
        .count();
    let _ = writeln!(
        out,
        "{} servers, {critical} tools that destroy or pay, {unknown} servers of which nothing is known",
        all.len()
    );
    out
}

fn one(seen: &Seen, out: &mut String) {
    let name = plain(&seen.configured.name);
    let _ = writeln!(out, "  {name}: {}", seen.configured.reach.plain());
    let Some(tools) = &seen.tools else {
        let _ = writeln!(out, "    its tools are not known: {}\n", seen.source);
        return;
    };
    let grade = seen.grade().map_or("", Grade::letter);
    let counts: Vec<String> = Category::ALL
        .iter()
        .rev()
        .map(|category| (seen.count(*category), category.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, category)| format!("{count} {category}"))
        .collect();
    let _ = writeln!(
        out,
        "    grade {grade}, {} tools ({}), known from {}",
        tools.len(),
        counts.join(", "),
        seen.source
    );
    let is_notable = |tool: &&ToolEntry| {
        tool.category.severity() == Severity::Critical
            || tool.signals.contains(&Signal::AddressesModel)
            || tool.signals.contains(&Signal::HiddenCharacters)
    };
    for tool in tools.iter().filter(is_notable) {
        let signals: Vec<&str> = tool.signals.iter().map(|one| one.name()).collect();
        let _ = writeln!(
            out,
            "    {} {} {}",
            tool.category.name(),
            tool.name,
            signals.join(" ")
        );
    }
    if let Some(policy) = &seen.policy {
        let _ = writeln!(out, "    policy: {}", policy.display());
    }
    out.push('\n');
}

fn write(
    folder: &Path,
    name: &str,
    tools: &[ToolEntry],
    preset: Preset,
) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let stem: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || letter == '-' || letter == '_' {
                letter
            } else {
                '-'
            }
        })
        .take(80)
        .collect();
    let mut text = preset.document(tools.iter().map(|tool| (tool.name.as_str(), tool.category)));
    text.push('\n');
    // Two clients may have a server of one name: the second file gets a number, and no file is written over.
    for number in 1..1_000 {
        let end = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let path = folder.join(format!("{stem}{end}.json"));
        if path.exists() {
            if file::read(&path).is_ok_and(|before| before == text) {
                return Ok(path);
            }
            continue;
        }
        std::fs::write(&path, &text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        return Ok(path);
    }
    bail!("`{}` has too many policies of that name", folder.display())
}

/// A name that a terminal shows and does not obey.
fn plain(name: &str) -> String {
    catalog::neutralise(name)
        .chars()
        .filter(|letter| !letter.is_control())
        .collect()
}
