//! Student's t distribution, central and not.

use crate::retention::erfc;

/// Probability of a `t` at least so far from 0, either way, with so many degrees of freedom, above 0: the regularised incomplete
/// beta function `I_x(degrees / 2, 1 / 2)` at `x = degrees / (degrees + t^2)` (Abramowitz and Stegun, 26.7.1).
pub(super) fn two_sided(t: f64, degrees: f64) -> f64 {
    let square = t * t;
    if square.is_infinite() {
        return 0.0;
    }
    let (x, rest) = (degrees / (degrees + square), square / (degrees + square));
    let (a, b) = (degrees / 2.0, 0.5);
    // x^a (1 - x)^b / B(a, b). Both logarithms keep their digits near 1.
    let log_x = -(square / degrees).ln_1p();
    let front = (a * log_x + gamma_step(a)).exp() * (rest / std::f64::consts::PI).sqrt();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(rest, b, a) / b
    }
}

/// The `t` that is exceeded, either way, with this probability: the inverse of [`two_sided`].
pub(super) fn critical(probability: f64, degrees: f64) -> f64 {
    let mut high = 1.0;
    while two_sided(high, degrees) > probability && high < 1e300 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if two_sided(middle, degrees) > probability { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Probability that `(Z + shift) / S` lies further from 0 than `critical`, either way, where `Z` is standard normal and `S` the
/// root of an independent chi-square over its `degrees`, 1 at least: the noncentral t. It is the mean over `S` of
/// `Phi(shift - critical S) + Phi(-shift - critical S)`, by Simpson's rule over all of `S` that matters.
pub(super) fn noncentral_beyond(critical: f64, degrees: f64, shift: f64) -> f64 {
    const INTERVALS: u32 = 800;
    let reach = 10.0 / (2.0 * degrees).sqrt();
    let from = (1.0 - reach).max(0.0);
    let step = (1.0 + reach - from) / f64::from(INTERVALS);
    let (mut mass, mut beyond) = (0.0, 0.0);
    for at in 0..=INTERVALS {
        let root = from + step * f64::from(at);
        let simpson = if at == 0 || at == INTERVALS { 1.0 } else { f64::from(2 + 2 * (at % 2)) };
        // The density of S up to a constant, 1 at S = 1; at 0 it is 0 unless there is one degree of freedom.
        let log = if degrees > 1.0 { (degrees - 1.0) * root.ln() } else { 0.0 };
        let weight = simpson * (log - 0.5 * degrees * (root * root - 1.0)).exp();
        mass += weight;
        beyond += weight * (normal_above(critical * root - shift) + normal_above(critical * root + shift));
    }
    beyond / mass
}

/// Probability that a standard normal variable lies above `x`.
fn normal_above(x: f64) -> f64 {
    let tail = 0.5 * erfc(x.abs() / std::f64::consts::SQRT_2);
    if x < 0.0 { 1.0 - tail } else { tail }
}

/// `ln(Gamma(a + 1/2) / Gamma(a))` for `a` above 0: its asymptotic series from 20 on, and
/// `Gamma(a + 1) = a Gamma(a)` up to there.
fn gamma_step(mut a: f64) -> f64 {
    let mut below = 0.0;
    while a < 20.0 {
        below += (a / (a + 0.5)).ln();
        a += 1.0;
    }
    let square = a * a;
    let series = -1.0 / 8.0 + (1.0 / 192.0 + (-1.0 / 640.0 + 17.0 / 14336.0 / square) / square) / square;
    below + 0.5 * a.ln() + series / a
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.
#[expect(clippy::many_single_char_names, reason = "the names of the formula")]
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let safe = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut c, mut d) = (1.0, 1.0 / safe(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for m in (1..=10_000).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / safe(1.0 + term * d);
            c = safe(1.0 + term / c);
            change = c * d;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values by `2 * scipy.stats.t.sf`.
    #[test]
    fn tails_are_those_of_scipy() {
        for (t, degrees, expected) in TAILS {
            let tail = two_sided(t, degrees);
            assert!((tail / expected - 1.0).abs() < 1e-9, "{t} {degrees}: {tail} {expected}");
            assert!((critical(expected, degrees) / t - 1.0).abs() < 1e-9, "{t} {degrees}");
        }
        assert!((two_sided(0.0, 3.0) - 1.0).abs() < 1e-15 && two_sided(f64::INFINITY, 3.0) < 1e-300);
    }

    /// Expected values by `scipy.stats.nct`.
    #[test]
    fn shifted_tails_are_those_of_scipy() {
        for (critical, degrees, shift, expected) in SHIFTED {
            let beyond = noncentral_beyond(critical, degrees, shift);
            assert!((beyond - expected).abs() < 1e-7, "{critical} {degrees} {shift}: {beyond} {expected}");
        }
    }
    const TAILS: [(f64, f64, f64); 9] = [
        (12.7, 1.0, 0.050_024_327_689_344_165),
        (0.3, 1.0, 0.814_452_841_844_515_4),
        (2.5, 3.7, 0.071_822_022_911_826_78),
        (2.086, 20.0, 0.049_996_354_457_440_19),
        (8.0, 20.0, 1.165_662_827_148_851e-7),
        (0.01, 51.9, 0.992_059_628_243_275),
        (1.96, 1e4, 0.050_023_520_231_833_03),
        (5.0, 1e6, 5.733_997_870_890_745e-7),
        (30.0, 500.0, 7.214_288_888_428_143e-114),
    ];
    const SHIFTED: [(f64, f64, f64, f64); 6] = [
        (12.706, 1.0, 3.0, 0.186_134_987_729_372_5),
        (2.2, 11.0, 0.5, 0.074_452_728_667_750_07),
        (2.045, 29.0, 2.9, 0.800_402_836_228_816_6),
        (1.96, 1e5, 2.8, 0.799_545_887_022_075_7),
        (4.3, 2.0, 6.0, 0.836_068_737_551_843_9),
        (1.99, 80.5, -2.0, 0.506_433_984_467_515),
    ];
}
