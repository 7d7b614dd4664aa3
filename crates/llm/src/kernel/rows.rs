//! Operations on single rows of activations.

use rten_simd::ops::{BitOps, FloatOps, NumOps};
use rten_simd::{Isa, Simd, SimdOp};

use super::exp::exp2;

/// Rows of 8-bit numbers, each with a scale.
#[derive(Debug, Default)]
pub(crate) struct ByteRows {
    /// `(rows, stride)`; the row's numbers, then zeros.
    pub values: Vec<i8>,
    /// By row.
    pub scales: Vec<f32>,
    /// By row: the sum of its values.
    pub sums: Vec<i32>,
    /// Distance of rows: the width rounded up to four.
    pub stride: usize,
}

struct RmsNorm<'a> {
    row: &'a [f32],
    weight: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
}

impl SimdOp for RmsNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let ops = isa.f32();
        let lanes = ops.len();
        let mut sums = [ops.zero(); 4];
        let mut chunks = self.row.chunks_exact(4 * lanes);
        for chunk in &mut chunks {
            for (sum, part) in sums.iter_mut().zip(chunk.chunks_exact(lanes)) {
                let x = ops.load(part);
                *sum = ops.mul_add(x, x, *sum);
            }
        }
        for part in chunks.remainder().chunks(lanes) {
            let (x, _) = ops.load_pad(part);
            sums[0] = ops.mul_add(x, x, sums[0]);
        }
        let sum = ops.sum(ops.add(ops.add(sums[0], sums[1]), ops.add(sums[2], sums[3])));
        let scale = 1.0 / (sum / self.row.len() as f32 + self.epsilon).sqrt();
        for ((out, x), weight) in self.out.iter_mut().zip(self.row).zip(self.weight) {
            *out = x * scale * weight;
        }
    }
}

/// Root-mean-square norm (Zhang & Sennrich 2019): `out = row / sqrt(mean(row^2) + epsilon) * weight`.
pub(crate) fn rms_norm(row: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    RmsNorm { row, weight, epsilon, out }.dispatch();
}

struct Quantise<'a> {
    row: &'a [f32],
    limit: f32,
    out: &'a mut [i8],
}

impl SimdOp for Quantise<'_> {
    type Output = (f32, i32);

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) -> (f32, i32) {
        // 1.5 * 2^23: adding it leaves the nearest integer in the low bits, ties to even.
        const ROUND: f32 = 12_582_912.0;
        let ops = isa.f32();
        let mut largest = ops.zero();
        for part in self.row.chunks(ops.len()) {
            let (x, _) = ops.load_pad(part);
            largest = ops.max(largest, ops.abs(x));
        }
        let largest = largest.to_array().into_iter().fold(0.0, f32::max);
        // Below this the inverse would overflow; such a row is zero for any purpose.
        if largest < 1e-30 {
            self.out.fill(0);
            return (0.0, 0);
        }
        let inverse = self.limit / largest;
        for (out, x) in self.out.iter_mut().zip(self.row) {
            *out = (x * inverse + ROUND).to_bits() as i8;
        }
        let sum = self.out.iter().map(|&x| i32::from(x)).sum();
        (largest / self.limit, sum)
    }
}

/// Symmetric 8-bit quantisation of a row: `row ~ scale * out` with `|out| <= limit`. Returns the scale and the sum of
/// `out`. `out` may be longer than the row; what lies beyond is left alone, and must be zero.
pub(crate) fn quantise_row(row: &[f32], limit: i8, out: &mut [i8]) -> (f32, i32) {
    let length = row.len();
    Quantise { row, limit: f32::from(limit), out: &mut out[..length] }.dispatch()
}

struct SiluMultiply<'a> {
    gate: &'a [f32],
    up: &'a [f32],
    out: &'a mut [f32],
}

impl SimdOp for SiluMultiply<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let ops = isa.f32();
        let lanes = ops.len();
        let whole = self.gate.len() / lanes * lanes;
        for start in (0..whole).step_by(lanes) {
            let y = silu(isa, ops.load(&self.gate[start..]), ops.load(&self.up[start..]));
            ops.store(y, &mut self.out[start..]);
        }
        if whole < self.gate.len() {
            let (gate, _) = ops.load_pad(&self.gate[whole..]);
            let (up, _) = ops.load_pad(&self.up[whole..]);
            let mut last = [0.0; 64];
            ops.store(silu(isa, gate, up), &mut last);
            let count = self.gate.len() - whole;
            self.out[whole..].copy_from_slice(&last[..count]);
        }
    }
}

/// `gate / (1 + exp(-gate)) * up`. A function, not a closure: those are compiled without the vector instructions.
#[inline(always)]
fn silu<I: Isa>(isa: I, gate: I::F32, up: I::F32) -> I::F32 {
    let ops = isa.f32();
    // The bound keeps 2^x inside the range of floats; the result is zero there.
    let exponent = ops.min(ops.mul(gate, ops.splat(-std::f32::consts::LOG2_E)), ops.splat(120.0));
    let power = exp2(isa, exponent);
    ops.mul(ops.div(gate, ops.add(ops.one(), power)), up)
}

/// `out = gate / (1 + exp(-gate)) * up` (`SwiGLU`, Shazeer 2020); slices of one length.
pub(crate) fn silu_multiply(gate: &[f32], up: &[f32], out: &mut [f32]) {
    assert!(gate.len() == up.len() && gate.len() == out.len());
    SiluMultiply { gate, up, out }.dispatch();
}

struct Add<'a> {
    to: &'a mut [f32],
    from: &'a [f32],
}

impl SimdOp for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, _isa: I) {
        for (to, from) in self.to.iter_mut().zip(self.from) {
            *to += from;
        }
    }
}

/// `to += from`.
pub(crate) fn add_rows(to: &mut [f32], from: &[f32]) {
    Add { to, from }.dispatch();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(length: usize, pace: f32) -> Vec<f32> {
        (0..length).map(|k| (k as f32 * pace).sin() * 3.0).collect()
    }

    #[test]
    fn the_norm_divides_by_the_root_mean_square() {
        for length in [1, 7, 64, 576, 577] {
            let (row, weight) = (wave(length, 0.7), wave(length, 0.3));
            let mut out = vec![0.0; length];
            rms_norm(&row, &weight, 1e-5, &mut out);
            let mean = row.iter().map(|x| f64::from(x * x)).sum::<f64>() / length as f64;
            for k in 0..length {
                let right = f64::from(row[k]) / (mean + 1e-5).sqrt() * f64::from(weight[k]);
                assert!((f64::from(out[k]) - right).abs() < 1e-5, "{length} {k}");
            }
        }
    }

    #[test]
    fn quantised_rows_are_within_half_a_step() {
        for length in [1, 5, 64, 100] {
            let row = wave(length, 1.3);
            let mut out = vec![0; length + 3];
            let (scale, sum) = quantise_row(&row, 127, &mut out);
            for (x, q) in row.iter().zip(&out) {
                assert!((x - f32::from(*q) * scale).abs() <= 0.501 * scale);
            }
            assert_eq!(sum, out.iter().map(|&q| i32::from(q)).sum::<i32>());
            assert_eq!(out[length..], [0, 0, 0]);
        }
        assert_eq!(quantise_row(&[0.0, 0.0], 127, &mut [1, 1]), (0.0, 0));
    }

    #[test]
    fn silu_is_right_also_far_out() {
        let mut gate = wave(45, 0.9);
        gate.extend([-200.0, 200.0, 0.0]);
        let up = wave(gate.len(), 0.2);
        let mut out = vec![0.0; gate.len()];
        silu_multiply(&gate, &up, &mut out);
        for k in 0..gate.len() {
            let g = f64::from(gate[k]);
            let right = g / (1.0 + (-g).exp()) * f64::from(up[k]);
            assert!(
                (f64::from(out[k]) - right).abs() < 1e-5 * right.abs().max(1.0),
                "{g}: {right} {}",
                out[k]
            );
        }
    }
}
