//! Keys and values in half precision.

use rten_simd::ops::{BitOps, Extend, NarrowSaturate};
use rten_simd::{Isa, SimdOp, f16};

struct Widen<'a> {
    from: &'a [f16],
    to: &'a mut [f32],
}

impl SimdOp for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (halves, floats) = (isa.f16(), isa.f32());
        let (from, from_rest) = self.from.split_at(self.from.len() / halves.len() * halves.len());
        let (to, to_rest) = self.to.split_at_mut(from.len());
        for (from, to) in from.chunks_exact(halves.len()).zip(to.chunks_exact_mut(halves.len())) {
            let both = halves.load(from);
            let (low, high) = to.split_at_mut(floats.len());
            floats.store(halves.extend_low(both), low);
            floats.store(halves.extend_high(both), high);
        }
        for (from, to) in from_rest.iter().zip(to_rest) {
            *to = from.to_f32();
        }
    }
}

struct Narrow<'a> {
    from: &'a [f32],
    to: &'a mut [f16],
}

impl SimdOp for Narrow<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (halves, floats) = (isa.f16(), isa.f32());
        let (from, from_rest) = self.from.split_at(self.from.len() / halves.len() * halves.len());
        let (to, to_rest) = self.to.split_at_mut(from.len());
        for (from, to) in from.chunks_exact(halves.len()).zip(to.chunks_exact_mut(halves.len())) {
            let (low, high) = from.split_at(floats.len());
            halves.store(floats.narrow_saturate(floats.load(low), floats.load(high)), to);
        }
        for (from, to) in from_rest.iter().zip(to_rest) {
            *to = f16::from_f32(from.clamp(-65504.0, 65504.0));
        }
    }
}

/// 16-bit floats as 32-bit floats; slices of one length.
pub(crate) fn widen(from: &[f16], to: &mut [f32]) {
    assert_eq!(from.len(), to.len());
    Widen { from, to }.dispatch();
}

/// The nearest 16-bit floats; values out of range become the largest. Slices of one length.
pub(crate) fn narrow(from: &[f32], to: &mut [f16]) {
    assert_eq!(from.len(), to.len());
    Narrow { from, to }.dispatch();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrowing_rounds_to_the_nearest_and_stays_finite() {
        let values: Vec<f32> = (0..77).map(|k| (k as f32 - 38.0) * 1.37).chain([1e9, -1e9]).collect();
        let mut halves = vec![f16::from_f32(0.0); values.len()];
        let mut back = vec![0.0; values.len()];
        narrow(&values, &mut halves);
        widen(&halves, &mut back);
        for (value, back) in values.iter().zip(&back) {
            assert!((value.clamp(-65504.0, 65504.0) - back).abs() <= value.abs().min(65504.0) / 2048.0);
        }
    }
}
