//! When a user ends a session.

use habitue_core::Mindset;
use habitue_core::scenario::choice::LeaveConfig;

/// Probability of leaving after a turn. `satisfaction_weight` is the scenario's multiplier, `patience` the persona's,
/// `more` what else adds to the log-odds.
pub(super) fn probability(
    config: &LeaveConfig,
    satisfaction_weight: f64,
    mindset: &Mindset,
    patience: f32,
    more: f64,
) -> f64 {
    let centred = |value: f32| 2.0 * f64::from(value) - 1.0;
    logistic(
        config.base + more - satisfaction_weight * config.satisfaction * centred(mindset.satisfaction)
            + config.fatigue * f64::from(mindset.fatigue)
            + config.boredom * f64::from(mindset.boredom)
            - config.patience * centred(patience),
    )
}

/// 1 / (1 + e^-x)
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pleases_keeps_and_what_tires_drives_away() {
        let config = LeaveConfig::default();
        let base = Mindset::default();
        let at = |mindset: Mindset| probability(&config, 1.0, &mindset, 0.5, 0.0);
        assert!(at(Mindset { satisfaction: 0.9, ..base }) < at(base));
        assert!(at(Mindset { fatigue: 0.5, ..base }) > at(base));
        assert!(at(Mindset { boredom: 0.5, ..base }) > at(base));
        assert!(probability(&config, 1.0, &base, 0.9, 0.0) < at(base));
        assert!(probability(&config, 1.0, &base, 0.5, 1.0) > at(base));
        let without = |satisfaction| probability(&config, 0.0, &Mindset { satisfaction, ..base }, 0.5, 0.0);
        assert_eq!(without(0.1).to_bits(), without(0.9).to_bits());
    }
}
