//! One limit of a document: whose budget, how much, and what one call uses of it.

use crate::path::Path;
use crate::scene::Scene;
use crate::value::{Seen, View};
use crate::word::{Category, Count, Outage, Scope};
use json::Decimal;
use std::fmt::Write as _;

/// The largest cost and the largest budget: whole numbers that every party counts exactly.
pub(crate) const MOST_UNITS: u64 = (1 << 53) - 1;
pub(crate) const MOST_WINDOW_SECONDS: u64 = 2_678_400;

#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) counter: Box<str>,
    /// `…/limits/COUNTER`; the other two are what a call is denied by when it cannot be counted.
    pub(crate) rule: Box<str>,
    pub(crate) cost_rule: Box<str>,
    pub(crate) by_rule: Box<str>,
    pub(crate) bound: Bound,
    pub(crate) scope: Scope,
    pub(crate) by: Vec<Path>,
    pub(crate) cost: Cost,
    pub(crate) count: Count,
    /// Other methods than tool calls count too.
    pub(crate) is_of_all_methods: bool,
    pub(crate) on_outage: Option<Outage>,
    pub(crate) message: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    PerWindow { seconds: u32, max: u64 },
    InFlight(u32),
}

#[derive(Debug)]
pub(crate) enum Cost {
    One,
    Fixed(u64),
    From { path: Path, scale: u8 },
}

impl Limit {
    /// What this call uses; none where that cannot be read.
    pub(crate) fn cost(&self, scene: &Scene<'_>) -> Option<u64> {
        match &self.cost {
            Cost::One => Some(1),
            Cost::Fixed(units) => Some(*units),
            Cost::From { path, scale } => match path.one(scene) {
                Seen::Value(View::Number(text)) => Decimal::parse(text)
                    .ok()?
                    .units_up(*scale)
                    .filter(|units| *units <= MOST_UNITS),
                _ => None,
            },
        }
    }

    /// Whether the values that split the budget can be read.
    pub(crate) fn is_divisible(&self, scene: &Scene<'_>) -> bool {
        self.by.iter().all(|path| match path.one(scene) {
            Seen::Absent | Seen::Value(View::Bool(_) | View::Text(_)) => true,
            Seen::Value(View::Number(text)) => Decimal::parse(text).is_ok(),
            Seen::Misshapen | Seen::Value(View::Null | View::List(_) | View::Object(_)) => false,
        })
    }

    /// The values that split the budget, each spelt with its type, so that no two different values share a key and no
    /// two spellings of one value open two budgets.
    pub(crate) fn by_keys(&self, scene: &Scene<'_>) -> Option<Vec<String>> {
        self.by.iter().map(|path| by_key(path.one(scene))).collect()
    }

    pub(crate) fn has_cost(&self) -> bool {
        !matches!(self.cost, Cost::One)
    }

    pub(crate) fn on_outage(&self, category: Category) -> Outage {
        let is_grave =
            self.has_cost() || matches!(category, Category::Destructive | Category::Financial);
        self.on_outage.unwrap_or(if is_grave {
            Outage::Closed
        } else {
            Outage::Share
        })
    }
}

fn by_key(seen: Seen<'_>) -> Option<String> {
    let mut key = String::new();
    let _ = match seen {
        Seen::Absent => write!(key, "absent"),
        Seen::Value(View::Bool(value)) => write!(key, "bool:{value}"),
        Seen::Value(View::Number(text)) => {
            write!(key, "number:{}", Decimal::parse(text).ok()?.canonical())
        }
        Seen::Value(View::Text(text)) => write!(key, "string:{text}"),
        Seen::Misshapen | Seen::Value(View::Null | View::List(_) | View::Object(_)) => return None,
    };
    Some(key)
}
