use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Every admission, with its time: what the ring approximates.
#[derive(Debug, Default, Clone)]
struct Log(Vec<(u64, u64)>);

impl Log {
    /// Admitted in `(from, to]`.
    fn within(&self, from: u64, to: u64) -> u64 {
        let inside = |at: u64| at > from && at <= to;
        self.0
            .iter()
            .filter(|(at, _)| inside(*at))
            .map(|(_, cost)| cost)
            .sum()
    }

    /// The earliest time from `now` at which an exact log would admit `cost`.
    fn admits_at(&self, now: u64, window: u64, cost: u64, max: u64) -> u64 {
        let ends = self.0.iter().map(|(at, _)| at + window);
        let mut times: Vec<u64> = ends.filter(|&at| at > now).chain([now]).collect();
        times.sort_unstable();
        times
            .into_iter()
            .find(|&at| {
                let counted = self.0.iter().filter(|(stamp, _)| stamp + window > at);
                counted.map(|(_, cost)| cost).sum::<u64>() + cost <= max
            })
            .expect("after the last admission has left, what fits the budget fits")
    }
}

#[derive(Debug, Clone)]
struct Limit {
    window: u64,
    max: u64,
}

#[derive(Debug, Clone)]
struct Step {
    after: i64,
    costs: Vec<u64>,
}

impl Ring {
    /// As the function keeps it; nothing, where it would have written nothing yet.
    pub fn hash(&self) -> BTreeMap<String, String> {
        let Some(head) = self.head else {
            return BTreeMap::new();
        };
        let geometry = format!("{}x{}", self.geometry.slot_ms, self.geometry.slots);
        let slots = self.slots.iter().map(|slot| (slot.number, slot.cost));
        let all = slots.map(|(number, cost)| (number.to_string(), cost.to_string()));
        let named = [
            ("s", self.sum.to_string()),
            ("h", head.to_string()),
            ("l", self.last.to_string()),
            ("g", geometry),
        ];
        all.chain(named.map(|(name, value)| (name.to_owned(), value)))
            .collect()
    }
}

const EPOCH: u64 = 1_700_000_000_000;

fn limit() -> impl Strategy<Value = Limit> {
    let windows = prop_oneof![
        Just(1_000),
        Just(7_000),
        Just(60_000),
        Just(3_600_000),
        Just(DAY),
        Just(MONTH),
        1_000..MONTH
    ];
    (windows, 1..40_u64).prop_map(|(window, max)| Limit { window, max })
}

fn step(span: u64) -> impl Strategy<Value = Step> {
    let span = i64::try_from(span).unwrap();
    let after = prop_oneof![
        6 => 0..=span / 40 + 1,
        3 => 0..=span,
        1 => -span..=0,
    ];
    (after, prop::collection::vec(0..12_u64, 3)).prop_map(|(after, costs)| Step { after, costs })
}

fn history() -> impl Strategy<Value = (Vec<Limit>, Vec<Step>)> {
    prop::collection::vec(limit(), 1..=3).prop_flat_map(|limits| {
        let span = limits.iter().map(|limit| limit.window).min().unwrap_or(1);
        (Just(limits), prop::collection::vec(step(span), 1..120))
    })
}

/// One limit beside its exact log.
struct Watched {
    limit: Limit,
    geometry: Geometry,
    ring: Ring,
    log: Log,
}

impl Watched {
    fn new(limit: Limit) -> Self {
        let geometry = Geometry::of(limit.window);
        Self {
            limit,
            geometry,
            ring: Ring::new(geometry),
            log: Log::default(),
        }
    }

    fn slot_sum(&self) -> u64 {
        self.ring.slots.iter().map(|slot| slot.cost).sum()
    }

    /// V: a refusal is owed to what is still retained; and the time it names is honest.
    fn assert_refusal_is_right(&self, reckoned: u64, now: u64, cost: u64) {
        let Limit { window, max } = self.limit;
        let (span, slots) = (self.geometry.slot_ms(), self.geometry.slots());
        let oldest = (reckoned / span).saturating_sub(slots) * span;
        let retained = self.log.within(oldest.saturating_sub(1), reckoned);
        assert!(
            retained + cost > max,
            "refused {cost} with {retained} of {max} used"
        );

        let Some(wait) = self.ring.wait(now, cost, max) else {
            assert!(
                cost > max,
                "only what exceeds the whole budget waits for ever"
            );
            return;
        };
        let then = now + wait;
        let mut later = self.ring.clone();
        later.open(self.geometry, then);
        assert!(later.admits(cost, max), "a retry after {wait} ms is early");
        // Whole slots may cover a little more than the window.
        let excess = span * slots - window;
        let exact = self.log.admits_at(reckoned, window, cost, max);
        assert!(
            then <= exact.max(now) + span + excess,
            "{wait} ms is late by more than a slot"
        );
    }

    /// U: no interval of one window that ends now holds more than the max.
    fn assert_within_max(&self, reckoned: u64) {
        let used = self
            .log
            .within(reckoned.saturating_sub(self.limit.window), reckoned);
        assert!(
            used <= self.limit.max,
            "{used} of {} in one window",
            self.limit.max
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_window_exceeds_and_no_refusal_is_without_cause((limits, steps) in history()) {
        let mut now = EPOCH;
        let mut all: Vec<Watched> = limits.into_iter().map(Watched::new).collect();
        for step in steps {
            now = now.saturating_add_signed(step.after);
            let mut asked = Vec::new();
            for (watched, &cost) in all.iter_mut().zip(&step.costs) {
                let reckoned = watched.ring.open(watched.geometry, now);
                asked.push((reckoned, cost, watched.ring.admits(cost, watched.limit.max)));
            }
            let admitted = asked.iter().all(|(_, _, fits)| *fits);
            for (watched, (reckoned, cost, fits)) in all.iter_mut().zip(asked) {
                if !fits {
                    watched.assert_refusal_is_right(reckoned, now, cost);
                }
                if admitted {
                    watched.ring.charge(reckoned, cost);
                    watched.log.0.push((reckoned, cost));
                    watched.assert_within_max(reckoned);
                }
                prop_assert_eq!(watched.ring.sum(), watched.slot_sum());
                prop_assert!(watched.ring.slots.len() as u64 <= watched.geometry.slots() + 1);
            }
        }
    }

    #[test]
    fn a_refund_never_goes_below_zero_nor_gives_more_than_was_charged(
        charges in prop::collection::vec((0..400_u64, 0..20_u64), 1..60),
        refunds in prop::collection::vec((0..60_usize, 0..30_u64, 0..3_000_u64), 0..60),
    ) {
        let geometry = Geometry::of(1_000);
        let mut ring = Ring::new(geometry);
        let mut now = EPOCH;
        let mut slots = Vec::new();
        for (after, cost) in charges {
            now += after;
            let at = ring.open(geometry, now);
            slots.push(ring.charge(at, cost));
        }
        for (which, cost, after) in refunds {
            now += after;
            ring.open(geometry, now);
            let before = ring.sum();
            ring.refund(geometry, slots[which % slots.len()], cost);
            prop_assert!(ring.sum() <= before && before - ring.sum() <= cost);
            prop_assert_eq!(ring.sum(), ring.slots.iter().map(|slot| slot.cost).sum::<u64>());
        }
    }

    #[test]
    fn another_geometry_never_forgets_what_the_old_one_still_counts(
        first in limit(), second in limit(),
        charges in prop::collection::vec((0..2_000_u64, 1..5_u64), 1..40),
        gap in 0..5_000_u64,
    ) {
        let (old, new) = (Geometry::of(first.window), Geometry::of(second.window));
        let mut ring = Ring::new(old);
        let mut now = EPOCH;
        for (after, cost) in charges {
            now += after;
            let at = ring.open(old, now);
            ring.charge(at, cost);
        }
        now += gap;
        let mut unchanged = ring.clone();
        unchanged.open(old, now);
        let at = ring.open(new, now);
        prop_assert_eq!(ring.sum(), unchanged.sum());
        // All of it leaves again, one new window after the change at the latest.
        ring.open(new, at + new.retained_ms());
        prop_assert_eq!(ring.sum(), 0);
    }
}

#[test]
fn an_idle_budget_admits_exactly_its_max_in_one_slot() {
    let geometry = Geometry::of(60_000);
    let mut ring = Ring::new(geometry);
    let admitted = (0..1_000)
        .filter(|_| {
            let at = ring.open(geometry, EPOCH);
            let fits = ring.admits(1, 100);
            if fits {
                ring.charge(at, 1);
            }
            fits
        })
        .count();
    assert_eq!(admitted, 100);
}

#[test]
fn a_cost_above_the_max_never_fits() {
    let ring = Ring::new(Geometry::of(60_000));
    assert!(!ring.admits(11, 10));
    assert_eq!(ring.wait(EPOCH, 11, 10), None);
}

#[test]
fn the_greatest_costs_do_not_overflow() {
    let geometry = Geometry::of(MONTH);
    let mut ring = Ring::new(geometry);
    let at = ring.open(geometry, EPOCH);
    ring.charge(at, GREATEST);
    assert!(!ring.admits(GREATEST, GREATEST));
    assert!(ring.admits(0, GREATEST));
    ring.charge(at, GREATEST);
    assert_eq!(ring.sum(), GREATEST);
}

#[test]
fn a_clock_set_back_frees_nothing() {
    let geometry = Geometry::of(60_000);
    let mut ring = Ring::new(geometry);
    let at = ring.open(geometry, EPOCH);
    ring.charge(at, 10);
    let back = EPOCH - 300_000;
    assert_eq!(ring.open(geometry, back), EPOCH);
    assert!(!ring.admits(1, 10));
    // The time to wait is told by the clock that will be asked again.
    assert_eq!(
        back + ring.wait(back, 1, 10).unwrap(),
        (EPOCH / 1_000 + 61) * 1_000
    );
}

#[test]
fn windows_of_the_language_are_cut_as_designed() {
    let cuts = [
        (1_000, 50, 20),
        (60_000, 1_000, 60),
        (3_600_000, 60_000, 60),
        (DAY, 1_800_000, 48),
        (MONTH, 43_200_000, 62),
    ];
    for (window, span, slots) in cuts {
        let geometry = Geometry::of(window);
        assert_eq!((geometry.slot_ms(), geometry.slots()), (span, slots));
    }
}
