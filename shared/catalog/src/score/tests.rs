use super::Score;
use crate::Category::{Destructive, Execute, Financial, Read, Unknown, Write};

#[test]
fn a_dangerous_miss_is_a_dangerous_tool_called_harmless() {
    let score = Score {
        counts: vec![
            (Destructive, Write),
            (Financial, Read),
            (Financial, Execute),
            (Destructive, Unknown),
            (Destructive, Financial),
            (Write, Read),
        ],
    };
    assert_eq!((score.dangerous(), score.dangerous_misses()), (5, 2));
    assert_eq!((score.tools(), score.right(), score.unknown()), (6, 0, 1));
}

#[test]
fn the_targets_are_missed_by_one_tool_too_many() {
    let of = |right: usize, wrong: usize| Score {
        counts: std::iter::repeat_n((Read, Read), right)
            .chain(std::iter::repeat_n((Read, Write), wrong))
            .collect(),
    };
    assert!(of(92, 8).reaches_its_targets());
    assert!(!of(91, 9).reaches_its_targets());
    assert!(!of(0, 0).reaches_its_targets());
}

#[test]
fn the_matrix_has_a_row_for_each_label() {
    let score = Score {
        counts: vec![(Read, Read), (Read, Write), (Destructive, Destructive)],
    };
    let said = score.to_string();
    assert!(said.contains(" 2 of 3 (66.7 %)"), "{said}");
    assert!(
        said.contains("dangerous misses    0 of 1 (0.0 %)"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 6, "{said}");
}
