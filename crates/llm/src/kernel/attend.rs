//! Attention of a few query rows to one block of keys and values.
//!
//! The softmax runs over blocks of [`BLOCK`] absolute positions in rising order, with a running maximum and sum
//! (Milakov & Gimelshein 2018; Dao et al. 2022). What a row computes depends on its position and its query alone:
//! rows that are processed together share loads, never sums.
#![allow(
    unsafe_code,
    reason = "the inner loops read vectors through pointers; bounds are asserted once a call"
)]

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, Simd, SimdOp};

use super::exp::exp2;
use crate::cache::PAGE;

/// Positions that one step of the running softmax covers.
pub(crate) const BLOCK: usize = 4 * PAGE;

/// One block of keys and values, and the rows that attend to it.
pub(crate) struct AttendRun<'a> {
    /// `(rows, head_dim)`, scaled by `log2(e) / sqrt(head_dim)`.
    pub queries: &'a [f32],
    /// `(BLOCK / PAGE, head_dim, PAGE)`.
    pub keys: &'a [f32],
    /// `(BLOCK, padded)`.
    pub values: &'a [f32],
    /// By row: which positions of the block it sees; not empty.
    pub bounds: &'a [(usize, usize)],
    /// Width of a head.
    pub head_dim: usize,
    /// Width of a row of values: `head_dim` rounded up to whole vectors.
    pub padded: usize,
    /// By row: the running maximum of the scores, at first minus infinity.
    pub maximum: &'a mut [f32],
    /// By row: the running sum of the weights, at first 0.
    pub sum: &'a mut [f32],
    /// `(rows, padded)`: the running weighted sum of values, at first 0.
    pub out: &'a mut [f32],
    /// `(rows, BLOCK)`: room for the scores.
    pub scores: &'a mut [f32],
}

impl AttendRun<'_> {
    fn check(&self) {
        let rows = self.bounds.len();
        assert!(self.queries.len() >= rows * self.head_dim);
        assert!(self.keys.len() >= BLOCK * self.head_dim);
        assert!(self.values.len() >= BLOCK * self.padded);
        assert!(self.maximum.len() >= rows && self.sum.len() >= rows);
        assert!(self.out.len() >= rows * self.padded && self.scores.len() >= rows * BLOCK);
        assert!(self.padded.is_multiple_of(16) && self.padded >= self.head_dim);
        assert!(self.bounds.iter().all(|&(low, high)| low < high && high <= BLOCK));
    }

    /// Scores of `R` rows from `first` on against all keys of the block.
    #[inline(always)]
    fn score<I: Isa, const R: usize>(&mut self, isa: I, first: usize) {
        let ops = isa.f32();
        let lanes = ops.len();
        let width = self.head_dim;
        let queries = self.queries[first * width..].as_ptr();
        let scores = self.scores[first * BLOCK..].as_mut_ptr();
        for start in (0..BLOCK).step_by(4 * lanes) {
            let offsets: [usize; 4] = std::array::from_fn(|v| {
                let key = start + v * lanes;
                key / PAGE * width * PAGE + key % PAGE
            });
            let mut tile = [[ops.zero(); 4]; R];
            for d in 0..width {
                // Safety: `check` has seen that keys, queries and scores hold all rows and dimensions.
                let mut keys = [ops.zero(); 4];
                for v in 0..4 {
                    keys[v] = unsafe { ops.load_ptr(self.keys.as_ptr().add(offsets[v] + d * PAGE)) };
                }
                for (row, sums) in tile.iter_mut().enumerate() {
                    let query = ops.splat(unsafe { *queries.add(row * width + d) });
                    for v in 0..4 {
                        sums[v] = ops.mul_add(query, keys[v], sums[v]);
                    }
                }
            }
            for (row, sums) in tile.iter().enumerate() {
                for v in 0..4 {
                    // Safety: as above.
                    unsafe { ops.store_ptr(sums[v], scores.add(row * BLOCK + start + v * lanes)) };
                }
            }
        }
    }

    /// Turns scores into weights, and brings the running sums of the row to the new maximum.
    #[inline(always)]
    fn soften<I: Isa>(&mut self, isa: I, row: usize) {
        let ops = isa.f32();
        let lanes = ops.len();
        let (low, high) = self.bounds[row];
        let scores = &mut self.scores[row * BLOCK..(row + 1) * BLOCK];
        scores[..low].fill(f32::NEG_INFINITY);
        scores[high..].fill(f32::NEG_INFINITY);
        let mut largest = ops.splat(f32::NEG_INFINITY);
        for part in scores.chunks_exact(lanes) {
            largest = ops.max(largest, ops.load(part));
        }
        let largest = largest.to_array().into_iter().fold(f32::NEG_INFINITY, f32::max);
        let before = self.maximum[row];
        let maximum = before.max(largest);
        let shift = ops.splat(maximum);
        let mut sums = ops.zero();
        for part in scores.chunks_exact_mut(lanes) {
            let weight = exp2(isa, ops.sub(ops.load(part), shift));
            sums = ops.add(sums, weight);
            ops.store(weight, part);
        }
        let sum = ops.sum(sums);
        self.maximum[row] = maximum;
        if before >= maximum {
            self.sum[row] += sum;
            return;
        }
        let factor = exp2(isa, ops.splat(before - maximum));
        self.sum[row] = self.sum[row] * factor.to_array()[0] + sum;
        for part in self.out[row * self.padded..(row + 1) * self.padded].chunks_exact_mut(lanes) {
            ops.store(ops.mul(ops.load(part), factor), part);
        }
    }

    /// Adds the weighted values of `R` rows from `first` on, `V` vectors from column `start` on.
    #[inline(always)]
    fn gather<I: Isa, const R: usize, const V: usize>(
        &mut self,
        isa: I,
        first: usize,
        start: usize,
        seen: (usize, usize),
    ) {
        let ops = isa.f32();
        let (lanes, padded) = (ops.len(), self.padded);
        let scores = self.scores[first * BLOCK..].as_ptr();
        let out = self.out[first * padded + start..].as_mut_ptr();
        let values = self.values[start..].as_ptr();
        // Safety: `check` has seen that scores, values and out hold all rows, and the caller that `start` and the
        // vectors after it lie inside a row.
        let mut tile = [[ops.zero(); V]; R];
        for (row, sums) in tile.iter_mut().enumerate() {
            for v in 0..V {
                sums[v] = unsafe { ops.load_ptr(out.add(row * padded + v * lanes)) };
            }
        }
        for key in seen.0..seen.1 {
            let mut value = [ops.zero(); V];
            for v in 0..V {
                value[v] = unsafe { ops.load_ptr(values.add(key * padded + v * lanes)) };
            }
            for (row, sums) in tile.iter_mut().enumerate() {
                let weight = ops.splat(unsafe { *scores.add(row * BLOCK + key) });
                for v in 0..V {
                    sums[v] = ops.mul_add(weight, value[v], sums[v]);
                }
            }
        }
        for (row, sums) in tile.iter().enumerate() {
            for v in 0..V {
                unsafe { ops.store_ptr(sums[v], out.add(row * padded + v * lanes)) };
            }
        }
    }

    #[inline(always)]
    fn rows<I: Isa, const R: usize>(&mut self, isa: I, first: usize) {
        self.score::<I, R>(isa, first);
        let mut seen = (BLOCK, 0);
        for row in first..first + R {
            self.soften(isa, row);
            let (low, high) = self.bounds[row];
            seen = (seen.0.min(low), seen.1.max(high));
        }
        let lanes = isa.f32().len();
        let mut start = 0;
        while start + 4 * lanes <= self.padded {
            self.gather::<I, R, 4>(isa, first, start, seen);
            start += 4 * lanes;
        }
        while start < self.padded {
            self.gather::<I, R, 1>(isa, first, start, seen);
            start += lanes;
        }
    }
}

impl SimdOp for AttendRun<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(mut self, isa: I) {
        self.check();
        // Sums held in registers: 4 vectors a row, of 32 registers (AVX-512, Neon) or 16 (AVX2).
        let most = if isa.f32().len() == 8 { 3 } else { 6 };
        let rows = self.bounds.len();
        let mut first = 0;
        while first < rows {
            let count = (rows - first).min(most);
            match count {
                1 => self.rows::<I, 1>(isa, first),
                2 => self.rows::<I, 2>(isa, first),
                3 => self.rows::<I, 3>(isa, first),
                4 => self.rows::<I, 4>(isa, first),
                5 => self.rows::<I, 5>(isa, first),
                _ => self.rows::<I, 6>(isa, first),
            }
            first += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(length: usize, pace: f32) -> Vec<f32> {
        (0..length).map(|k| (k as f32 * pace).sin()).collect()
    }

    /// Runs rows in groups of `group` and returns their outputs.
    fn run(rows: usize, group: usize, width: usize) -> Vec<f32> {
        run_with(rows, group, width, |run| run.dispatch())
    }

    fn run_with(rows: usize, group: usize, width: usize, eval: impl Fn(AttendRun<'_>)) -> Vec<f32> {
        let padded = width.next_multiple_of(16);
        let (keys, mut values) = (wave(BLOCK * width, 0.37), wave(BLOCK * padded, 0.21));
        for row in values.chunks_exact_mut(padded) {
            row[width..].fill(0.0);
        }
        let queries = wave(rows * width, 0.11);
        let bounds: Vec<_> = (0..rows).map(|row| (row % 5, 17 + row * 7 % 48)).collect();
        let (mut maximum, mut sum) = (vec![f32::NEG_INFINITY; rows], vec![0.0; rows]);
        let mut out = vec![0.0; rows * padded];
        for first in (0..rows).step_by(group) {
            let end = (first + group).min(rows);
            for _ in 0..2 {
                eval(AttendRun {
                    queries: &queries[first * width..end * width],
                    keys: &keys,
                    values: &values,
                    bounds: &bounds[first..end],
                    head_dim: width,
                    padded,
                    maximum: &mut maximum[first..end],
                    sum: &mut sum[first..end],
                    out: &mut out[first * padded..end * padded],
                    scores: &mut vec![0.0; (end - first) * BLOCK],
                });
            }
        }
        for row in 0..rows {
            let mut total = 0.0;
            let mut right = vec![0.0; width];
            for key in bounds[row].0..bounds[row].1 {
                let score: f32 = (0..width)
                    .map(|d| {
                        queries[row * width + d] * keys[key / PAGE * width * PAGE + d * PAGE + key % PAGE]
                    })
                    .sum();
                total += score.exp2();
                for d in 0..width {
                    right[d] += score.exp2() * values[key * padded + d];
                }
            }
            for d in 0..width {
                let found = out[row * padded + d] / sum[row];
                assert!((found - right[d] / total).abs() < 1e-4, "{row} {d}: {found} {}", right[d] / total);
            }
        }
        out
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn every_vector_width_is_right() {
        for width in [6, 64, 80] {
            if let Some(isa) = rten_simd::isa::Avx2Isa::new() {
                run_with(13, 13, width, |run| run.eval(isa));
            }
            run_with(13, 13, width, |run| run.eval(rten_simd::isa::GenericIsa::new()));
        }
    }

    #[test]
    fn rows_do_not_depend_on_their_company() {
        for width in [6, 16, 64, 80] {
            let alone = run(13, 1, width);
            for group in [2, 3, 6, 13] {
                assert_eq!(alone, run(13, group, width), "{width} {group}");
            }
        }
    }
}
