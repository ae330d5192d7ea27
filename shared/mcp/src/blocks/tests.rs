use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_came_in_pieces_is_whole_again(
        first in proptest::collection::vec(any::<u8>(), 0..100),
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..70_000), 0..6),
    ) {
        let mut blocks = Blocks::from_vec(first.clone());
        for piece in &pieces {
            blocks.extend(piece);
        }
        let whole = [first, pieces.concat()].concat();
        prop_assert_eq!(blocks.len(), whole.len());
        prop_assert_eq!(blocks.is_empty(), whole.is_empty());
        prop_assert_eq!(blocks.into_vec(), whole);
    }
}

#[test]
fn what_is_long_takes_what_it_is() {
    let mut blocks = Blocks::default();
    for _ in 0..1_000 {
        blocks.extend(&[b'x'; 1_000]);
    }
    let taken: usize = blocks.rest.iter().map(Vec::capacity).sum();
    assert!(blocks.first.capacity() + taken <= blocks.len() + 3 * BLOCK);
    assert_eq!(blocks.into_vec().capacity(), 1_000_000);
}
