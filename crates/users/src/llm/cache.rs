//! Whether the cache has room for the users who decide at the same time.

use std::sync::atomic::{AtomicBool, Ordering};

use habitue_core::scenario::Size;
use habitue_core::scenario::llm::{EachName, LlmConfig};

use super::page::Page;

/// Looks at the first pages that are decided, when it is known how long prompts are, and warns once: where the pages in
/// flight do not fit, they drive each other out and every question of a page reads all of it again.
#[derive(Debug, Default)]
pub(super) struct Room {
    is_checked: AtomicBool,
}

/// What is missing.
#[derive(Debug, PartialEq)]
pub(super) struct Shortage {
    /// Tokens that the cache holds.
    pub(super) holds: u64,
    /// Tokens of the pages in flight.
    pub(super) needed: u64,
    /// A cache that would do.
    pub(super) enough: Size,
}

impl Room {
    /// Checks the pages of the first batch.
    pub(super) fn check<'a>(
        &self,
        config: &LlmConfig,
        bytes_per_token: u64,
        pages: impl Iterator<Item = &'a Page>,
    ) {
        if self.is_checked.load(Ordering::Relaxed) {
            return;
        }
        let tokens: Vec<u64> = pages.map(|page| tokens(page, config.each)).collect();
        if tokens.is_empty() || self.is_checked.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(shortage) = shortage(config.cache, bytes_per_token, &tokens, config.batch as usize) {
            let Shortage { holds, needed, enough } = shortage;
            tracing::warn!(
                model = config.model,
                cache = %config.cache,
                holds,
                needed,
                users = tokens.len().min(config.batch as usize),
                "llm.cache is too small for the users in flight: their prompts are read again and again; \
                 llm.cache = \"{enough}\" would do, or a smaller llm.batch"
            );
        }
    }
}

/// About how many tokens of the cache a page takes: what its first program read, over the number of times that it read.
fn tokens(page: &Page, each: EachName) -> u64 {
    let Some(program) = page.programs.first() else { return 0 };
    // Independent choices are one question, under names that end with the position.
    let kind = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let mut names: Vec<String> = program.slots.iter().map(|slot| kind(&slot.name)).collect();
    if each == EachName::Independent {
        names.dedup();
    }
    (program.prompt_tokens + program.generated_tokens) / names.len().max(1) as u64
}

/// What is missing, if anything, for the pages of `batch` users with these numbers of tokens.
fn shortage(cache: Size, bytes_per_token: u64, pages: &[u64], batch: usize) -> Option<Shortage> {
    let in_flight = pages.len().min(batch) as u64;
    let needed = pages.iter().sum::<u64>().div_ceil(pages.len() as u64) * in_flight;
    let holds = cache.0 / bytes_per_token.max(1);
    (holds < needed).then(|| {
        // A quarter more, for pages of the cache that are not full; whole mebibytes.
        let bytes = needed * bytes_per_token * 5 / 4;
        Shortage { holds, needed, enough: Size(bytes.div_ceil(1 << 20) << 20) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_too_small_if_the_pages_in_flight_do_not_fit() {
        // SmolLM2-135M takes 46,080 bytes a token: 256 MiB are 5,825 of them.
        let cache = Size(256 << 20);
        let enough = Size(2_110 << 20);
        let shortage = shortage(cache, 46_080, &[600; 64], 64).unwrap();
        assert_eq!(shortage, Shortage { holds: 5_825, needed: 38_400, enough });
        assert_eq!(super::shortage(enough, 46_080, &[600; 64], 64), None);
        assert_eq!(super::shortage(cache, 46_080, &[600; 64], 8), None, "a small batch");
        assert_eq!(super::shortage(cache, 46_080, &[500; 3], 64), None, "few users");
    }
}
