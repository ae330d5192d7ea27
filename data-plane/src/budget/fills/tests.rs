use super::{Fills, MOST};
use bundle::feed::{Fill, MOST_FILLS};
use ids::{GrantId, OrgId, PolicyId};

fn fill(rule: &str, used: u64) -> Fill {
    Fill {
        org: OrgId::new(1, [1; 10]),
        grant: GrantId::new(1, [2; 10]),
        policy: PolicyId::new(1, [3; 10]),
        rule: rule.to_owned(),
        used,
        max: 10,
        window_ms: 60_000,
        at: 5,
    }
}

#[test]
fn of_several_budgets_of_one_limit_the_fullest_is_told_of_once() {
    let fills = Fills::default();
    for used in [8, 10, 9] {
        fills.saw(fill("/limits/a", used));
    }
    fills.saw(fill("/limits/b", 9));
    let told: Vec<_> = fills
        .take()
        .into_iter()
        .map(|fill| (fill.rule, fill.used))
        .collect();
    assert_eq!(
        told,
        [("/limits/a".to_owned(), 10), ("/limits/b".to_owned(), 9)]
    );
    assert!(fills.take().is_empty());
}

#[test]
fn a_report_has_its_bound_and_what_is_kept_for_it_as_well() {
    let fills = Fills::default();
    for number in 0..2 * MOST {
        fills.saw(fill(&number.to_string(), 8));
    }
    assert_eq!(fills.take().len(), MOST_FILLS);
}
