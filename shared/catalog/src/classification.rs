//! The answer, with the words it stands on.

use crate::{Category, Severity, Signal};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Classification {
    pub category: Category,
    pub severity: Severity,
    /// In percent; 0 where nothing speaks for any category.
    pub confidence: u8,
    /// What spoke, also for categories that a worse one outweighed.
    pub evidence: Vec<Evidence>,
    pub signals: Vec<Signal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub field: Field,
    /// As the lexicon spells it, or the parameter's own name.
    pub word: String,
    pub category: Category,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    Name,
    Description,
    Parameter,
    Annotation,
}

impl Field {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::Parameter => "parameter",
            Self::Annotation => "annotation",
        }
    }
}
