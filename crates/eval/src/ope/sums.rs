//! Sums and maps over rounds, parallel and yet in one order: the same bits on any number of threads.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::column::Column;

/// Rounds a task handles at once. Part of every sum's order, so it never follows the number of threads.
pub(super) const CHUNK: usize = 1 << 14;

/// The sum, chunk by chunk, each chunk in order.
pub(super) fn sum(values: &[f64]) -> f64 {
    let chunks: Vec<f64> = values.par_chunks(CHUNK).map(|chunk| chunk.iter().sum()).collect();
    chunks.iter().sum()
}

/// The sums of two columns of the same length, in one pass; each in the order of [`sum`].
pub(super) fn sum_pair(left: &Column, right: &Column) -> (f64, f64) {
    let chunks: Vec<(f64, f64)> = (0..left.len().div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let rounds = chunk * CHUNK..((chunk + 1) * CHUNK).min(left.len());
            // -0 is where `Iterator::sum` starts.
            let pairs = left.range(rounds.clone()).zip(right.range(rounds));
            pairs.fold((-0.0, -0.0), |(a, b), (left, right)| (a + left, b + right))
        })
        .collect();
    (chunks.iter().map(|chunk| chunk.0).sum(), chunks.iter().map(|chunk| chunk.1).sum())
}

/// The mean; `values` must not be empty.
pub(super) fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

/// `value(i)` for every `i` below `n`.
pub(super) fn each(n: usize, value: impl Fn(usize) -> f64 + Sync + Send) -> Vec<f64> {
    (0..n).into_par_iter().with_min_len(CHUNK).map(value).collect()
}

/// `value(i)` for every `i` below `n`; none if there is none for some `i`.
pub(super) fn each_valid(n: usize, value: impl Fn(usize) -> Option<f64> + Sync + Send) -> Option<Vec<f64>> {
    let wrong = AtomicBool::new(false);
    let values = each(n, |i| {
        value(i).unwrap_or_else(|| {
            wrong.store(true, Ordering::Relaxed);
            f64::NAN
        })
    });
    (!wrong.into_inner()).then_some(values)
}

/// Both of `value(i)` for every `i` below `n`.
pub(super) fn each_pair(n: usize, value: impl Fn(usize) -> (f64, f64) + Sync + Send) -> (Vec<f64>, Vec<f64>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    (0..n).into_par_iter().with_min_len(CHUNK).map(value).unzip_into_vecs(&mut left, &mut right);
    (left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_do_not_depend_on_the_number_of_threads() {
        let values = each(100_003, |i| (i as f64).sin() * 1e6);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| sum(&values)).to_bits()
        };
        assert_eq!(on(1), on(3));
        let plain: f64 = values.iter().sum();
        assert!((sum(&values) - plain).abs() < 1e-3);
    }

    #[test]
    fn sums_of_pairs_have_the_bits_of_sums() {
        let (left, right) = (each(50_001, |i| (i as f64).sin()), each(50_001, |i| (i as f64).cos()));
        let expected = (sum(&left).to_bits(), sum(&right).to_bits());
        let (left, right) = sum_pair(&left.into(), &right.into());
        assert_eq!((left.to_bits(), right.to_bits()), expected);
        let (left, right) = sum_pair(&vec![-0.0; 3].into(), &vec![0.0; 3].into());
        assert_eq!((left.to_bits(), right.to_bits()), (sum(&[-0.0; 3]).to_bits(), sum(&[0.0; 3]).to_bits()));
    }

    #[test]
    fn one_missing_value_is_enough() {
        let but = |missing: usize| move |i: usize| (i != missing).then_some(i as f64);
        assert!(each_valid(40_000, but(39_999)).is_none());
        assert_eq!(each_valid(3, but(3)), Some(vec![0.0, 1.0, 2.0]));
    }
}
