//! Small changes to the files of a corpus, the same ones in every run: what a build without the engine tries.

/// Pieces that readers of ours look for. The engine takes them from the same file.
const WORDS: &str = include_str!("../words.dict");

/// Endless inputs made from some seeds. INVARIANT: the same seeds give the same inputs.
#[derive(Debug)]
pub struct Mutations<'a> {
    seeds: &'a [(String, Vec<u8>)],
    words: Vec<Vec<u8>>,
    state: u64,
}

impl<'a> Mutations<'a> {
    pub fn of(seeds: &'a [(String, Vec<u8>)]) -> Self {
        assert!(!seeds.is_empty(), "nothing to change");
        Self {
            seeds,
            words: WORDS.lines().filter_map(word).collect(),
            state: 0x9E37_79B9_7F4A_7C15,
        }
    }

    /// A number below `limit`, or 0 (splitmix64).
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        usize::try_from(z % (limit.max(1) as u64)).unwrap_or(0)
    }

    fn range(&mut self, data: &[u8]) -> std::ops::Range<usize> {
        let from = self.below(data.len() + 1);
        let length = self.below((data.len() - from).min(16) + 1);
        from..from + length
    }

    fn change(&mut self, data: &mut Vec<u8>) {
        let at = self.below(data.len());
        match self.below(7) {
            0 if !data.is_empty() => data[at] ^= 1 << self.below(8),
            1 if !data.is_empty() => data[at] = u8::try_from(self.below(256)).unwrap_or(0),
            2 => {
                let range = self.range(data);
                data.drain(range);
            }
            3 => {
                let range = self.range(data);
                let piece = data[range].to_vec();
                data.splice(at..at, piece);
            }
            4 => {
                let other = self.below(self.seeds.len());
                let other = &self.seeds[other].1;
                let range = self.range(other);
                data.splice(at..at, other[range].iter().copied());
            }
            5 => {
                let range = self.range(data);
                let word = self.below(self.words.len());
                data.splice(range, self.words[word].iter().copied());
            }
            _ => {
                let word = self.below(self.words.len());
                data.splice(at..at, self.words[word].iter().copied());
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let seed = self.below(self.seeds.len());
        let mut data = self.seeds[seed].1.clone();
        for _ in 0..=self.below(4) {
            self.change(&mut data);
        }
        Some(data)
    }
}

/// `"TEXT"` with `\\`, `\"` and `\xHH`; other lines hold no word.
fn word(line: &str) -> Option<Vec<u8>> {
    let inner = line.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::new();
    let mut bytes = inner.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next()? {
            b'x' => {
                let digits = [bytes.next()?, bytes.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                out.push(u8::from_str_radix(digits, 16).ok()?);
            }
            plain => out.push(plain),
        }
    }
    Some(out)
}
