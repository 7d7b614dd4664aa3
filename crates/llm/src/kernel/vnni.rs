//! Products of 8-bit matrices with AVX-512 VNNI, weights in panels of 32 columns.
//!
//! Own code because a decision is often one row or a few: a kernel made for whole tiles spends eight times the
//! arithmetic of a single row on it, and because scaling to floats in registers saves writing and reading the 32-bit
//! sums.
#![allow(unsafe_code, reason = "vector instructions, and threads that write disjoint columns of one output")]

use std::arch::x86_64::{
    __m512i, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_storeu_ps, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512,
    _mm512_sub_epi32,
};
use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

use super::ByteRows;

/// Columns of a panel: two vectors of 32-bit sums.
const WIDTH: usize = 32;

/// Rows of a tile: sixteen vectors of sums leave room for what is loaded.
const TILE: usize = 8;

/// Bytes of activations that stay in the second-level cache while panels pass by.
const ROWS_BYTES: usize = 256 << 10;

/// A weight matrix in the kernel's order.
///
/// The instruction multiplies unsigned by signed bytes; weights are stored with 128 added, which the row's sum of
/// activations takes back. Sums are exact, so the order of the panels and rows does not matter.
#[derive(Debug)]
pub(crate) struct Panels {
    /// `(panels, depth / 4, WIDTH, 4)`.
    bytes: Vec<u8>,
    /// By column, zero beyond the last.
    scales: Vec<f32>,
    columns: usize,
    /// Rows of the matrix, rounded up to four.
    depth: usize,
}

/// An output that threads write disjoint columns of.
struct Output<'a> {
    start: *mut f32,
    stride: usize,
    owner: PhantomData<&'a mut [f32]>,
}

// Safety: `multiply` hands every panel, and so every column, to one thread alone.
unsafe impl Sync for Output<'_> {}

impl Panels {
    /// Whether this machine has the instructions.
    pub(crate) fn supported() -> bool {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
    }

    /// From a row-major `(columns, width)` matrix of bytes with one scale per row of it.
    pub(crate) fn new(weights: &[i8], scales: &[f32], width: usize) -> Self {
        let columns = scales.len();
        let depth = width.next_multiple_of(4);
        let panels = columns.div_ceil(WIDTH);
        let mut bytes = vec![128; panels * WIDTH * depth];
        for (column, row) in weights.chunks_exact(width).enumerate() {
            let base = column / WIDTH * WIDTH * depth + column % WIDTH * 4;
            for (k, &weight) in row.iter().enumerate() {
                bytes[base + k / 4 * WIDTH * 4 + k % 4] = (weight as u8) ^ 128;
            }
        }
        let mut scales = scales.to_vec();
        scales.resize(panels * WIDTH, 0.0);
        Self { bytes, scales, columns, depth }
    }

    /// Row `index` of the matrix it was made from, as floats.
    pub(crate) fn row(&self, index: usize, out: &mut [f32]) {
        let base = index / WIDTH * WIDTH * self.depth + index % WIDTH * 4;
        for (k, out) in out.iter_mut().enumerate() {
            let byte = self.bytes[base + k / 4 * WIDTH * 4 + k % 4];
            *out = f32::from((byte ^ 128) as i8) * self.scales[index];
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len() + self.scales.len() * 4
    }

    /// One element of the product; the same bits as [`Panels::multiply`] gives.
    pub(crate) fn element(&self, rows: &ByteRows, row: usize, column: usize) -> f32 {
        let base = column / WIDTH * WIDTH * self.depth + column % WIDTH * 4;
        let values = &rows.values[row * rows.stride..(row + 1) * rows.stride];
        let mut sum = 0;
        for (k, part) in values.chunks_exact(4).enumerate() {
            let weights = &self.bytes[base + k * WIDTH * 4..][..4];
            for (x, w) in part.iter().zip(weights) {
                sum += i32::from(*x) * i32::from((w ^ 128) as i8);
            }
        }
        sum as f32 * self.scales[column] * rows.scales[row]
    }

    /// `out = rows * weights`, row-major `(rows, columns)`; with `spread`, the threads share the columns.
    pub(crate) fn multiply(&self, rows: &ByteRows, count: usize, out: &mut [f32], spread: bool) {
        assert!(rows.stride == self.depth && rows.values.len() >= count * rows.stride);
        assert!(rows.scales.len() >= count && rows.sums.len() >= count);
        assert!(out.len() >= count * self.columns && Self::supported());
        let output = Output { start: out.as_mut_ptr(), stride: self.columns, owner: PhantomData };
        let panels = self.columns.div_ceil(WIDTH);
        if !spread {
            // Safety: the instructions are there, the sizes fit, and no other thread has this output.
            unsafe { self.panels(rows, 0..count, 0..panels, &output) };
            return;
        }
        let share = panels.div_ceil(4 * rayon::current_num_threads()).max(1);
        (0..panels.div_ceil(share)).into_par_iter().with_max_len(1).for_each(|part| {
            let range = part * share..((part + 1) * share).min(panels);
            // Safety: as above; the ranges of panels are disjoint.
            unsafe { self.panels(rows, 0..count, range, &output) };
        });
    }

    /// # Safety
    /// The machine has AVX-512 VNNI; sizes are as `multiply` asserts; no other thread writes these columns.
    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn panels(&self, rows: &ByteRows, range: Range<usize>, panels: Range<usize>, out: &Output<'_>) {
        let step = (ROWS_BYTES / self.depth).max(TILE) / TILE * TILE;
        for start in range.clone().step_by(step) {
            let end = (start + step).min(range.end);
            for panel in panels.clone() {
                let mut row = start;
                while row < end {
                    let count = (end - row).min(TILE);
                    // Safety: the caller's.
                    unsafe {
                        match count {
                            1 => self.tile::<1>(rows, row, panel, out),
                            2 => self.tile::<2>(rows, row, panel, out),
                            3 => self.tile::<3>(rows, row, panel, out),
                            4 => self.tile::<4>(rows, row, panel, out),
                            5 => self.tile::<5>(rows, row, panel, out),
                            6 => self.tile::<6>(rows, row, panel, out),
                            7 => self.tile::<7>(rows, row, panel, out),
                            _ => self.tile::<8>(rows, row, panel, out),
                        }
                    }
                    row += count;
                }
            }
        }
    }

    /// `R` rows by one panel.
    ///
    /// # Safety
    /// As for `panels`; the rows and the panel exist.
    #[target_feature(enable = "avx512f,avx512vnni")]
    #[inline]
    unsafe fn tile<const R: usize>(&self, rows: &ByteRows, first: usize, panel: usize, out: &Output<'_>) {
        // Safety: the caller's; reads stay inside the panel and the rows, writes inside the columns that exist.
        unsafe {
            let weights = self.bytes.as_ptr().add(panel * WIDTH * self.depth);
            let inputs = rows.values.as_ptr().add(first * rows.stride);
            let mut sums = [[_mm512_setzero_si512(); 2]; R];
            for k in 0..self.depth / 4 {
                let left: __m512i = _mm512_loadu_si512(weights.add(k * 128).cast());
                let right: __m512i = _mm512_loadu_si512(weights.add(k * 128 + 64).cast());
                for (row, sums) in sums.iter_mut().enumerate() {
                    let input = inputs.add(row * rows.stride + k * 4).cast::<i32>().read_unaligned();
                    let input = _mm512_set1_epi32(input);
                    sums[0] = _mm512_dpbusd_epi32(sums[0], left, input);
                    sums[1] = _mm512_dpbusd_epi32(sums[1], right, input);
                }
            }
            let column = panel * WIDTH;
            let count = (self.columns - column).min(WIDTH);
            let mask = u32::MAX >> (WIDTH - count);
            let masks = [mask as u16, (mask >> 16) as u16];
            for (row, sums) in sums.iter().enumerate() {
                let excess = _mm512_set1_epi32(rows.sums[first + row].wrapping_mul(128));
                let row_scale = _mm512_set1_ps(rows.scales[first + row]);
                let target = out.start.add((first + row) * out.stride + column);
                for half in 0..2 {
                    let scales = _mm512_loadu_ps(self.scales.as_ptr().add(column + half * 16));
                    let exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[half], excess));
                    let scaled = _mm512_mul_ps(_mm512_mul_ps(exact, scales), row_scale);
                    _mm512_mask_storeu_ps(target.add(half * 16), masks[half], scaled);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact by construction")]
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    proptest! {
        #![proptest_config(ProptestConfig {
        cases: 40, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]
        #[test]
        fn products_are_exact_in_any_company(
            width in 1_usize..70, columns in 1_usize..100, count in 1_usize..20, seed in 0_u32..1000,
        ) {
            if !Panels::supported() {
                return Ok(());
            }
            let byte = |k: usize| ((k as u32 ^ seed).wrapping_mul(2_654_435_761) >> 13) as i8;
            let weights: Vec<i8> = (0..width * columns).map(|k| byte(k).max(-127)).collect();
            let scales: Vec<f32> = (0..columns).map(|k| 0.5 + k as f32).collect();
            let panels = Panels::new(&weights, &scales, width);
            let stride = width.next_multiple_of(4);
            let mut rows = ByteRows { stride, ..ByteRows::default() };
            for row in 0..count {
                let start = rows.values.len();
                rows.values.extend((0..width).map(|k| byte(k + row * 77 + 5).max(-127)));
                rows.values.resize(start + stride, 0);
                rows.sums.push(rows.values[start..].iter().map(|&x| i32::from(x)).sum());
                rows.scales.push(1.0 + row as f32);
            }
            let (mut out, mut spread) = (vec![0.0; count * columns], vec![0.0; count * columns]);
            panels.multiply(&rows, count, &mut out, false);
            panels.multiply(&rows, count, &mut spread, true);
            prop_assert_eq!(&out, &spread);
            for row in 0..count {
                for column in 0..columns {
                    let sum: i32 = (0..width)
                        .map(|k| i32::from(rows.values[row * stride + k]) * i32::from(weights[column * width + k]))
                        .sum();
                    let right = sum as f32 * scales[column] * rows.scales[row];
                    prop_assert_eq!(out[row * columns + column], right);
                    prop_assert_eq!(panels.element(&rows, row, column), right);
                }
            }
            let mut row = vec![0.0; width];
            panels.row(columns - 1, &mut row);
            prop_assert_eq!(row[0], f32::from(weights[(columns - 1) * width]) * scales[columns - 1]);
        }
    }
}
