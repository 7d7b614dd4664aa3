//! A set of positions.

/// Marked positions of a pool, one bit each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    words: Vec<u64>,
}

impl Marks {
    /// No mark on any of `len` positions.
    pub(crate) fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)] }
    }

    /// Whether the position is marked.
    pub(crate) fn get(&self, at: u32) -> bool {
        self.words[at as usize / 64] >> (at % 64) & 1 == 1
    }

    /// Whether any of 64 positions from `64 * word` on is marked.
    pub(crate) fn any(&self, word: usize) -> bool {
        self.words.get(word).is_some_and(|word| *word != 0)
    }

    /// Marks the position; says whether it was free.
    pub(crate) fn set(&mut self, at: u32) -> bool {
        let (word, bit) = (&mut self.words[at as usize / 64], 1 << (at % 64));
        let free = *word & bit == 0;
        *word |= bit;
        free
    }

    /// Frees the position.
    pub(crate) fn clear(&mut self, at: u32) {
        self.words[at as usize / 64] &= !(1 << (at % 64));
    }
}
