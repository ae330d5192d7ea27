//! Exact decimals against numbers written out in full (the slow reading that the policy's properties use).

#[expect(
    clippy::duplicate_mod,
    reason = "one slow reading of numbers, for this target and inside the oracle of policies"
)]
#[path = "../../../../shared/policy/tests/oracle/number.rs"]
mod full;

use crate::parts::{parts, text};
use full::Number;
use json::{Decimal, Limits};

/// Of a list of two numbers.
const LIMITS: Limits = Limits {
    bytes: 1 << 16,
    depth: 0,
    values: 1,
};

pub fn run(data: &[u8]) {
    let [first, second] = parts(data);
    let (Some(first), Some(second)) = (text(first), text(second)) else {
        return;
    };
    // A text that is no number is worth nothing, and no harm.
    let _ = (Decimal::parse(first), Decimal::respell(first));
    let (Some(first), Some(second)) = (number(first), number(second)) else {
        return;
    };
    let (ours, other) = (Decimal::parse(first), Decimal::parse(second));
    let (full, full_other) = (Number::read(first), Number::read(second));
    assert_eq!(ours.is_ok(), full.is_some(), "{first}");
    let (Ok(ours), Some(full)) = (ours, full) else {
        return;
    };
    let spelt = ours.canonical();
    assert_eq!(number(&spelt), Some(spelt.as_str()));
    let again = Decimal::parse(&spelt).expect("the canonical form is in range");
    assert_eq!(again, ours);
    assert_eq!(again.canonical(), spelt);
    for scale in [0, 1, 6, 18] {
        let is_cost = ours.units_up(scale).is_some_and(|units| units < 1 << 53);
        assert_eq!(
            is_cost,
            full.is_cost(usize::from(scale)),
            "{first} at {scale}"
        );
    }
    if let (Ok(other), Some(full_other)) = (other, full_other) {
        assert_eq!(ours.cmp(&other), full.cmp(&full_other), "{first} {second}");
        assert_eq!(ours == other, spelt == other.canonical());
    }
}

fn number(text: &str) -> Option<&str> {
    let document = json::read(text.as_bytes(), &LIMITS).ok()?;
    document.root.as_number().filter(|number| *number == text)
}
