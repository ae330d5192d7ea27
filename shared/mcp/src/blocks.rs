//! Bytes that come piece by piece. What has come is not moved while more comes, so it takes what it is: one allocation that
//! grows takes up to twice that, and three times while it is moved.

/// What a block holds.
const BLOCK: usize = 32 * 1024;

#[derive(Debug, Default)]
pub struct Blocks {
    /// Grows up to a block: most of what comes is short.
    first: Vec<u8>,
    rest: Vec<Vec<u8>>,
    len: usize,
}

impl Blocks {
    /// What comes first is put into this, after what it holds.
    pub fn from_vec(first: Vec<u8>) -> Self {
        Self {
            len: first.len(),
            first,
            rest: Vec::new(),
        }
    }

    pub fn extend(&mut self, mut part: &[u8]) {
        self.len += part.len();
        loop {
            let last = self.rest.last_mut().unwrap_or(&mut self.first);
            let room = BLOCK.saturating_sub(last.len());
            let (now, later) = part.split_at(room.min(part.len()));
            last.extend_from_slice(now);
            if later.is_empty() {
                return;
            }
            self.rest.push(Vec::with_capacity(BLOCK));
            part = later;
        }
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of it in one piece. What fits into one block is not copied.
    pub fn into_vec(self) -> Vec<u8> {
        let mut whole = self.first;
        whole.reserve_exact(self.len - whole.len());
        for block in self.rest {
            whole.extend_from_slice(&block);
        }
        whole
    }
}

#[cfg(test)]
mod tests;
