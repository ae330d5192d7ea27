//! Words that were mistyped: which of the known ones is meant. Pure.

/// So many known words at most stand for one that was typed.
const MOST: usize = 4;

/// Of words that look alike, those with the fewest mistakes between; none where there are too many to speak of a mistake.
pub(super) fn nearest(typed: &str, known: &[String]) -> Vec<String> {
    let allowed = match typed.chars().count() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let mut found: Vec<(usize, &String)> = known
        .iter()
        .map(|word| (mistakes(typed, word), word))
        .filter(|(mistakes, _)| *mistakes <= allowed)
        .collect();
    found.sort();
    let fewest = found.first().map_or(0, |(mistakes, _)| *mistakes);
    found
        .into_iter()
        .take_while(|(mistakes, _)| *mistakes == fewest)
        .take(MOST)
        .map(|(_, word)| word.clone())
        .collect()
}

/// Letters that are wrong, missing, too many or swapped with their neighbour.
fn mistakes(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, wanted) in other.iter().enumerate() {
            let mut least = (row[j] + usize::from(letter != wanted))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            let is_swapped = i > 0 && j > 0 && *letter == other[j - 1] && one[i - 1] == *wanted;
            if is_swapped {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

#[cfg(test)]
mod tests;
