//! Tokens of pieces that were encoded before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::PieceKind;

/// Bytes of text and tokens that one generation holds.
const GENERATION: usize = 16 << 20;

/// A bounded memory of encoded pieces in two generations: when the young one is full it becomes the old one, and what
/// is asked for again moves back. What is remembered changes only the time an encoding takes.
pub(super) struct Memo(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: [HashMap<Arc<str>, Arc<[u32]>>; 2],
    old: [HashMap<Arc<str>, Arc<[u32]>>; 2],
    bytes: usize,
}

impl Memo {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    pub(super) fn get(&self, kind: PieceKind, text: &str) -> Option<Arc<[u32]>> {
        let mut memo = self.lock();
        if let Some(tokens) = memo.young[kind as usize].get(text) {
            return Some(tokens.clone());
        }
        let (text, tokens) = memo.old[kind as usize].remove_entry(text)?;
        memo.insert(kind, text, tokens.clone());
        Some(tokens)
    }

    pub(super) fn put(&self, kind: PieceKind, text: &str, tokens: &Arc<[u32]>) {
        self.lock().insert(kind, text.into(), tokens.clone());
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        // A panic while the lock is held can lose an entry, not damage one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn insert(&mut self, kind: PieceKind, text: Arc<str>, tokens: Arc<[u32]>) {
        let bytes = text.len() + 4 * tokens.len() + 64;
        if self.bytes + bytes > GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.young[kind as usize].insert(text, tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let memo = Memo::new();
        let tokens: Arc<[u32]> = vec![7; 1 << 18].into();
        memo.put(PieceKind::Text, "often", &tokens);
        for number in 0..100 {
            memo.put(PieceKind::Text, &number.to_string(), &tokens);
            assert!(memo.get(PieceKind::Text, "often").is_some());
        }
        assert!(memo.get(PieceKind::Text, "0").is_none());
        assert!(memo.get(PieceKind::Markup, "often").is_none());
        assert!(memo.lock().bytes <= GENERATION);
    }
}
