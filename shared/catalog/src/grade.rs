//! How much harm a server's tools could do, in one letter.

use crate::{Category, Signal};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    A,
    B,
    C,
    D,
    F,
}

/// What one tool weighs; the most is what the share is of.
const fn weight(category: Category) -> usize {
    match category {
        Category::Read => 0,
        Category::Write => 1,
        Category::Execute | Category::Unknown => 4,
        Category::Destructive | Category::Financial => HEAVIEST,
    }
}
const HEAVIEST: usize = 10;

impl Grade {
    pub const ALL: [Self; 5] = [Self::A, Self::B, Self::C, Self::D, Self::F];

    /// The share of dangerous tools, weighted: A below 5 %, B below 15 %, C below 30 %, D below 50 %. One tool that
    /// destroys or pays keeps from A, one whose description addresses the model or hides characters from C.
    pub fn of<'t>(tools: impl Iterator<Item = (Category, &'t [Signal])>) -> Self {
        let (mut all, mut sum, mut worst) = (0, 0, Self::A);
        for (category, signals) in tools {
            all += 1;
            sum += weight(category);
            if matches!(category, Category::Destructive | Category::Financial) {
                worst = worst.max(Self::B);
            }
            if signals.contains(&Signal::AddressesModel)
                || signals.contains(&Signal::HiddenCharacters)
            {
                worst = worst.max(Self::D);
            }
        }
        let percent = if all == 0 {
            0
        } else {
            sum * 100 / (all * HEAVIEST)
        };
        let by_share = match percent {
            0..5 => Self::A,
            5..15 => Self::B,
            15..30 => Self::C,
            30..50 => Self::D,
            _ => Self::F,
        };
        by_share.max(worst)
    }

    pub const fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }

    pub fn parse(letter: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.letter() == letter)
    }
}

#[cfg(test)]
mod tests;
