//! `policy explain`: one call, judged step by step.

use crate::{Report, check, file};
use anyhow::{Context as _, anyhow};
use policy::Explanation;
use policy::case::{Context, millis};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    file: PathBuf,
    /// The tool that is called
    #[arg(long)]
    tool: String,
    /// Its arguments as JSON, or `@FILE`
    #[arg(long)]
    arguments: Option<String>,
    /// A file with the facts around the call: `now`, `grant`, `server`, `client`, `tool`, `known_tools`
    #[arg(long)]
    context: Option<PathBuf>,
    /// When it is called, as RFC 3339; now when left out
    #[arg(long)]
    at: Option<String>,
    /// Print the explanation as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn explain(call: &Call) -> anyhow::Result<Report> {
    let policy = match policy::compile(&file::read(&call.file)?) {
        Ok(policy) => policy,
        Err(findings) => {
            return Ok(Report {
                text: check::spell(&findings, &call.file.display().to_string()),
                is_fine: false,
            });
        }
    };
    let context = context(call)?;
    let text = match &call.arguments {
        None => None,
        Some(given) => Some(match given.strip_prefix('@') {
            Some(path) => file::read(Path::new(path))?,
            None => given.clone(),
        }),
    };
    let arguments = text
        .as_deref()
        .map(|text| file::parse(text, "--arguments"))
        .transpose()?;
    let question = context.question(
        &call.tool,
        arguments.as_ref().map(|document| &document.root),
    );
    let explanation = policy.explain(&question);
    let text = if call.json {
        let mut text = serde_json::to_string_pretty(&explanation)?;
        text.push('\n');
        text
    } else {
        spell(&explanation)
    };
    Ok(Report {
        text,
        is_fine: true,
    })
}

fn context(call: &Call) -> anyhow::Result<Context> {
    let mut context = Context::default();
    let mut says_when = false;
    if let Some(path) = &call.context {
        let name = path.display().to_string();
        let text = file::read(path)?;
        let document = file::parse(&text, &name)?;
        says_when = document.root.get("now").is_some();
        context =
            Context::read(&document.root, document.text).map_err(|why| anyhow!("{name}: {why}"))?;
    }
    if let Some(at) = &call.at {
        context.now = millis(at).with_context(|| format!("`{at}` is not an RFC 3339 time"))?;
    } else if !says_when {
        context.now = now()?;
    }
    Ok(context)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge of the program: whoever asks means now"
)]
fn now() -> anyhow::Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_millis())?)
}

pub(crate) fn spell(explanation: &Explanation) -> String {
    let mut out = String::new();
    let _ = write!(out, "{}", explanation.verdict);
    if let Some(rule) = &explanation.rule {
        let _ = write!(out, " by {rule}");
    }
    if let Some(message) = &explanation.message {
        let _ = write!(out, ": {message}");
    }
    out.push('\n');
    trace(explanation, &mut out);
    for limit in &explanation.limits {
        let window = limit
            .window
            .map_or("in flight".to_owned(), |seconds| format!("in {seconds} s"));
        let _ = writeln!(
            out,
            "  limit    {}: {} of {} {window}, counted for {}",
            limit.rule, limit.cost, limit.max, limit.subject
        );
    }
    out
}

pub(crate) fn trace(explanation: &Explanation, out: &mut String) {
    for step in &explanation.trace {
        let _ = writeln!(out, "  {:<8} {}: {}", step.outcome, step.rule, step.why);
    }
}
