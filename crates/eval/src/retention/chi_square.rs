//! The upper tail of the chi-square distribution.

/// P(X >= x) for chi-square with so many degrees of freedom: the regularised upper incomplete gamma function
/// Q(k / 2, x / 2), by its finite recurrence `Q(a + 1, y) = Q(a, y) + y^a e^-y / Gamma(a + 1)` from
/// `Q(1, y) = e^-y` and `Q(1/2, y) = erfc(sqrt y)` (Abramowitz and Stegun, 6.5.21).
pub(super) fn upper_tail(x: f64, degrees: usize) -> f64 {
    if x <= 0.0 || degrees == 0 {
        return 1.0;
    }
    let y = x / 2.0;
    // `term` is y^a e^-y / Gamma(a + 1) at the current a.
    let (mut a, mut tail, mut term) = if degrees.is_multiple_of(2) {
        (1.0, (-y).exp(), y * (-y).exp())
    } else {
        (0.5, erfc(y.sqrt()), y.sqrt() * (-y).exp() * std::f64::consts::FRAC_2_SQRT_PI)
    };
    while 2.0 * a < degrees as f64 {
        tail += term;
        a += 1.0;
        term *= y / a;
    }
    tail.clamp(0.0, 1.0)
}

/// The complementary error function for x >= 0: the series of erf below 2, the continued fraction above
/// (Abramowitz and Stegun, 7.1.6 and 7.1.14).
pub(crate) fn erfc(x: f64) -> f64 {
    let scale = std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
    if x < 2.0 {
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term > 1e-17 * sum {
            odd += 2.0;
            term *= 2.0 * x * x / odd;
            sum += term;
        }
        return 1.0 - scale * sum;
    }
    let mut fraction = x;
    for k in (1..=120).rev() {
        fraction = x + f64::from(k) / 2.0 / fraction;
    }
    scale / 2.0 / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values by `scipy.stats.chi2.sf`.
    #[test]
    fn tails_are_those_of_scipy() {
        for (x, degrees, expected) in [
            (3.841_458_820_694_124, 1, 0.05),
            (0.5, 1, 0.479_500_122_186_953_37),
            (10.0, 1, 0.001_565_402_258_002_549),
            (60.0, 1, 9.485_737_571_073_857e-15),
            (5.991_464_547_107_979, 2, 0.05),
            (7.814_727_903_251_179, 3, 0.05),
            (12.0, 5, 0.034_787_780_506_241_85),
            (40.0, 6, 4.555_149_505_589_212_5e-7),
        ] {
            let tail = upper_tail(x, degrees);
            assert!((tail / expected - 1.0).abs() < 1e-9, "{x} {degrees}: {tail} {expected}");
        }
        assert!((upper_tail(0.0, 1) - 1.0).abs() < 1e-15 && upper_tail(f64::INFINITY, 2) < 1e-300);
    }
}
