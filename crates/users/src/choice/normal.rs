//! Quantiles of the normal distribution.

/// The standard normal quantile of `p`, which lies strictly between 0 and 1: algorithm AS 241 (PPND7) of Wichura 1988,
/// accurate to about 1 part in 10^7. One uniform number gives one normal number, and the larger the larger, which keeps
/// the layout of draws fixed; most values need no transcendental function.
pub(crate) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        let above = ((59.109_374_720 * r + 159.291_132_02) * r + 50.434_271_938) * r + 3.387_132_717_9;
        let below = ((67.187_563_600 * r + 78.757_757_664) * r + 17.895_169_469) * r + 1.0;
        return q * above / below;
    }
    let r = (-(if q < 0.0 { p } else { 1.0 - p }).ln()).sqrt();
    let value = if r <= 5.0 {
        let r = r - 1.6;
        let above = ((0.170_238_211_03 * r + 1.306_728_481_6) * r + 2.756_815_390_0) * r + 1.423_437_277_7;
        above / ((0.120_211_329_75 * r + 0.737_001_642_50) * r + 1.0)
    } else {
        let r = r - 5.0;
        let above = ((0.017_337_203_997 * r + 0.428_682_943_37) * r + 3.081_226_386_0) * r + 6.657_905_115_0;
        above / ((0.012_258_202_635 * r + 0.241_978_942_25) * r + 1.0)
    };
    if q < 0.0 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_agree_with_tables() {
        for (p, expected) in [
            (0.5, 0.0),
            (0.75, 0.674_489_750),
            (0.9, 1.281_551_566),
            (0.95, 1.644_853_627),
            (0.975, 1.959_963_985),
            (0.999, 3.090_232_306),
            (1e-6, -4.753_424_309),
            (1e-12, -7.034_483_825),
        ] {
            assert!((quantile(p) - expected).abs() < 2e-6, "{p}: {} is not {expected}", quantile(p));
            assert!((quantile(1.0 - p) + quantile(p)).abs() < 2e-4, "{p}");
        }
    }

    #[test]
    fn quantiles_rise_across_the_seams() {
        let values: Vec<f64> = (1..20_000).map(|n| quantile(f64::from(n) / 20_000.0)).collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
