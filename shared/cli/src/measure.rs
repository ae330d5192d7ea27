//! `catalog`: measuring the classifier against the labelled set, and making that set's derived half anew.

use crate::{Report, file};
use anyhow::{Context as _, bail};
use catalog::label::{self, Labelled, Poisoned};
use catalog::score::{self, Score};
use catalog::{Definition, Server, Signal, Text, Trust};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Debug, clap::Args)]
pub(crate) struct Measure {
    /// The folder of the labelled set
    #[arg(long, default_value = "shared/catalog/labels")]
    labels: PathBuf,
    /// Read the definitions from full listings, one server a line, instead of from what the labelled set keeps of them
    #[arg(long)]
    data: Option<PathBuf>,
    /// Name the tools that were judged otherwise than labelled; never those that are held back
    #[arg(long)]
    misses: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Derive {
    #[arg(long, default_value = "shared/catalog/labels")]
    labels: PathBuf,
    /// Full listings, one server a line
    #[arg(long)]
    data: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Poison {
    #[arg(long, default_value = "shared/catalog/labels/poisoned.jsonl")]
    poisoned: PathBuf,
    /// Full listings of honest servers, one a line: how many of their tools are taken for poisoned ones
    #[arg(long)]
    data: Option<PathBuf>,
    /// Name what is not seen, and what is seen wrongly
    #[arg(long)]
    misses: bool,
}

pub(crate) fn poisoned(asked: &Poison) -> anyhow::Result<Report> {
    let mut out = String::new();
    poison(&asked.poisoned, asked.misses, &mut out)?;
    let hidden: Vec<Poisoned> = file::lines(&asked.poisoned)?;
    let hidden: Vec<&Poisoned> = hidden.iter().filter(|one| one.kind == "hidden").collect();
    let is_clean = |one: &&&Poisoned| {
        one.is_seen() && !catalog::has_hidden(&catalog::neutralise(&one.description))
    };
    let clean = hidden.iter().filter(is_clean).count();
    let _ = writeln!(
        out,
        "{clean} of {} with hidden characters are flagged, and without them once neutralised\n",
        hidden.len()
    );
    if let Some(data) = &asked.data {
        alarms(&file::lines::<Server>(data)?, asked.misses, &mut out);
    }
    Ok(Report {
        text: out,
        is_fine: clean == hidden.len(),
    })
}

pub(crate) fn score(measure: &Measure) -> anyhow::Result<Report> {
    let mut tools: Vec<Labelled> = file::lines(&measure.labels.join("tools.jsonl"))?;
    let servers: Option<Vec<Server>> = measure.data.as_deref().map(file::lines).transpose()?;
    if let Some(servers) = &servers {
        define(&mut tools, servers)?;
    }
    let scores = score::score(&tools);
    let mut out = String::new();
    let mut section = |title: &str, score: &Score| {
        let _ = writeln!(out, "=== {title}: {} tools\n{score}", score.tools());
    };
    section("tuned on, all", &scores.tuned);
    section("tuned on, drawn by chance", &scores.tuned_sample);
    section("held back, drawn by chance", &scores.held_back_sample);
    section("held back, all", &scores.held_back);
    if measure.misses {
        for miss in &scores.misses {
            let _ = writeln!(
                out,
                "{} {}: labelled {}, judged {} at {} % by {}",
                miss.tool.package,
                miss.tool.definition.name,
                miss.tool.label.name(),
                miss.answer.category.name(),
                miss.answer.confidence,
                evidence(&miss.answer.evidence)
            );
        }
    }
    poison(
        &measure.labels.join("poisoned.jsonl"),
        measure.misses,
        &mut out,
    )?;
    if let Some(servers) = &servers {
        alarms(servers, measure.misses, &mut out);
    }
    let is_fine = scores.held_back.reaches_its_targets();
    let _ = writeln!(
        out,
        "the targets (right 92.0 %, unknown at most 6.0 %, dangerous misses at most 1.0 %) are {} by the held-back third",
        if is_fine { "reached" } else { "missed" }
    );
    Ok(Report { text: out, is_fine })
}

/// Writes what the classifier reads of each definition beside its label.
pub(crate) fn derive(derive: &Derive) -> anyhow::Result<Report> {
    let path = derive.labels.join("tools.jsonl");
    let mut tools: Vec<Labelled> = file::lines(&path)?;
    define(&mut tools, &file::lines(&derive.data)?)?;
    let mut text = String::new();
    for tool in &tools {
        text.push_str(&serde_json::to_string(tool).context("a labelled tool cannot be written")?);
        text.push('\n');
    }
    std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(Report {
        text: format!("{} tools written to {}\n", tools.len(), path.display()),
        is_fine: true,
    })
}

fn define(tools: &mut [Labelled], servers: &[Server]) -> anyhow::Result<()> {
    let known: HashMap<(&str, &str), &catalog::Tool> = servers
        .iter()
        .flat_map(|server| {
            let package = server.package.as_str();
            server
                .tools
                .iter()
                .map(move |tool| ((package, tool.name.as_str()), tool))
        })
        .collect();
    for labelled in tools {
        let key = (labelled.package.as_str(), labelled.definition.name.as_str());
        let Some(tool) = known.get(&key) else {
            bail!("the listings have no tool `{}` of `{}`", key.1, key.0);
        };
        labelled.definition = Definition::read(tool);
    }
    Ok(())
}

fn evidence(evidence: &[catalog::Evidence]) -> String {
    let each: Vec<String> = evidence
        .iter()
        .map(|one| format!("{:?} `{}` ({})", one.field, one.word, one.category.name()))
        .collect();
    each.join(", ")
}

/// How many of the poisoned descriptions are seen, by kind, in both parts.
fn poison(path: &Path, misses: bool, out: &mut String) -> anyhow::Result<()> {
    let poisoned: Vec<Poisoned> = file::lines(path)?;
    let _ = writeln!(out, "=== poisoned descriptions: {}", poisoned.len());
    let mut kinds: Vec<&str> = poisoned.iter().map(|one| one.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        for (part, held) in [("tuned on", false), ("held back", true)] {
            let those = poisoned
                .iter()
                .filter(|one| one.kind == kind && label::is_held_back(&one.description) == held);
            let (mut seen, mut all) = (0, 0);
            for one in those {
                all += 1;
                if one.is_seen() {
                    seen += 1;
                } else if misses && !held {
                    let _ = writeln!(out, "not seen: {}", one.description);
                }
            }
            let _ = writeln!(out, "{kind:>10}, {part:<9} {seen:>3} of {all} seen");
        }
    }
    out.push('\n');
    Ok(())
}

/// The same signals over honest listings, and how quickly all of them are read and judged.
fn alarms(servers: &[Server], misses: bool, out: &mut String) {
    let begun = Instant::now();
    let mut all = 0_u32;
    let (mut addressing, mut hiding, mut naming) = (0, 0, 0);
    for server in servers {
        let answers = catalog::classify_all(&server.tools, Trust::Untrusted);
        for (tool, answer) in server.tools.iter().zip(answers) {
            all += 1;
            let signals = answer.signals;
            hiding += usize::from(signals.contains(&Signal::HiddenCharacters));
            naming += usize::from(signals.contains(&Signal::NamesOtherTools));
            if signals.contains(&Signal::AddressesModel) {
                addressing += 1;
                if misses {
                    let why = tool.description.as_deref().and_then(Text::why_addressing);
                    let _ = writeln!(
                        out,
                        "alarm: {} {}: {}",
                        server.package,
                        tool.name,
                        why.unwrap_or_default()
                    );
                }
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let _ = writeln!(
        out,
        "=== {all} published tools: {addressing} address the model, {hiding} hide characters, {naming} name other tools; {:.0} tools a second on one core\n",
        f64::from(all) / seconds
    );
}
