//! How well a ranked list finds what is relevant.

use serde::Serialize;

/// Measures of one ranked list, cut off after `k` items. Definitions are those of `RecBole` (Zhao et al., CIKM 2021), which
/// for lists without grades are those of scikit-learn.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Ranking {
    /// Relevant items among the first `k`, over `k`. A list that is shorter than `k` has nothing at its missing places.
    pub precision: f64,
    /// Relevant items among the first `k`, over all relevant items.
    pub recall: f64,
    /// Discounted cumulative gain over that of the best list, gain 1 and discount `1 / log2(place + 1)` (Järvelin and
    /// Kekäläinen, TOIS 2002).
    pub ndcg: f64,
    /// 1 over the place of the first relevant item; 0 without one among the first `k`.
    pub reciprocal_rank: f64,
    /// 1 if there is a relevant item among the first `k`, else 0.
    pub hit: f64,
    /// Sum of the precisions at the places of relevant items, over the smaller of `k` and the number of relevant items.
    pub average_precision: f64,
}

impl Ranking {
    /// Names of the measures, in the order of [`Self::values`].
    pub const NAMES: [&str; 6] = ["precision", "recall", "nDCG", "MRR", "hit rate", "MAP"];

    /// Of a list whose items are relevant or not, best first, when `relevant` items are relevant in all. `None` if nothing
    /// is relevant or `k` is 0: such lists are left out of means.
    pub fn at(k: usize, list: impl IntoIterator<Item = bool>, relevant: usize) -> Option<Self> {
        if relevant == 0 || k == 0 {
            return None;
        }
        let (mut hits, mut gain, mut precisions, mut first) = (0_usize, 0.0, 0.0, 0);
        for (is_relevant, place) in list.into_iter().zip(1_usize..).take(k) {
            if is_relevant {
                hits += 1;
                gain += discount(place);
                precisions += hits as f64 / place as f64;
                first = if first == 0 { place } else { first };
            }
        }
        let most = relevant.min(k);
        Some(Self {
            precision: hits as f64 / k as f64,
            recall: hits as f64 / relevant as f64,
            ndcg: gain / (1..=most).map(discount).sum::<f64>(),
            reciprocal_rank: if first == 0 { 0.0 } else { 1.0 / first as f64 },
            hit: f64::from(u8::from(hits > 0)),
            average_precision: precisions / most as f64,
        })
    }

    /// The measures, in the order of [`Self::NAMES`].
    pub const fn values(self) -> [f64; 6] {
        [self.precision, self.recall, self.ndcg, self.reciprocal_rank, self.hit, self.average_precision]
    }
}

/// nDCG at `k` of a list whose items have these gains, 0 or more, when the items that could have been listed have the gains
/// `all` in any order. As scikit-learn's `ndcg_score`: the gain is the grade itself. `None` without gain or if `k` is 0.
pub fn graded_ndcg(k: usize, list: &[f64], all: &[f64]) -> Option<f64> {
    let sum = |gains: &[f64]| -> f64 {
        gains.iter().zip(1..).take(k).map(|(gain, place)| gain * discount(place)).sum()
    };
    let mut best = all.to_vec();
    best.sort_by(|one, other| other.total_cmp(one));
    let best = sum(&best);
    (best > 0.0).then(|| sum(list) / best)
}

/// Of a place, counted from 1.
fn discount(place: usize) -> f64 {
    1.0 / (place as f64 + 1.0).log2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn a_list_by_hand() {
        // Of three relevant items two are listed, at places 2 and 4 of 4.
        let ranking = Ranking::at(4, [false, true, false, true], 3).unwrap();
        assert_eq!((ranking.precision, ranking.recall), (0.5, 2.0 / 3.0));
        assert_eq!((ranking.reciprocal_rank, ranking.hit), (0.5, 1.0));
        assert!((ranking.average_precision - (0.5 + 0.5) / 3.0).abs() < 1e-12);
        let best = 1.0 + 1.0 / 3_f64.log2() + 0.5;
        assert!((ranking.ndcg - (1.0 / 3_f64.log2() + 1.0 / 5_f64.log2()) / best).abs() < 1e-12);
        assert_eq!(Ranking::at(1, [false, true], 3), Some(Ranking::default()));
        assert_eq!((Ranking::at(4, [false], 0), Ranking::at(0, [true], 1)), (None, None));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn measures_are_shares_and_the_best_list_has_one(
            list in prop::collection::vec(any::<bool>(), 1..20), missed in 0..5_usize, k in 1..20_usize,
        ) {
            let relevant = list.iter().filter(|hit| **hit).count() + missed;
            let Some(ranking) = Ranking::at(k, list.clone(), relevant) else { return Ok(()) };
            prop_assert!(ranking.values().iter().all(|value| (0.0..=1.0 + 1e-12).contains(value)), "{ranking:?}");
            let gains: Vec<f64> = list.iter().map(|hit| f64::from(u8::from(*hit))).collect();
            let all: Vec<f64> = gains.iter().copied().chain(std::iter::repeat_n(1.0, missed)).collect();
            prop_assert!((graded_ndcg(k, &gains, &all).unwrap() - ranking.ndcg).abs() < 1e-12);
            let best = Ranking::at(k, std::iter::repeat_n(true, relevant), relevant).unwrap();
            prop_assert!((best.ndcg - 1.0).abs() < 1e-12 && (best.average_precision - 1.0).abs() < 1e-12);
        }
    }
}
