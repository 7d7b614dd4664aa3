//! Distances between what was simulated and what was logged.

/// Jensen-Shannon distance of two histograms over the same bins, 0 to 1: the root of the Jensen-Shannon divergence to base 2
/// (Lin, IEEE TIT 1991; Endres and Schindelin, 2003). `None` if one of them is empty.
pub fn jensen_shannon(one: &[f64], other: &[f64]) -> Option<f64> {
    let (all_one, all_other): (f64, f64) = (one.iter().sum(), other.iter().sum());
    if all_one <= 0.0 || all_other <= 0.0 {
        return None;
    }
    let term = |share: f64, mean: f64| if share > 0.0 { share * (share / mean).log2() } else { 0.0 };
    let pairs = one.iter().zip(other).map(|(one, other)| (one / all_one, other / all_other));
    let divergence: f64 = pairs
        .map(|(one, other)| {
            let mean = f64::midpoint(one, other);
            f64::midpoint(term(one, mean), term(other, mean))
        })
        .sum();
    Some(divergence.max(0.0).sqrt())
}

/// Kolmogorov-Smirnov and Wasserstein distances of two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Apart {
    /// The largest difference of the two distribution functions, 0 to 1.
    pub ks: f64,
    /// The area between the two distribution functions, in the unit of the samples (Wasserstein-1).
    pub wasserstein: f64,
}

/// How far two samples are apart; `None` if one of them is empty.
pub fn apart(one: &[f64], other: &[f64]) -> Option<Apart> {
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let (mut one, mut other) = (one.to_vec(), other.to_vec());
    one.sort_by(f64::total_cmp);
    other.sort_by(f64::total_cmp);
    let (mut at_one, mut at_other) = (0, 0);
    let mut found = Apart { ks: 0.0, wasserstein: 0.0 };
    let mut before: Option<(f64, f64)> = None;
    while let Some(value) = least(one.get(at_one), other.get(at_other)) {
        if let Some((last, difference)) = before {
            found.wasserstein += difference * (value - last);
        }
        at_one += one[at_one..].iter().take_while(|own| **own <= value).count();
        at_other += other[at_other..].iter().take_while(|own| **own <= value).count();
        let difference = at_one as f64 / one.len() as f64 - at_other as f64 / other.len() as f64;
        found.ks = found.ks.max(difference.abs());
        before = Some((value, difference.abs()));
    }
    Some(found)
}

fn least(one: Option<&f64>, other: Option<&f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(*other)),
        (one, other) => one.or(other).copied(),
    }
}

/// Expected calibration error: `sum over bins of share of predictions * |mean prediction - share that came true|`, bins of
/// equal width over 0 to 1 (Naeini et al., AAAI 2015). `None` without predictions.
pub fn calibration_error(predictions: &[(f64, bool)], bins: usize) -> Option<f64> {
    let mut sums = vec![(0.0, 0.0); bins.max(1)];
    for (predicted, came_true) in predictions {
        let bin = ((predicted * sums.len() as f64) as usize).min(sums.len() - 1);
        sums[bin].0 += predicted;
        sums[bin].1 += f64::from(u8::from(*came_true));
    }
    let all = predictions.len() as f64;
    let error: f64 = sums.iter().map(|(predicted, came_true)| (predicted - came_true).abs()).sum();
    (!predictions.is_empty()).then(|| error / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        assert_eq!(jensen_shannon(&[1.0, 0.0], &[0.0, 3.0]), Some(1.0));
        assert_eq!(jensen_shannon(&[1.0, 3.0], &[2.0, 6.0]), Some(0.0));
        assert_eq!(jensen_shannon(&[0.0], &[1.0]), None);
        // scipy.spatial.distance.jensenshannon([.5, .5], [1, 0], base=2)
        assert!((jensen_shannon(&[1.0, 1.0], &[1.0, 0.0]).unwrap() - 0.557_923_045_284).abs() < 1e-9);
        // Steps at 1, 2 and 4: the functions differ by 1/2 from 1 to 2 and from 2 to 4.
        let found = apart(&[1.0, 2.0], &[2.0, 4.0]).unwrap();
        assert!((found.ks - 0.5).abs() < 1e-12 && (found.wasserstein - 1.5).abs() < 1e-12, "{found:?}");
        assert_eq!(apart(&[3.0, 1.0], &[1.0, 3.0]), Some(Apart { ks: 0.0, wasserstein: 0.0 }));
        assert_eq!(apart(&[], &[1.0]), None);
    }

    #[test]
    fn calibrated_predictions_have_no_error() {
        let predictions: Vec<(f64, bool)> = (0..4).map(|at| (0.25, at == 0)).collect();
        assert_eq!(calibration_error(&predictions, 10), Some(0.0));
        assert_eq!(calibration_error(&[(1.0, false), (0.0, true)], 10), Some(1.0));
        assert_eq!(calibration_error(&[], 10), None);
    }
}
