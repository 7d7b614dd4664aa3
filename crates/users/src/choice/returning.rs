//! When a user comes back, or that never.

use habitue_core::scenario::choice::{ChurnConfig, ReturnConfig};
use habitue_core::{DAY, HOUR, Mindset, SimDuration, SimTime};

use super::leaving::logistic;

/// Probability that a user who leaves in this mindset decides never to come back.
pub(crate) fn churn(config: &ChurnConfig, satisfaction_weight: f64, mindset: &Mindset) -> f64 {
    let centred = |value: f32| 2.0 * f64::from(value) - 1.0;
    logistic(
        config.base
            - satisfaction_weight
                * (config.satisfaction * centred(mindset.satisfaction)
                    + config.trust * centred(mindset.trust)),
    )
}

/// Visits a day of a user who left in this mindset; `activity` is the persona's.
pub(crate) fn visits_per_day(
    config: &ReturnConfig,
    satisfaction_weight: f64,
    mindset: &Mindset,
    activity: f32,
) -> f64 {
    let centred = |value: f32| 2.0 * f64::from(value) - 1.0;
    let log_ratio = satisfaction_weight * config.satisfaction * centred(mindset.satisfaction)
        + config.activity * centred(activity)
        - config.boredom * f64::from(mindset.boredom);
    config.visits_per_day * log_ratio.exp()
}

/// How a rate of one visit a day is spread over the hours.
#[derive(Debug, Clone)]
pub(crate) struct Rhythm {
    /// Share of a day's visits by hour, sum 1.
    hours: [f64; 24],
}

impl Rhythm {
    /// From weights of the hours.
    pub(crate) fn new(weights: &[f64; 24]) -> Self {
        let sum: f64 = weights.iter().sum();
        Self { hours: weights.map(|weight| weight / sum) }
    }

    /// Time after `start` at which `visits` visits are expected at a rate of one a day; `None` if that is more than
    /// `longest`.
    ///
    /// A rate of r visits a day leaves, t after `start`, a share exp(-r E(t)) of users who have not come back, with E the
    /// expected visits; so the gap of a user with quantile u of that share is the t at which E(t) = -ln(u) / r.
    pub(crate) fn time_of(&self, visits: f64, start: SimTime, longest: SimDuration) -> Option<SimDuration> {
        // A whole day holds one expected visit, from whatever hour it is counted.
        let days = visits.floor();
        if days > longest.days() {
            return None;
        }
        let mut left = visits - days;
        let mut gap = days as i64 * DAY;
        for (share, length) in self.pieces(start) {
            let expected = share * length as f64 / HOUR as f64;
            if left < expected {
                gap += (left / expected * length as f64) as i64;
                return Some(SimDuration(gap.max(1))).filter(|gap| *gap <= longest);
            }
            left -= expected;
            gap += length;
        }
        Some(SimDuration(gap)).filter(|gap| *gap <= longest)
    }

    /// Expected visits within `length` after `start` at a rate of one a day.
    pub(crate) fn expected(&self, start: SimTime, length: SimDuration) -> f64 {
        let mut expected = (length.0 / DAY) as f64;
        let mut left = length.0 % DAY;
        for (share, piece) in self.pieces(start) {
            expected += share * piece.min(left) as f64 / HOUR as f64;
            left -= piece.min(left);
        }
        expected
    }

    /// The 24 hours after `start` as (share of the day's visits in a whole such hour, milliseconds); the first and the last
    /// are parts of the same hour.
    fn pieces(&self, start: SimTime) -> impl Iterator<Item = (f64, i64)> + '_ {
        let first = start.hour_of_day();
        let into = start.0.rem_euclid(HOUR);
        (0..25).map(move |piece| {
            let length = match piece {
                0 => HOUR - into,
                24 => into,
                _ => HOUR,
            };
            (self.hours[(first + piece) % 24], length)
        })
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::SECOND;

    use super::*;

    const LONG: SimDuration = SimDuration(1000 * DAY);

    #[test]
    fn satisfied_trusting_active_users_come_back_and_bored_ones_less() {
        let base = Mindset::default();
        let churn = |mindset: Mindset| churn(&ChurnConfig::default(), 1.0, &mindset);
        assert!(churn(Mindset { satisfaction: 0.9, ..base }) < churn(base));
        assert!(churn(Mindset { trust: 0.9, ..base }) < churn(base));
        let visits =
            |mindset: Mindset, activity| visits_per_day(&ReturnConfig::default(), 1.0, &mindset, activity);
        assert!(visits(Mindset { satisfaction: 0.9, ..base }, 0.5) > visits(base, 0.5));
        assert!(visits(base, 0.9) > visits(base, 0.5));
        assert!(visits(Mindset { boredom: 0.9, ..base }, 0.5) < visits(base, 0.5));
    }

    #[test]
    fn with_equal_hours_the_gap_is_exponential() {
        let rhythm = Rhythm::new(&[1.0; 24]);
        let start = SimTime(5 * HOUR + 123 * SECOND);
        for visits in [0.0, 0.3, 0.99, 1.0, 7.25] {
            let gap = rhythm.time_of(visits, start, LONG).unwrap();
            assert!((gap.days() - visits).abs() < 1e-6, "{visits}: {gap}");
        }
        assert_eq!(rhythm.time_of(3.5, start, SimDuration(3 * DAY)), None);
        assert_eq!(rhythm.time_of(1e300, start, LONG), None);
    }

    #[test]
    fn visits_fall_into_the_hours_with_weight_and_the_inverse_is_exact() {
        let mut weights = [0.0; 24];
        (weights[8], weights[20]) = (1.0, 3.0);
        let rhythm = Rhythm::new(&weights);
        for start in [0, 8 * HOUR + 1000, 13 * HOUR, 20 * HOUR + HOUR / 2, 23 * HOUR] {
            let start = SimTime(start);
            let mut by_hour = [0; 24];
            for n in 0..4000 {
                let visits = (f64::from(n) + 0.5) / 1000.0;
                let gap = rhythm.time_of(visits, start, LONG).unwrap();
                by_hour[(start + gap).hour_of_day()] += 1;
                assert!((rhythm.expected(start, gap) - visits).abs() < 1e-6);
            }
            assert_eq!((by_hour[8], by_hour[20]), (1000, 3000), "from {start}");
        }
    }
}
