use super::{Action, Operator, Window, distance, nearest};

#[test]
fn a_slip_of_the_finger_finds_its_word() {
    for (typed, meant) in [
        ("dney", "deny"),
        ("Deny", "deny"),
        ("require_aproval", "require_approval"),
        ("hid", "hide"),
    ] {
        assert_eq!(
            nearest(typed, Action::WORDS.iter().copied()),
            Some(meant),
            "{typed}"
        );
    }
    assert_eq!(
        nearest("greater_than", Operator::WORDS.iter().copied()),
        None
    );
}

#[test]
fn a_swap_is_one_step() {
    assert_eq!(distance("dney", "deny"), 1);
    assert_eq!(distance("", "abc"), 3);
    assert_eq!(distance("abc", "abc"), 0);
}

#[test]
fn a_month_is_31_days() {
    assert_eq!(Window::Month.seconds(), 2_678_400);
}
