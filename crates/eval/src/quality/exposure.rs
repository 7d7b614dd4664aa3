//! How exposure is spread over items: coverage, Gini, and the fairness of individual items.
//!
//! Fairness of individual items comes in the original and in the corrected form of Rampisela, Maistro, Ruotsalo and Lioma
//! ("Evaluation Measures of Individual Item Fairness for Recommender Systems: A Critical Study", ACM TORS 2024). The
//! original forms never reach their ends, because lists hold different items and exposure comes in whole numbers. The
//! corrected form of a measure is where it stands between the unfairest exposure that the same lists allow (all of them
//! show the same items) and the fairest (as equal as whole numbers can be). For lists of one length this is the paper's
//! correction; lists of several lengths are nested in the unfairest case.

use serde::Serialize;

/// A measure of fairness.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fairness {
    /// As first published.
    pub original: f64,
    /// Corrected; `None` if the fairest and the unfairest exposure have the same value, so that nothing can be said.
    pub corrected: Option<f64>,
}

/// How fair exposure is to individual items, whatever their relevance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ItemFairness {
    /// Jain's index, `(sum e)^2 / (n sum e^2)` of `n` items with exposures `e`; higher is fairer.
    pub jain: Fairness,
    /// Qualification fairness: share of the items that are shown at all; higher is fairer.
    pub shown: Fairness,
    /// Entropy of exposure to base `n`; an item that is not shown adds nothing, which is a correction too. Higher is fairer.
    pub entropy: Fairness,
    /// Gini index of exposure; **lower** is fairer, and 0 the fairest.
    pub gini: Fairness,
    /// Share of items that get their maximin share of exposure, `floor(sum e / n)`; higher is fairer. Without a correction
    /// while that is 0. The paper's unfairest case is not quite the lowest value there can be, so that very uneven exposure
    /// may fall below 0.
    pub satisfied: Fairness,
}

impl ItemFairness {
    /// From the exposure of every item of the catalogue, and the number of lists by length: `lengths[k]` lists of `k` items.
    /// `None` with fewer than two items or without exposure.
    pub fn of(exposure: &[u64], lengths: &[u64]) -> Option<Self> {
        let own = Spread::of(exposure);
        if own.items < 2 || own.total == 0 {
            return None;
        }
        let (fair, unfair) = (own.fairest(), Spread::unfairest(lengths, own.items));
        let fairness = |of: fn(&Spread) -> f64| {
            let [own, best, worst] = [&own, &fair, &unfair].map(of);
            let reach = best - worst;
            Fairness { original: own, corrected: (reach.abs() > 1e-12).then(|| (own - worst) / reach) }
        };
        let gini = fairness(Spread::gini);
        Some(Self {
            jain: fairness(Spread::jain),
            shown: fairness(Spread::shown),
            entropy: fairness(Spread::entropy),
            // Its fair end is the low one.
            gini: Fairness { corrected: gini.corrected.map(|value| 1.0 - value), ..gini },
            satisfied: fairness(Spread::satisfied),
        })
    }
}

/// Share of the items that are shown at all (`RecBole`'s item coverage); `None` without items.
pub fn coverage(exposure: &[u64]) -> Option<f64> {
    (!exposure.is_empty()).then(|| Spread::of(exposure).shown())
}

/// Gini index of exposure, items that are not shown included; `None` without exposure.
pub fn gini(exposure: &[u64]) -> Option<f64> {
    let spread = Spread::of(exposure);
    (spread.total > 0).then(|| spread.gini())
}

/// Exposures as runs of items with equal ones.
#[derive(Debug, Clone, PartialEq)]
struct Spread {
    /// Exposure and number of items that have it, in rising order.
    runs: Vec<(u64, u64)>,
    items: u64,
    total: u64,
}

impl Spread {
    fn of(exposure: &[u64]) -> Self {
        let mut sorted = exposure.to_vec();
        sorted.sort_unstable();
        Self::new(sorted.into_iter().map(|one| (one, 1)))
    }

    /// Runs may meet in equal exposures.
    fn new(runs: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (exposure, items) in runs.into_iter().filter(|(_, items)| *items > 0) {
            match merged.last_mut().filter(|last| last.0 == exposure) {
                Some(last) => last.1 += items,
                None => merged.push((exposure, items)),
            }
        }
        let items = merged.iter().map(|(_, items)| items).sum();
        let total = merged.iter().map(|(exposure, items)| exposure * items).sum();
        Self { runs: merged, items, total }
    }

    /// As equal as whole numbers can be.
    fn fairest(&self) -> Self {
        let (share, rest) = (self.total / self.items, self.total % self.items);
        Self::new([(share, self.items - rest), (share + 1, rest)])
    }

    /// All lists show the same items: the n-th of them is on all lists of `n` items or more.
    fn unfairest(lengths: &[u64], items: u64) -> Self {
        let mut runs = Vec::new();
        let mut lists = 0;
        for lists_of_length in lengths.iter().skip(1).rev() {
            lists += lists_of_length;
            runs.push((lists, 1));
        }
        let shown = runs.len() as u64;
        Self::new([(0, items.saturating_sub(shown))].into_iter().chain(runs))
    }

    fn shares(&self) -> impl Iterator<Item = (f64, f64)> {
        self.runs.iter().map(|(exposure, items)| (*exposure as f64, *items as f64))
    }

    fn jain(&self) -> f64 {
        let squares: f64 = self.shares().map(|(exposure, items)| exposure * exposure * items).sum();
        (self.total as f64).powi(2) / (self.items as f64 * squares)
    }

    fn shown(&self) -> f64 {
        let shown: u64 = self.runs.iter().filter(|run| run.0 > 0).map(|run| run.1).sum();
        shown as f64 / self.items as f64
    }

    fn entropy(&self) -> f64 {
        let base = (self.items as f64).ln();
        let shares = self.shares().filter(|(exposure, _)| *exposure > 0.0);
        shares
            .map(|(exposure, items)| {
                let share = exposure / self.total as f64;
                -items * share * share.ln() / base
            })
            .sum()
    }

    /// `sum over places i in rising order of (2 i - n - 1) e_i / (n sum e)`.
    fn gini(&self) -> f64 {
        let (mut before, mut sum) = (0.0, 0.0);
        let all = self.items as f64;
        for (exposure, items) in self.shares() {
            sum += exposure * items * (2.0 * before + items - all);
            before += items;
        }
        sum / (all * self.total as f64)
    }

    fn satisfied(&self) -> f64 {
        let share = self.total / self.items;
        let satisfied: u64 = self.runs.iter().filter(|run| run.0 >= share).map(|run| run.1).sum();
        satisfied as f64 / self.items as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn close(own: Option<f64>, expected: f64) {
        assert!((own.unwrap() - expected).abs() < 1e-12, "{own:?}, expected {expected}");
    }

    /// Four items, three lists of two: exposures 3, 2, 1, 0.
    #[test]
    fn a_case_by_hand() {
        let fairness = ItemFairness::of(&[2, 0, 3, 1], &[0, 0, 3]).unwrap();
        // 6^2 / (4 * 14); unfairest 3, 3, 0, 0: 1/2; fairest 2, 2, 1, 1: 36/40.
        close(Some(fairness.jain.original), 36.0 / 56.0);
        close(fairness.jain.corrected, (36.0 / 56.0 - 0.5) / (0.9 - 0.5));
        // 3 of 4 shown; at least 2, at most 4.
        close(Some(fairness.shown.original), 0.75);
        close(fairness.shown.corrected, 0.5);
        // (-3 * 0 - 1 * 1 + 1 * 2 + 3 * 3) / (4 * 6); unfairest (3 + 9) / 24, fairest (-3 - 1 + 2 + 6) / 24.
        close(Some(fairness.gini.original), 10.0 / 24.0);
        close(fairness.gini.corrected, (10.0 - 4.0) / (12.0 - 4.0));
        // Shares 1/2, 1/3, 1/6; unfairest log_4 2 = 1/2; fairest two thirds of them by log_4 3, one third by log_4 6.
        let log = |value: f64| value.ln() / 4_f64.ln();
        let own = 0.5 * log(2.0) + log(3.0) / 3.0 + log(6.0) / 6.0;
        let best = 2.0 / 3.0 * log(3.0) + log(6.0) / 3.0;
        close(Some(fairness.entropy.original), own);
        close(fairness.entropy.corrected, (own - 0.5) / (best - 0.5));
        // The maximin share is 1; at least 2 of 4 have it.
        close(Some(fairness.satisfied.original), 0.75);
        close(fairness.satisfied.corrected, 0.5);
    }

    #[test]
    fn the_ends_are_reached_where_the_originals_are_not() {
        // Two lists of 3 from 4 items cannot do better than 2, 2, 1, 1, nor worse than 2, 2, 2, 0.
        let ends = [[2, 1, 2, 1], [2, 2, 2, 0]].map(|own| ItemFairness::of(&own, &[0, 0, 0, 2]).unwrap());
        for (fairness, end) in ends.iter().zip([1.0, 0.0]) {
            close(fairness.jain.corrected, end);
            close(fairness.entropy.corrected, end);
            close(fairness.shown.corrected, end);
            close(fairness.satisfied.corrected, end);
            close(fairness.gini.corrected, 1.0 - end);
        }
        assert!(ends[0].jain.original < 1.0 && ends[0].gini.original > 0.0 && ends[1].jain.original > 0.25);
    }

    #[test]
    fn what_cannot_be_told_apart_has_no_correction() {
        // One list: it cannot be spread otherwise. Its maximin share is 0, which everything has.
        let fairness = ItemFairness::of(&[1, 1, 0], &[0, 0, 1]).unwrap();
        assert_eq!((fairness.jain.corrected, fairness.satisfied.corrected), (None, None));
        assert!((fairness.satisfied.original - 1.0).abs() < 1e-12);
        assert_eq!((ItemFairness::of(&[3], &[0, 3]), ItemFairness::of(&[0, 0], &[])), (None, None));
        assert_eq!((coverage(&[]), gini(&[0, 0]), coverage(&[0, 4])), (None, None, Some(0.5)));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn corrected_measures_stay_between_their_ends(
            lists in prop::collection::vec((1..6_usize, 0..12_usize), 1..30), items in 6..12_usize,
        ) {
            // A list of k items from a start, around the catalogue.
            let (mut exposure, mut lengths) = (vec![0; items], vec![0; 6]);
            for (length, start) in lists {
                lengths[length] += 1;
                (0..length).for_each(|at| exposure[(start + at) % items] += 1);
            }
            let fairness = ItemFairness::of(&exposure, &lengths).unwrap();
            for one in [fairness.jain, fairness.shown, fairness.entropy, fairness.gini] {
                let corrected = one.corrected.unwrap_or(0.5);
                prop_assert!((-1e-9..=1.0 + 1e-9).contains(&corrected), "{fairness:?}");
            }
            prop_assert!(fairness.satisfied.corrected.unwrap_or(0.5) <= 1.0 + 1e-9);
        }
    }
}
