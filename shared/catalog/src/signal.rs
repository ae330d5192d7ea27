//! What to know of a tool beside its category.

use crate::definition::Definition;
use crate::lexicon::{Lexicon, List};
use crate::parameter::Parameter;
use crate::{Category, hidden};
use serde::{Deserialize, Serialize};

mod address;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Takes code, a command or a query as free text.
    FreeFormCode,
    AddressInput,
    FilePathInput,
    CredentialArgument,
    /// Acts on many things in one call.
    Bulk,
    /// Reaches people by their addresses.
    Recipients,
    AmountAndCurrency,
    NoDescription,
    /// The description tells the model what to do beyond this tool, or what not to tell.
    AddressesModel,
    HiddenCharacters,
}

impl Signal {
    pub const ALL: [Self; 10] = [
        Self::FreeFormCode,
        Self::AddressInput,
        Self::FilePathInput,
        Self::CredentialArgument,
        Self::Bulk,
        Self::Recipients,
        Self::AmountAndCurrency,
        Self::NoDescription,
        Self::AddressesModel,
        Self::HiddenCharacters,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::FreeFormCode => "free_form_code",
            Self::AddressInput => "address_input",
            Self::FilePathInput => "file_path_input",
            Self::CredentialArgument => "credential_argument",
            Self::Bulk => "bulk",
            Self::Recipients => "recipients",
            Self::AmountAndCurrency => "amount_and_currency",
            Self::NoDescription => "no_description",
            Self::AddressesModel => "addresses_model",
            Self::HiddenCharacters => "hidden_characters",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What a description shows by itself.
pub(crate) fn of_text(description: &str) -> Vec<Signal> {
    let shown = crate::neutralise(description);
    let mut found = Vec::new();
    if shown.trim().is_empty() {
        found.push(Signal::NoDescription);
    }
    if address::why(&shown).is_some() {
        found.push(Signal::AddressesModel);
    }
    if hidden::has_hidden(description) {
        found.push(Signal::HiddenCharacters);
    }
    found
}

pub(crate) fn why_addressing(description: &str) -> Option<String> {
    address::why(&crate::neutralise(description))
}

/// All signals of a definition, in a fixed order, each once.
pub(crate) fn of(definition: &Definition, category: Category, lexicon: &Lexicon) -> Vec<Signal> {
    let mut found = definition.text.signals.clone();
    let hidden = hidden::has_hidden(&definition.name)
        || definition
            .parameters
            .iter()
            .any(|parameter| hidden::has_hidden(&parameter.name));
    if hidden {
        found.push(Signal::HiddenCharacters);
    }
    for parameter in &definition.parameters {
        found.extend(of_parameter(parameter, category, lexicon));
    }
    let any = |list: List| {
        definition
            .parameters
            .iter()
            .any(|parameter| lexicon.find(list, &parameter.words()).is_some())
    };
    if any(List::Amount) && any(List::Currency) {
        found.push(Signal::AmountAndCurrency);
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn of_parameter<'a>(
    parameter: &'a Parameter,
    category: Category,
    lexicon: &'a Lexicon,
) -> impl Iterator<Item = Signal> + 'a {
    let words = parameter.words();
    let is_text = parameter.is_text();
    let is_plural = words.last().is_some_and(|word| word.ends_with('s'));
    let is_bulk = parameter.is_many() && is_plural && category > Category::Read;
    [
        (List::Code, Signal::FreeFormCode),
        (List::Query, Signal::FreeFormCode),
        (List::Address, Signal::AddressInput),
        (List::Path, Signal::FilePathInput),
        (List::Output, Signal::FilePathInput),
        (List::Credential, Signal::CredentialArgument),
        (List::Recipient, Signal::Recipients),
    ]
    .into_iter()
    .filter(move |(list, _)| {
        let last = words.last().map(std::slice::from_ref).unwrap_or_default();
        let whole = lexicon.has_whole(*list, &words);
        is_text
            && match list {
                List::Code => whole,
                // A question in plain words is no code.
                List::Query => whole && words.iter().any(|word| word != "query"),
                List::Credential => {
                    let counts = words
                        .iter()
                        .any(|word| lexicon.has(List::NoCredential, word));
                    !counts && lexicon.find(*list, &words).is_some()
                }
                // People are reached by a tool that acts; `move_to` names nobody.
                List::Recipient => {
                    let names = whole || lexicon.find(*list, last).is_some_and(|word| word != "to");
                    category > Category::Read && names
                }
                _ => whole || lexicon.find(*list, last).is_some(),
            }
    })
    .map(|(_, signal)| signal)
    .chain(is_bulk.then_some(Signal::Bulk))
}

#[cfg(test)]
mod tests;
