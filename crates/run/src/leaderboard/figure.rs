//! Means over seeds.

use serde::Serialize;

use super::student::quantile_975;

/// A mean over seeds with its 95% interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// Seeds that have a value.
    pub seeds: u64,
    /// Their mean; `None` without any.
    pub mean: Option<f64>,
    /// `mean ± t s / sqrt(n)` with the 0.975 quantile t of Student's distribution with n - 1 degrees of freedom and the
    /// standard deviation s over seeds; `None` with fewer than two.
    pub interval: Option<(f64, f64)>,
}

impl Figure {
    /// The mean of values, one a seed, in the order of the seeds.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        if values.is_empty() {
            return Self { seeds: 0, mean: None, interval: None };
        }
        let mean = values.iter().sum::<f64>() / count;
        let interval = (values.len() > 1).then(|| {
            let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
            let half = quantile_975(values.len() as u64 - 1) * (squares / (count - 1.0) / count).sqrt();
            (mean - half, mean + half)
        });
        Self { seeds: values.len() as u64, mean: Some(mean), interval }
    }

    /// Whether the interval leaves out zero.
    pub fn is_clear(&self) -> bool {
        self.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }

    /// As text: `12.3% (11.9 to 12.7)`.
    pub(super) fn text(&self, share: bool) -> String {
        // As many digits for the interval as for the mean.
        let size = self.mean.unwrap_or_default().abs();
        let digits = if share || size >= 100.0 { 1 } else { 2 + usize::from(size < 10.0) };
        let number = |value: f64| format!("{:.digits$}", if share { value * 100.0 } else { value });
        let unit = if share { "%" } else { "" };
        match (self.mean, self.interval) {
            (None, _) => "-".to_owned(),
            (Some(mean), None) => number(mean) + unit,
            (Some(mean), Some((low, high))) => {
                format!("{}{unit} ({} to {})", number(mean), number(low), number(high))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn intervals_are_students() {
        // By hand: mean 2, s = 1, n = 3, t = 4.30265: 2 ± 4.30265 / sqrt(3).
        let figure = Figure::of(&[1.0, 2.0, 3.0]);
        let (low, high) = figure.interval.unwrap();
        assert_eq!((figure.seeds, figure.mean), (3, Some(2.0)));
        assert!((low - (2.0 - 2.484_137_711_7)).abs() < 1e-9 && (high - 4.484_137_711_7).abs() < 1e-9);
        assert!(!figure.is_clear() && Figure::of(&[5.0, 5.0]).is_clear());
        assert_eq!(Figure::of(&[5.0]).interval, None);
        assert_eq!(Figure::of(&[]), Figure { seeds: 0, mean: None, interval: None });
    }

    #[test]
    fn figures_are_written_with_three_digits_or_more() {
        assert_eq!(Figure::of(&[0.123, 0.125]).text(true), "12.4% (11.1 to 13.7)");
        assert_eq!(Figure::of(&[3.0, 3.0]).text(false), "3.000 (3.000 to 3.000)");
        assert_eq!(
            [1234.56, 12.345, -0.5].map(|value| Figure::of(&[value]).text(false)),
            ["1234.6", "12.35", "-0.500"]
        );
        assert_eq!(Figure::of(&[99.0, 101.0]).text(false), "100.0 (87.3 to 112.7)");
        assert_eq!(Figure::of(&[]).text(true), "-");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(7), failure_persistence: None, cases: 200, ..ProptestConfig::default()
        })]

        #[test]
        fn intervals_move_and_grow_with_their_values(
            values in prop::collection::vec(-100.0..100.0_f64, 2..12), shift in -10.0..10.0_f64, scale in 0.1..10.0_f64,
        ) {
            let plain = Figure::of(&values);
            let moved: Vec<f64> = values.iter().map(|value| scale * value + shift).collect();
            let moved = Figure::of(&moved);
            let expected = |value: f64| scale * value + shift;
            let near = |one: f64, other: f64| (one - other).abs() < 1e-6;
            let ((low, high), (new_low, new_high)) = (plain.interval.unwrap(), moved.interval.unwrap());
            prop_assert!(low <= plain.mean.unwrap() && plain.mean.unwrap() <= high);
            prop_assert!(near(moved.mean.unwrap(), expected(plain.mean.unwrap())));
            prop_assert!(near(new_low, expected(low)) && near(new_high, expected(high)));
        }
    }
}
