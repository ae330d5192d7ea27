//! `policy test`: cases in files, for a pipeline to hold a policy to.
//!
//! A file is a list of cases that each bring a policy, or `{ "policy": PATH or document, "cases": [...] }`.

use crate::{Report, check, explain, file};
use anyhow::{Context as _, anyhow, bail};
use policy::Policy;
use policy::case::Case;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(crate) fn test(paths: &[PathBuf]) -> anyhow::Result<Report> {
    let mut run = Run::default();
    for path in paths {
        run.file(path)?;
    }
    let _ = writeln!(run.out, "{} passed, {} failed", run.passed, run.failed);
    Ok(Report {
        text: run.out,
        // A file without cases shows nothing, and must not look as if it had.
        is_fine: run.failed == 0 && run.passed > 0,
    })
}

#[derive(Default)]
struct Run {
    out: String,
    passed: usize,
    failed: usize,
}

impl Run {
    fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let text = file::read(path)?;
        let document = file::parse(&text, &name)?;
        let root = &document.root;
        let (cases, shared) = match root.get("cases") {
            Some(cases) => (cases, Some(shared(root, document.text, path)?)),
            None => (root, None),
        };
        let cases = Case::read_all(cases, document.text).map_err(|why| anyhow!("{name}: {why}"))?;
        let shared = shared.map(|text| policy::compile(&text));
        for case in &cases {
            let own = case.policy.map(policy::compile);
            let Some(policy) = own.as_ref().or(shared.as_ref()) else {
                bail!(
                    "{name}: the case `{}` brings no policy, and the file names none",
                    case.name
                );
            };
            match policy {
                Ok(policy) => self.case(&name, case, policy),
                Err(findings) => {
                    self.fail(&name, case, &["the policy does not compile".to_owned()]);
                    self.out.push_str(&check::spell(findings, "  policy"));
                }
            }
        }
        Ok(())
    }

    fn case(&mut self, name: &str, case: &Case<'_>, policy: &Policy) {
        let differences = case.differences(policy);
        if differences.is_empty() {
            self.passed += 1;
            return;
        }
        self.fail(name, case, &differences);
        explain::trace(&policy.explain(&case.question()), &mut self.out);
    }

    fn fail(&mut self, name: &str, case: &Case<'_>, why: &[String]) {
        self.failed += 1;
        let _ = writeln!(self.out, "FAILED {name}: {}", case.name);
        for why in why {
            let _ = writeln!(self.out, "  {why}");
        }
    }
}

/// The policy that the cases share: in the file itself, or in another beside it.
fn shared(root: &json::Node<'_>, text: &str, path: &Path) -> anyhow::Result<String> {
    let known = ["policy", "cases"];
    if let Some(other) = root
        .as_object()
        .unwrap_or_default()
        .iter()
        .find(|member| !known.contains(&member.key.as_ref()))
    {
        bail!(
            "{}: the key `{}` is not known here; expected `policy` and `cases`",
            path.display(),
            other.key
        );
    }
    let policy = root
        .get("policy")
        .with_context(|| format!("{}: `policy` is missing", path.display()))?;
    match policy.as_str() {
        Some(beside) => file::read(&path.parent().unwrap_or(Path::new("")).join(beside)),
        None => Ok(policy.span.of(text).to_owned()),
    }
}
