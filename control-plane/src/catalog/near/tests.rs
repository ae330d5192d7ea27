use super::{mistakes, nearest};

#[test]
fn a_swapped_pair_is_one_mistake() {
    assert_eq!(mistakes("refudn", "refund"), 1);
    assert_eq!(mistakes("stirpe", "stripe"), 1);
    assert_eq!(mistakes("dicon", "dicom"), 1);
    assert_eq!(mistakes("", "abc"), 3);
    assert_eq!(mistakes("kitten", "sitting"), 3);
}

#[test]
fn the_nearest_words_stand_for_what_was_typed_and_far_ones_do_not() {
    let known = ["refund", "refunds", "fund", "reload"].map(str::to_owned);
    assert_eq!(nearest("refudn", &known), ["refund"]);
    assert!(nearest("zzzzzz", &known).is_empty());
}
