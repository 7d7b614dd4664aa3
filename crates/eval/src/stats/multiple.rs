//! P-values of several tests.

pub use crate::retention::holm;

/// P-values of several tests, each from 0 to 1, adjusted so that of the differences called real at a level at most that share
/// is false in expectation, if the tests are independent or positively dependent: `min over k >= i of m p_(k) / k` (Benjamini
/// and Hochberg, "Controlling the False Discovery Rate", JRSS B, 1995). In the order of the input.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let (mut adjusted, mut least) = (vec![0.0; p_values.len()], 1.0_f64);
    for (rank, at) in order.into_iter().enumerate().rev() {
        least = least.min(p_values[at] * p_values.len() as f64 / (rank + 1) as f64);
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(7), failure_persistence: None, cases: 64, ..ProptestConfig::default()
        })]

        #[test]
        fn adjusting_only_raises_and_keeps_the_order(p_values in prop::collection::vec(0.0..=1.0_f64, 0..12)) {
            let (rate, any) = (benjamini_hochberg(&p_values), holm(&p_values));
            for (at, p) in p_values.iter().enumerate() {
                // Up to rounding: three thirds of a number may be less than it.
                prop_assert!(*p <= rate[at] + 1e-15 && rate[at] <= any[at] + 1e-15 && any[at] <= 1.0);
                for other in 0..p_values.len() {
                    prop_assert!(p_values[other] < *p || (rate[other] >= rate[at] && any[other] >= any[at]));
                }
            }
        }
    }
}
