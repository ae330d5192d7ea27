//! How often the classifier is right, and how often it is wrong where that hurts.

use crate::label::{Drawn, Labelled};
use crate::{Category, Trust, classify};
use std::fmt;

/// What was counted over one part of the labelled set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// Label, answer.
    counts: Vec<(Category, Category)>,
}

/// A tool that was judged otherwise than labelled.
#[derive(Debug, Clone)]
pub struct Miss<'a> {
    pub tool: &'a Labelled,
    pub answer: crate::Classification,
}

#[derive(Debug, Clone, Default)]
pub struct Scores<'a> {
    pub tuned: Score,
    pub held_back: Score,
    /// Of each part, the tools that were drawn by chance alone.
    pub tuned_sample: Score,
    pub held_back_sample: Score,
    /// Of the part one may look at.
    pub misses: Vec<Miss<'a>>,
}

pub fn score(tools: &[Labelled]) -> Scores<'_> {
    let mut scores = Scores::default();
    for tool in tools {
        let answer = classify(&tool.definition, Trust::Untrusted);
        let pair = (tool.label, answer.category);
        let (whole, sample) = if tool.is_held_back() {
            (&mut scores.held_back, &mut scores.held_back_sample)
        } else {
            (&mut scores.tuned, &mut scores.tuned_sample)
        };
        whole.counts.push(pair);
        if tool.drawn == Drawn::Sample {
            sample.counts.push(pair);
        }
        if !tool.is_held_back() && pair.0 != pair.1 {
            scores.misses.push(Miss { tool, answer });
        }
    }
    scores
}

impl Score {
    pub fn tools(&self) -> usize {
        self.counts.len()
    }

    pub fn right(&self) -> usize {
        self.count(|label, answer| label == answer)
    }

    pub fn unknown(&self) -> usize {
        self.count(|_, answer| answer == Category::Unknown)
    }

    /// Tools labelled destructive or financial.
    pub fn dangerous(&self) -> usize {
        self.count(|label, _| label >= Category::Destructive)
    }

    /// Those of them that were called reading or writing.
    pub fn dangerous_misses(&self) -> usize {
        self.count(|label, answer| {
            label >= Category::Destructive && matches!(answer, Category::Read | Category::Write)
        })
    }

    /// Right for 92 of 100, unknown for at most 6, and at most one of 100 dangerous tools called reading or writing.
    pub fn reaches_its_targets(&self) -> bool {
        self.tools() > 0
            && self.right() * 100 >= self.tools() * 92
            && self.unknown() * 100 <= self.tools() * 6
            && self.dangerous_misses() * 100 <= self.dangerous()
    }

    fn count(&self, is: impl Fn(Category, Category) -> bool) -> usize {
        self.counts.iter().filter(|pair| is(pair.0, pair.1)).count()
    }
}

/// `part` of `whole` in tenths of a percent, said as a percentage.
fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1000 + whole / 2).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// The confusion matrix, a row for each label, and the figures that matter.
impl fmt::Display for Score {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:>13}", "label")?;
        for answer in Category::ALL {
            write!(to, "{:>13}", answer.name())?;
        }
        writeln!(to)?;
        for label in Category::ALL {
            let row = |answer| self.count(|each, given| each == label && given == answer);
            if Category::ALL.into_iter().all(|answer| row(answer) == 0) {
                continue;
            }
            write!(to, "{:>13}", label.name())?;
            for answer in Category::ALL {
                write!(to, "{:>13}", row(answer))?;
            }
            writeln!(to)?;
        }
        let tools = self.tools();
        writeln!(
            to,
            "right            {:>4} of {tools} ({})",
            self.right(),
            percent(self.right(), tools)
        )?;
        writeln!(
            to,
            "unknown          {:>4} of {tools} ({})",
            self.unknown(),
            percent(self.unknown(), tools)
        )?;
        writeln!(
            to,
            "dangerous misses {:>4} of {} ({})",
            self.dangerous_misses(),
            self.dangerous(),
            percent(self.dangerous_misses(), self.dangerous())
        )
    }
}

#[cfg(test)]
mod tests;
