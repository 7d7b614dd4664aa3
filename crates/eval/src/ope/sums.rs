//! Sums and maps over rounds, parallel and yet in one order: the same bits on any number of threads.

use rayon::prelude::*;

/// Rounds a task handles at once. Part of every sum's order, so it never follows the number of threads.
const CHUNK: usize = 1 << 14;

/// The sum, chunk by chunk, each chunk in order.
pub(super) fn sum(values: &[f64]) -> f64 {
    let chunks: Vec<f64> = values.par_chunks(CHUNK).map(|chunk| chunk.iter().sum()).collect();
    chunks.iter().sum()
}

/// The mean; `values` must not be empty.
pub(super) fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

/// `value(i)` for every `i` below `n`.
pub(super) fn each(n: usize, value: impl Fn(usize) -> f64 + Sync + Send) -> Vec<f64> {
    (0..n).into_par_iter().with_min_len(CHUNK).map(value).collect()
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
}
