//! Inputs of several parts: cut at NULs, which stand neither in a JSON text nor in a header.

/// The first `N - 1` pieces and all the rest; pieces that are missing are empty.
pub fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut rest = data;
    std::array::from_fn(|index| {
        let cut = (index + 1 < N)
            .then(|| rest.iter().position(|byte| *byte == 0))
            .flatten();
        let (piece, after) = match cut {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = after;
        piece
    })
}

/// The first byte as a choice among `count`, and the rest.
pub fn choice(data: &[u8], count: u8) -> (u8, &[u8]) {
    data.split_first()
        .map_or((0, data), |(first, rest)| (first % count, rest))
}

/// The text, where it is one.
pub fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
