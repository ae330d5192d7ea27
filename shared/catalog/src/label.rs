//! What the classifier is measured against: labelled tools and poisoned descriptions, in the folder `labels`.

use crate::{Category, Definition, Signal, Text};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    pub package: String,
    pub version: String,
    /// How the tool came into the set; `labels/README.md` tells.
    pub drawn: Drawn,
    pub label: Category,
    pub why: String,
    #[serde(flatten)]
    pub definition: Definition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drawn {
    Sample,
    Dangerous,
    Doubtful,
}

impl Labelled {
    /// Whether the tool is only scored and never looked at while the lexicon is changed. Nobody chose: a hash did.
    pub fn is_held_back(&self) -> bool {
        is_held_back(&format!("{}\n{}", self.package, self.definition.name))
    }
}

/// A description of our own with something in it that no honest one has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Poisoned {
    pub kind: String,
    pub description: String,
}

impl Poisoned {
    pub fn is_seen(&self) -> bool {
        let text = Text::read(&self.description);
        let wanted = if self.kind == "hidden" {
            Signal::HiddenCharacters
        } else {
            Signal::AddressesModel
        };
        text.signals.contains(&wanted)
    }
}

/// Whether the 64-bit FNV-1a hash of the text is divisible by three.
pub fn is_held_back(text: &str) -> bool {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.is_multiple_of(3)
}
