//! `catalog build` and `catalog policy`: making the shipped catalogue anew, and what it recommends.

use crate::{Report, file};
use anyhow::{Context as _, bail};
use catalog::{Preset, Server, ServerEntry, shipped};
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// Full listings, one server a line
    data: PathBuf,
    /// The file to write, as `shared/catalog/shipped/servers.jsonl`
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Recommend {
    /// A package of the shipped catalogue
    server: String,
    /// One of its tools; all of them when left out
    tool: Option<String>,
    /// `strict`, `recommended` or `permissive`
    #[arg(long, default_value = "recommended", value_parser = preset)]
    preset: Preset,
}

pub(crate) fn preset(name: &str) -> Result<Preset, String> {
    Preset::parse(name).ok_or("expected `strict`, `recommended` or `permissive`".to_owned())
}

pub(crate) fn build(build: &Build) -> anyhow::Result<Report> {
    let servers: Vec<Server> = file::lines(&build.data)?;
    let entries: Vec<ServerEntry> = servers.iter().map(ServerEntry::of).collect();
    let text = shipped::spell(&entries)?;
    // Read again before it is kept: what the program cannot read must not be shipped.
    shipped::read(&text)?;
    std::fs::write(&build.out, &text)
        .with_context(|| format!("cannot write `{}`", build.out.display()))?;
    let tools: usize = entries
        .iter()
        .map(|entry| entry.tools.as_ref().map_or(0, Vec::len))
        .sum();
    let mut said = String::new();
    let _ = writeln!(
        said,
        "{} servers and {tools} tools in {} bytes written to {}",
        entries.len(),
        text.len(),
        build.out.display()
    );
    for letter in catalog::Grade::ALL {
        let count = entries.iter().filter(|one| one.grade() == letter).count();
        let _ = writeln!(said, "{count:>4} of grade {}", letter.letter());
    }
    Ok(Report {
        text: said,
        is_fine: true,
    })
}

pub(crate) fn recommend(recommend: &Recommend) -> anyhow::Result<Report> {
    let servers = shipped::read(shipped::FILE)?;
    let named = &recommend.server;
    let Some(server) = servers
        .iter()
        .find(|one| one.package == *named || one.slug() == *named)
    else {
        bail!("the shipped catalogue has no server `{named}`; give the name of its package");
    };
    let tools: Vec<_> = server.tools.iter().flatten().collect();
    let wanted = recommend.tool.as_deref();
    if let Some(tool) = wanted.filter(|tool| tools.iter().all(|one| one.name != **tool)) {
        bail!("`{named}` has no tool `{tool}` in the shipped catalogue");
    }
    let chosen = tools
        .iter()
        .filter(|one| wanted.is_none_or(|tool| one.name == tool))
        .map(|one| (one.name.as_str(), one.category));
    let mut text = recommend.preset.document(chosen);
    text.push('\n');
    Ok(Report {
        text,
        is_fine: true,
    })
}
