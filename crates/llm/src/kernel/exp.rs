//! Powers of two.

use rten_simd::Isa;
use rten_simd::Simd;
use rten_simd::ops::BitOps;
use rten_simd::ops::{FloatOps, IntOps, NumOps};

/// ln(2)^k / k!, the Taylor series of 2^x; on [-0.5, 0.5] the first term left out is below 1e-8.
const SERIES: [f32; 8] = [
    1.0,
    std::f32::consts::LN_2,
    0.240_226_5,
    0.055_504_11,
    0.009_618_129,
    0.001_333_355_8,
    0.000_154_035_3,
    0.000_015_252_734,
];

/// 2^x, to about one unit in the last place; exactly 0 below -126, minus infinity included. For x at most 127.
#[inline(always)]
pub(super) fn exp2<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let (floats, ints) = (isa.f32(), isa.i32());
    let floor = floats.splat(-126.0);
    let vanishes = floats.lt(x, floor);
    let x = floats.max(x, floor);
    let whole = floats.round_ties_even(x);
    let part = floats.sub(x, whole);
    let mut sum = floats.splat(SERIES[7]);
    for k in (0..7).rev() {
        sum = floats.mul_add(sum, part, floats.splat(SERIES[k]));
    }
    let exponent = ints.add(floats.to_int_trunc(whole), ints.splat(127));
    let power: I::F32 = ints.shift_left::<23>(exponent).reinterpret_cast();
    floats.select(floats.zero(), floats.mul(sum, power), vanishes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_simd::SimdOp;

    struct Powers<'a>(&'a mut [f32]);

    impl SimdOp for Powers<'_> {
        type Output = ();

        #[inline(always)]
        fn eval<I: Isa>(self, isa: I) {
            let ops = isa.f32();
            for chunk in self.0.chunks_exact_mut(ops.len()) {
                ops.store(exp2(isa, ops.load(chunk)), chunk);
            }
        }
    }

    #[test]
    fn powers_are_right_to_the_last_places() {
        let inputs: Vec<f32> = (0..16000).map(|k| k as f32 / 16000.0 * 150.0 - 125.0).collect();
        let mut outputs = inputs.clone();
        Powers(&mut outputs).dispatch();
        for (x, y) in inputs.iter().zip(outputs) {
            let right = f64::from(*x).exp2();
            assert!((f64::from(y) - right).abs() <= 3e-7 * right, "2^{x} = {right}, got {y}");
        }
    }

    #[test]
    fn far_below_is_exactly_zero() {
        let mut values = [f32::NEG_INFINITY, -1e30, -127.0, 0.0].repeat(16);
        Powers(&mut values).dispatch();
        assert_eq!(values[..4], [0.0, 0.0, 0.0, 1.0]);
    }
}
