//! What is said of a tool, in sentences of our own: made of its name, its parameters and our judgement, never of its description.

use crate::entry::ToolEntry;
use crate::preset::Preset;
use crate::{Category, Field, Severity, Signal, word};

/// The words of a name, for whoever looks for them.
pub fn words(name: &str) -> Vec<String> {
    word::of_name(name)
}

/// What a tool is, and of which server.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub tool: &'a ToolEntry,
    pub ecosystem: &'a str,
    pub package: &'a str,
}

/// Named in a sentence before the rest is counted.
const NAMED: usize = 8;

impl About<'_> {
    /// What it does for an agent.
    pub fn purpose(&self) -> Vec<String> {
        let mut said = vec![
            format!(
                "`{}` lets an agent {} through `{}`.",
                self.tool.name,
                self.act(),
                self.package
            ),
            effect(self.tool.category).to_owned(),
        ];
        let of = |required: bool| -> Vec<&str> {
            let all = self.tool.parameters.iter();
            all.filter(|one| one.required == required && !one.name.contains('.'))
                .map(|one| one.name.as_str())
                .collect()
        };
        let (must, may) = (of(true), of(false));
        said.push(match (must.is_empty(), may.is_empty()) {
            (true, true) => "It takes no arguments.".to_owned(),
            (false, true) => format!("It must be given {}.", list(&must)),
            (true, false) => format!("It may be given {}, and needs none of it.", list(&may)),
            (false, false) => {
                format!(
                    "It must be given {}, and may be given {}.",
                    list(&must),
                    list(&may)
                )
            }
        });
        said
    }

    /// The verb and its object, as the name has them.
    fn act(&self) -> String {
        let words = words(&self.tool.name);
        let by_name = self
            .tool
            .evidence
            .iter()
            .find(|one| one.field == Field::Name && words.contains(&one.word));
        let Some(verb) = by_name.map(|one| one.word.as_str()) else {
            return "call it".to_owned();
        };
        let object: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .filter(|word| *word != verb)
            .collect();
        if object.is_empty() {
            verb.to_owned()
        } else {
            format!("{verb} “{}”", object.join(" "))
        }
    }

    /// Why a policy is wanted for it.
    pub fn need(&self) -> Vec<String> {
        let mut said = vec![reason(self.tool.category).to_owned()];
        said.extend(self.tool.signals.iter().map(|one| danger(*one).to_owned()));
        said
    }

    /// What people ask, and the answers.
    pub fn questions(&self) -> Vec<(String, String)> {
        let (name, category) = (&self.tool.name, self.tool.category);
        let rule = Preset::Recommended.rule(category);
        let severity = category.severity();
        let ask = |question: String, answer: String| (question, answer);
        vec![
            ask(format!("What does `{name}` do?"), self.purpose().join(" ")),
            ask(
                format!("How do I enforce a policy on `{name}`?"),
                format!(
                    "Register the server, publish the policy of this page, and give the agent a grant under it. With the recommended one, a call of `{name}` {}. Point the agent's client at the gateway instead of the server: every call is then judged before the server sees it.",
                    rule.words()
                ),
            ),
            ask(
                format!("What risk level has `{name}`?"),
                format!(
                    "{}: its category is {}. {}",
                    capital(severity.name()),
                    category.name(),
                    meaning(severity)
                ),
            ),
            ask(
                format!("Can I rate-limit `{name}`?"),
                format!(
                    "Yes. Give its entry a limit, as `\"{name}\": {{ \"rate_limit\": \"10/minute\" }}`. It holds in every window of that length, over all replicas of the gateway together; a `scope` counts for a grant, a person, a server or the whole organisation."
                ),
            ),
            ask(
                format!("How do I block `{name}`?"),
                    "Give it `\"action\": \"deny\"`, and each call is refused with a reason; or `\"action\": \"hide\"`, and agents cannot tell that it exists. Under `\"default\": \"deny\"` leaving it out is enough.".to_owned(),
            ),
            ask(
                format!("Who provides `{name}`?"),
                format!(
                    "The package `{}`, published at {}. Portcullis has nothing to do with its authors, and judged it by its published definition alone.",
                    self.package,
                    registry(self.ecosystem)
                ),
            ),
        ]
    }
}

/// As people call where packages are published.
pub fn registry(ecosystem: &str) -> &str {
    match ecosystem {
        "npm" => "npm",
        "pypi" => "PyPI",
        "oci" => "a registry of container images",
        "nuget" => "NuGet",
        "mcpb" => "a bundle to download",
        "remote" => "an address of its own",
        other => other,
    }
}

pub const fn effect(category: Category) -> &'static str {
    match category {
        Category::Read => {
            "It fetches something, and changes nothing outside as far as its definition says."
        }
        Category::Write => "It creates or changes something, which can be undone or done again.",
        Category::Execute => {
            "It starts something whose effect depends on the arguments it is given."
        }
        Category::Destructive => "It removes or breaks something that cannot be brought back.",
        Category::Financial => "It moves money, or commits to paying.",
        Category::Unknown => "Its definition says too little to tell what it changes.",
    }
}

const fn reason(category: Category) -> &'static str {
    match category {
        Category::Read => {
            "What it fetches comes back into the agent's context, where it can tell the agent what to do next, or leave through another tool."
        }
        Category::Write => {
            "An agent that is in a loop, or has been told so by something it read, writes as often as it is let."
        }
        Category::Execute => {
            "The server does what the arguments say, and a model writes the arguments: what it has read can steer them."
        }
        Category::Destructive => {
            "One call by mistake is one too many. A person should have seen the arguments."
        }
        Category::Financial => {
            "A call costs money at once, and a hundred calls a hundred times as much. A person should have seen the sum."
        }
        Category::Unknown => {
            "Nobody can tell from its definition what it does, so it is treated like the worst until somebody has looked."
        }
    }
}

pub const fn danger(signal: Signal) -> &'static str {
    match signal {
        Signal::FreeFormCode => {
            "It takes code, a command or a query as free text: whatever can be written there can be done."
        }
        Signal::AddressInput => {
            "It takes an address, and could be sent to one that it should not reach, or carry something there."
        }
        Signal::FilePathInput => {
            "It takes a path, which may lead out of the folder that was meant."
        }
        Signal::CredentialArgument => {
            "It takes a secret as an argument, which then stands in contexts and records."
        }
        Signal::Bulk => {
            "It acts on many things in one call, so that a mistake is as large as its list."
        }
        Signal::Recipients => {
            "It reaches people by their addresses, also outside of the organisation."
        }
        Signal::AmountAndCurrency => "It takes a sum of money.",
        Signal::NoDescription => {
            "It does not describe itself: what it does had to be guessed from its name."
        }
        Signal::AddressesModel => {
            "Its description tells the model what to do beyond this tool. Read it before an agent does."
        }
        Signal::HiddenCharacters => {
            "Its definition holds characters that a person does not see and a model does."
        }
        Signal::NamesOtherTools => {
            "It speaks of other tools, and a model may do with those what this text says."
        }
    }
}

/// A signal, in a few words.
pub const fn brief(signal: Signal) -> &'static str {
    match signal {
        Signal::FreeFormCode => "takes code or a query",
        Signal::AddressInput => "takes an address",
        Signal::FilePathInput => "takes a path",
        Signal::CredentialArgument => "takes a secret",
        Signal::Bulk => "acts on many",
        Signal::Recipients => "reaches people",
        Signal::AmountAndCurrency => "takes a sum of money",
        Signal::NoDescription => "describes nothing",
        Signal::AddressesModel => "addresses the model",
        Signal::HiddenCharacters => "hides characters",
        Signal::NamesOtherTools => "names other tools",
    }
}

pub const fn meaning(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "Severity follows what can be undone, and reading leaves nothing to undo.",
        Severity::Medium => "Severity follows what can be undone, and this can be.",
        Severity::High => {
            "Severity follows what can be undone, and here that depends on the arguments."
        }
        Severity::Critical => "Severity follows what can be undone, and this cannot be.",
    }
}

pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    match (shown.as_slice(), names.len().saturating_sub(NAMED)) {
        ([], _) => String::new(),
        ([only], 0) => only.clone(),
        ([before @ .., last], 0) => format!("{} and {last}", before.join(", ")),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests;
