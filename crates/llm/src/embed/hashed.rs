//! Vectors without a model: hashed words and parts of words.

use std::collections::BTreeMap;

use super::{Embedder, normalise};
use crate::error::LlmError;

/// Counts features of a text, hashed into a vector with random signs (feature hashing, Weinberger et al. 2009).
///
/// Features: words, pairs of neighbouring words, and all runs of 3 to 5 characters of each word with its ends marked
/// (as in fastText, Bojanowski et al. 2017), so that forms of a word are near each other. Words are runs of letters and
/// digits, in lower case. A feature seen `n` times counts `1 + ln n`; the parts of a word share the weight of one.
///
/// The same text has the same vector on every machine and in every version: the hash is FNV-1a with 64 bits.
///
/// ```
/// use habitue_llm::{Embedder, HashedEmbedder};
///
/// let embedder = HashedEmbedder::default();
/// let vectors = embedder.embed(&["a film about cooking", "films about cooks", "football news"])?;
/// let alike = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum::<f32>();
/// assert!(alike(0, 1) > alike(0, 2));
/// # Ok::<(), habitue_llm::LlmError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashedEmbedder {
    width: usize,
}

impl Default for HashedEmbedder {
    /// Vectors of 256 numbers.
    fn default() -> Self {
        Self { width: 256 }
    }
}

impl HashedEmbedder {
    /// Vectors of so many numbers, at least one.
    pub fn new(width: usize) -> Self {
        Self { width: width.max(1) }
    }

    fn vector(self, text: &str) -> Vec<f32> {
        let text = text.to_lowercase();
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        // By hash, weight and count; in the order of the hashes, so that sums have one order.
        let mut features: BTreeMap<u64, (f64, u32)> = BTreeMap::new();
        let mut count = |hash: u64, weight: f64| {
            let feature = features.entry(hash).or_insert((weight, 0));
            feature.1 += 1;
        };
        for word in &words {
            count(fnv(&[b"w", word.as_bytes()]), 1.0);
            let marked: Vec<char> = std::iter::once('<').chain(word.chars()).chain(['>']).collect();
            let parts: Vec<String> =
                (3..=5).flat_map(|size| marked.windows(size)).map(|part| part.iter().collect()).collect();
            let weight = 1.0 / (parts.len().max(1) as f64).sqrt();
            for part in parts {
                count(fnv(&[b"c", part.as_bytes()]), weight);
            }
        }
        for pair in words.windows(2) {
            count(fnv(&[b"p", pair[0].as_bytes(), b" ", pair[1].as_bytes()]), 0.5);
        }
        let mut vector = vec![0.0; self.width];
        for (hash, (weight, count)) in features {
            let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
            vector[(hash % (1 << 48)) as usize % self.width] +=
                (sign * weight * (1.0 + f64::from(count).ln())) as f32;
        }
        normalise(&mut vector);
        vector
    }
}

/// FNV-1a over the parts one after the other.
fn fnv(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().copied().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

impl Embedder for HashedEmbedder {
    fn id(&self) -> String {
        format!("hashed-ngrams-{}", self.width)
    }

    fn width(&self) -> usize {
        self.width
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, LlmError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(a: &str, b: &str) -> f32 {
        let vectors = HashedEmbedder::default().embed(&[a, b]).unwrap();
        vectors[0].iter().zip(&vectors[1]).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn alike_texts_are_near_and_others_are_not() {
        assert!((alike("Quiet films", "quiet  FILMS!") - 1.0).abs() < 1e-6);
        assert!(alike("a film about cooking", "films about cooks") > 0.3);
        assert!(alike("a film about cooking", "the football results").abs() < 0.2);
        assert!(alike("日本語の映画", "日本語の歌") > alike("日本語の映画", "サッカー"));
    }

    #[test]
    fn vectors_are_pinned() {
        // A change would silently change every memory that a run retrieves.
        let vector = HashedEmbedder::new(8).embed(&["the user likes the sea"]).unwrap().remove(0);
        insta::assert_snapshot!(format!("{vector:.6?}"));
        assert_eq!(HashedEmbedder::new(8).embed(&["", " .,!"]).unwrap(), [[0.0; 8], [0.0; 8]]);
    }
}
