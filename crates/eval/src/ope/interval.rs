//! Intervals around an estimate, clustered over users: the rounds of one user are not independent.

mod clusters;
mod quantile;

use habitue_core::{Purpose, Streams};
use rand::RngExt;
use rayon::prelude::*;

use super::error::OpeError;
use super::estimate::Estimate;
use clusters::Clusters;
use quantile::{normal_quantile, quantile};

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimated value.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The standard error of the value.
    pub standard_error: f64,
    /// How often such an interval should hold the true value, such as 0.95.
    pub level: f64,
    /// The number of users, whose rounds were kept together.
    pub users: usize,
    /// Replicates in which no denominator of a self-normalised estimate had any weight; they are left out.
    pub undefined: usize,
}

/// The interval by the normal approximation, `value ± z standard_error`.
///
/// The standard error is the cluster-robust one of the linearised estimate (delta method), with the correction
/// `G / (G - 1)` for `G` users: Cameron and Miller, "A Practitioner's Guide to Cluster-Robust Inference" (Journal of
/// Human Resources, 2015). `users` holds the user of each contribution of the estimate; shape `(n,)`.
///
/// # Errors
/// When `users` has another length than the estimate, there are fewer than two users, or `level` is not in
/// `[0.5, 0.9999]`.
pub fn normal_interval(estimate: &Estimate, users: &[u32], level: f64) -> Result<Interval, OpeError> {
    check_level(level)?;
    let clusters = Clusters::new(estimate, users)?;
    let standard_error = clusters.standard_error();
    let reach = normal_quantile(0.5 + level / 2.0) * standard_error;
    let (value, users) = (estimate.value, clusters.len());
    let (low, high) = (value - reach, value + reach);
    Ok(Interval { value, low, high, standard_error, level, users, undefined: 0 })
}

/// The percentile bootstrap interval over users: each replicate draws as many users as there are, with replacement,
/// and takes the estimate from their rounds; self-normalised estimates are normalised anew.
///
/// Replicate `b` draws from the stream ([`Purpose::Bootstrap`], `b`, 0): the same interval on any number of threads.
/// Efron (1979); Field and Welsh, "Bootstrapping clustered data" (JRSS B, 2007). Takes time proportional to users
/// times replicates. `users` holds the user of each contribution of the estimate; shape `(n,)`.
///
/// # Errors
/// As [`normal_interval`]; when `replicates` is below 100; when no replicate has any weight.
pub fn bootstrap_interval(
    estimate: &Estimate,
    users: &[u32],
    level: f64,
    replicates: usize,
    streams: Streams,
) -> Result<Interval, OpeError> {
    check_level(level)?;
    if replicates < 100 {
        let (name, value) = ("replicates", replicates as f64);
        return Err(OpeError::Parameter { name, value, expected: "at least 100" });
    }
    let clusters = Clusters::new(estimate, users)?;
    let values: Vec<Option<f64>> = (0..replicates as u64)
        .into_par_iter()
        .map(|replicate| {
            let mut stream = streams.stream(Purpose::Bootstrap, replicate, 0);
            let users = clusters.len() as u32;
            clusters.value((0..users).map(|_| stream.random_range(0..users) as usize))
        })
        .collect();
    let mut values: Vec<f64> = values.into_iter().flatten().collect();
    if values.is_empty() {
        return Err(OpeError::NoOverlap { estimator: estimate.estimator });
    }
    values.sort_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    Ok(Interval {
        value: estimate.value,
        low: quantile(&values, 0.5 - level / 2.0),
        high: quantile(&values, 0.5 + level / 2.0),
        standard_error: (variance / (values.len() as f64 - 1.0).max(1.0)).sqrt(),
        level,
        users: clusters.len(),
        undefined: replicates - values.len(),
    })
}

fn check_level(level: f64) -> Result<(), OpeError> {
    let expected = "a number from 0.5 to 0.9999";
    if (0.5..=0.9999).contains(&level) {
        Ok(())
    } else {
        Err(OpeError::Parameter { name: "level", value: level, expected })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;

    fn estimate(rounds: Vec<f64>) -> Estimate {
        Estimate::of_mean("ips", rounds)
    }

    #[test]
    fn one_round_a_user_gives_the_textbook_standard_error() {
        let rounds = vec![1.0, 2.0, 3.0, 6.0];
        let interval = normal_interval(&estimate(rounds), &[4, 3, 2, 1], 0.95).unwrap();
        // Sum of squares 4 + 1 + 0 + 9 = 14, over 3, over 4.
        let error = (14.0f64 / 3.0 / 4.0).sqrt();
        assert!((interval.standard_error - error).abs() < 1e-12);
        assert!((interval.high - (3.0 + 1.959_963_984_540_054 * error)).abs() < 1e-9);
        assert!((interval.low + interval.high - 6.0).abs() < 1e-12);
        assert_eq!(interval.users, 4);
    }

    #[test]
    fn copies_of_a_round_by_the_same_user_add_no_certainty() {
        let rounds: Vec<f64> = (0..40).map(|i| f64::from(i % 7)).collect();
        let users: Vec<u32> = (0..40).collect();
        let twice: Vec<f64> = rounds.iter().chain(&rounds).copied().collect();
        let twice_users: Vec<u32> = users.iter().chain(&users).copied().collect();
        let (once, twice) = (estimate(rounds), estimate(twice));
        let error = |estimate, users: &[u32]| normal_interval(estimate, users, 0.95).unwrap().standard_error;
        assert!((error(&once, &users) - error(&twice, &twice_users)).abs() < 1e-12);
        let bootstrap = |estimate, users: &[u32]| {
            bootstrap_interval(estimate, users, 0.95, 200, Streams::new(7)).unwrap().standard_error
        };
        assert!((bootstrap(&once, &users) - bootstrap(&twice, &twice_users)).abs() < 1e-12);
    }

    #[test]
    fn the_bootstrap_gives_the_same_bits_on_any_number_of_threads() {
        let rounds: Vec<f64> = (0..500).map(|i| f64::from(i * 37 % 101)).collect();
        let users: Vec<u32> = (0..500).map(|i| i / 3).collect();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            let estimate = estimate(rounds.clone());
            pool.install(|| bootstrap_interval(&estimate, &users, 0.9, 300, Streams::new(1)).unwrap())
        };
        assert_eq!(on(1), on(4));
        assert_eq!(on(1).users, 167);
        let normal = normal_interval(&estimate(rounds.clone()), &users, 0.9).unwrap();
        assert!((on(1).standard_error / normal.standard_error - 1.0).abs() < 0.1);
    }

    #[test]
    fn refusals_say_what_was_expected() {
        let estimate = estimate(vec![1.0, 2.0]);
        let streams = Streams::new(1);
        let texts = [
            normal_interval(&estimate, &[1], 0.95).unwrap_err().to_string(),
            normal_interval(&estimate, &[1, 1], 0.95).unwrap_err().to_string(),
            normal_interval(&estimate, &[1, 2], 95.0).unwrap_err().to_string(),
            bootstrap_interval(&estimate, &[1, 2], 0.95, 10, streams).unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }
}
