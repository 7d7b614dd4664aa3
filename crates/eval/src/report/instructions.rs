//! What users tell the recommender to change.

use std::collections::BTreeMap;

use serde::Serialize;

/// Different texts that are counted.
const DISTINCT: usize = 50_000;

/// Texts that are shown.
const TOP: usize = 15;

/// Instructions, counted without regard to case and surrounding space.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Instructions {
    /// Instructions in all.
    pub count: u64,
    /// The most frequent, with their number; ties in order of the alphabet.
    pub top: Vec<(String, u64)>,
    /// Instructions that came after 50,000 different ones and were like none of them: not counted by text.
    pub uncounted: u64,
}

/// Counts by text.
#[derive(Debug, Default)]
pub(super) struct InstructionCounts {
    texts: BTreeMap<String, u64>,
    count: u64,
    uncounted: u64,
}

impl InstructionCounts {
    pub(super) fn add(&mut self, text: &str) {
        self.count += 1;
        let text = text.trim().to_lowercase();
        let full = self.texts.len() >= DISTINCT;
        match self.texts.get_mut(&text) {
            Some(count) => *count += 1,
            None if full => self.uncounted += 1,
            None => {
                self.texts.insert(text, 1);
            }
        }
    }

    pub(super) fn finish(self) -> Instructions {
        let mut top: Vec<(String, u64)> = self.texts.into_iter().collect();
        // Stable: ties stay in order of the alphabet.
        top.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        top.truncate(TOP);
        Instructions { count: self.count, top, uncounted: self.uncounted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frequent_come_first() {
        let mut counts = InstructionCounts::default();
        for text in ["More jazz", "less news", " more jazz ", "LESS NEWS", "zebra", "anything"] {
            counts.add(text);
        }
        let all = counts.finish();
        let top: Vec<_> = all.top.iter().map(|(text, count)| (text.as_str(), *count)).collect();
        assert_eq!(top, [("less news", 2), ("more jazz", 2), ("anything", 1), ("zebra", 1)]);
        assert_eq!((all.count, all.uncounted), (6, 0));
    }
}
