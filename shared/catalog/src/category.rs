//! The categories, from the one to worry least about to the worst, and how severe each is.

use serde::{Deserialize, Serialize};

/// The order of the variants is their weight: where several fit, the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Not enough evidence: least of all, so that any evidence is more.
    Unknown,
    Read,
    Write,
    Execute,
    Destructive,
    Financial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Category {
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Write,
        Self::Execute,
        Self::Destructive,
        Self::Financial,
        Self::Unknown,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
            Self::Destructive => "destructive",
            Self::Financial => "financial",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// What cannot be brought back weighs most; what nobody knows weighs as much as what runs.
    pub fn severity(self) -> Severity {
        match self {
            Self::Read => Severity::Low,
            Self::Write => Severity::Medium,
            Self::Execute | Self::Unknown => Severity::High,
            Self::Destructive | Self::Financial => Severity::Critical,
        }
    }
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}
