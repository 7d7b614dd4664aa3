//! Quantiles of a sample and of the standard normal distribution.

use std::f64::consts::PI;

/// The quantile of sorted, non-empty values, with linear interpolation (type 7 of Hyndman and Fan, 1996).
pub(super) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let place = probability * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// The standard normal quantile for probabilities from 0.5 up to 1 - 1e-9, by bisection.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (0.0, 6.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < probability { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The standard normal distribution function for `x` from 0 to 6:
/// `1/2 + phi(x) (x + x^3/3 + x^5/(3*5) + ...)` (Marsaglia, "Evaluating the Normal Distribution", 2004).
fn normal_cdf(x: f64) -> f64 {
    let (mut term, mut total, mut odd) = (x, x, 1.0);
    while term > 1e-17 * total {
        odd += 2.0;
        term *= x * x / odd;
        total += term;
    }
    0.5 + total * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;

    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        for (probability, expected) in [
            (0.5, 0.0),
            (0.75, 0.674_489_750_196_082),
            (0.95, 1.644_853_626_951_473),
            (0.975, 1.959_963_984_540_054),
            (0.999_95, 3.890_591_886_413_1),
        ] {
            assert!((normal_quantile(probability) - expected).abs() < 1e-9, "{probability}");
        }
    }

    #[test]
    fn sample_quantiles_interpolate() {
        let sorted = [1.0, 2.0, 4.0];
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|p| quantile(&sorted, p)), [1.0, 1.5, 2.0, 3.0, 4.0]);
        assert_eq!(quantile(&[3.0], 0.9), 3.0);
    }
}
