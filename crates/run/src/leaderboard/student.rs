//! Student's t distribution, for intervals of means over few seeds.

use std::f64::consts::PI;

/// The 0.975 quantile of Student's t distribution with so many degrees of freedom, at least 1: half the width of a
/// two-sided 95% interval in standard errors.
///
/// Found by bisection of [`within`]; relative precision 1e-12.
pub(super) fn quantile_975(freedom: u64) -> f64 {
    let (mut low, mut high) = (0.0, 13.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if within(middle, freedom) < 0.95 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// `P(|T| <= t)` for a whole number of degrees of freedom (Abramowitz and Stegun, "Handbook of Mathematical Functions",
/// 26.7.3 and 26.7.4), with `a = atan(t / sqrt(n))`:
///
/// ```text
/// n = 1     2/pi a
/// n odd     2/pi (a + sin a (cos a + 2/3 cos^3 a + ... + 2*4*..(n-3) / (3*5*..(n-2)) cos^(n-2) a))
/// n even    sin a (1 + 1/2 cos^2 a + ... + 1*3*..(n-3) / (2*4*..(n-2)) cos^(n-2) a)
/// ```
fn within(t: f64, freedom: u64) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    let mut term = if odd { cosine } else { 1.0 };
    let mut sum = 0.0;
    // The power of the cosine in `term`.
    let mut power = u64::from(odd);
    while power + 2 <= freedom {
        sum += term;
        power += 2;
        term *= cosine * cosine * (power - 1) as f64 / power as f64;
    }
    if odd { 2.0 / PI * (angle + sine * sum) } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_scipy() {
        // scipy.stats.t.ppf(0.975, n), SciPy 1.17.1
        for (freedom, expected) in [
            (1, 12.706_204_736_174_694),
            (2, 4.302_652_729_749_462),
            (3, 3.182_446_305_283_707_8),
            (4, 2.776_445_105_197_793_4),
            (9, 2.262_157_162_798_205),
            (29, 2.045_229_642_132_703),
            (99, 1.984_216_951_586_417_4),
            (999, 1.962_341_461_133_449_3),
        ] {
            let found = quantile_975(freedom);
            assert!((found / expected - 1.0).abs() < 1e-12, "{freedom}: {found}");
        }
    }
}
