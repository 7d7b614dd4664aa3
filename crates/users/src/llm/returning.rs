//! When a user of a language model is back.

use habitue_core::scenario::choice::ReturnConfig;
use habitue_core::{DAY, Departure, HOUR, Mindset, SimDuration, SimTime};

use crate::choice::returning::{Rhythm, visits_per_day};

/// A stretch of time after leaving: from the first up to the second.
type Bin = (SimDuration, SimDuration);

/// The stretch that a stated intention means, by its position among
/// [`RETURN_BINS`](habitue_core::scenario::llm::RETURN_BINS); `None` for `never`.
///
/// `hours` reaches to the next midnight, but at least six hours; `tomorrow` from there to the midnight after; `this week`
/// to seven days from now; `later` to the longest gap that the scenario allows.
fn bin(intention: u8, now: SimTime, longest: SimDuration) -> Option<Bin> {
    let midnight = DAY - now.0.rem_euclid(DAY);
    let ends = [0, midnight.max(6 * HOUR), midnight + DAY, 7 * DAY, longest.0.max(7 * DAY)];
    let at = usize::from(intention);
    (at + 1 < ends.len()).then(|| (SimDuration(ends[at]), SimDuration(ends[at + 1])))
}

/// The stated intention that a departure amounts to: a position among
/// [`RETURN_BINS`](habitue_core::scenario::llm::RETURN_BINS).
pub fn intention_of(departure: Departure, now: SimTime, longest: SimDuration) -> u8 {
    let Departure::Return(gap) = departure else { return 4 };
    (0..4).find(|at| bin(*at, now, longest).is_some_and(|(_, to)| gap < to)).unwrap_or(3)
}

/// When the user is back: the gap follows the hazard of [`ReturnConfig`], given that it lies in the stretch that the user
/// stated, if any. `at` is the quantile. Where the hazard is 0 all through the stretch, the gap is uniform in it.
pub(super) fn departure(
    config: &ReturnConfig,
    rhythm: &Rhythm,
    mindset: &Mindset,
    activity: f32,
    now: SimTime,
    intention: Option<u8>,
    at: f64,
) -> Departure {
    let (rate, longest) = (visits_per_day(config, 1.0, mindset, activity), config.longest.0);
    let Some(intention) = intention else {
        let gap = rhythm.time_of(-at.ln() / rate, now, longest);
        return gap.map_or(Departure::Never, Departure::Return);
    };
    let Some((from, to)) = bin(intention, now, longest) else { return Departure::Never };
    if from >= longest {
        return Departure::Never;
    }
    let to = to.min(longest);
    let (before, within) = (rhythm.expected(now, from), rhythm.expected(now, to));
    let gap = if within > before {
        // The gap's distribution function within the stretch is (1 - exp(-r (E - E0))) / (1 - exp(-r (E1 - E0))).
        let visits = -(at * (-rate * (within - before)).exp_m1()).ln_1p() / rate;
        rhythm.time_of(before + visits, now, longest).unwrap_or(to)
    } else {
        SimDuration(from.0 + (at * (to.0 - from.0) as f64) as i64)
    };
    Departure::Return(SimDuration(gap.0.clamp(from.0.max(1), to.0.max(1))))
}

#[cfg(test)]
mod tests {
    use habitue_core::scenario::Span;
    use habitue_core::scenario::llm::RETURN_BINS;
    use proptest::prelude::*;

    use super::*;

    fn gap(config: &ReturnConfig, now: SimTime, intention: Option<u8>, at: f64) -> Departure {
        departure(config, &Rhythm::new(&config.hours), &Mindset::default(), 0.5, now, intention, at)
    }

    proptest! {
        #[test]
        fn gaps_lie_in_the_stretch_that_was_stated(
            hour in 0.0..200.0f64, bin_at in 0u8..4, at in 0.0001..0.9999f64, rate in 0.001..1000.0f64, night in any::<bool>()
        ) {
            let now = SimTime((hour * HOUR as f64) as i64);
            let mut config = ReturnConfig { visits_per_day: rate, ..ReturnConfig::default() };
            if night {
                config.hours = [0.0; 24];
                config.hours[3] = 1.0;
            }
            let (from, to) = bin(bin_at, now, config.longest.0).unwrap();
            match gap(&config, now, Some(bin_at), at) {
                Departure::Return(gap) => {
                    prop_assert!(gap >= from && gap <= to && gap.0 > 0, "{gap} outside {from} to {to}");
                }
                Departure::Never => prop_assert!(false, "never"),
            }
        }
    }

    #[test]
    fn stretches_follow_each_other_and_never_is_never() {
        let longest = ReturnConfig::default().longest.0;
        for hour in [0, 9, 20, 23] {
            let now = SimTime(3 * DAY + hour * HOUR + 5);
            let mut end = SimDuration(0);
            for at in 0..4 {
                let (from, to) = bin(at, now, longest).unwrap();
                assert!(from == end && to > from, "{} at {hour}", RETURN_BINS[usize::from(at)]);
                end = to;
            }
            assert_eq!(end, longest);
            assert_eq!(bin(4, now, longest), None);
        }
        for at in 0..4 {
            let (from, _) = bin(at, SimTime(5), longest).unwrap();
            assert_eq!(intention_of(Departure::Return(from), SimTime(5), longest), at);
        }
        assert_eq!(intention_of(Departure::Never, SimTime(5), longest), 4);
        let short = ReturnConfig { longest: Span(SimDuration(5 * DAY)), ..ReturnConfig::default() };
        assert_eq!(gap(&short, SimTime(0), Some(3), 0.5), Departure::Never);
        assert_eq!(gap(&short, SimTime(0), Some(4), 0.5), Departure::Never);
    }

    #[test]
    fn within_a_stretch_the_hazard_decides() {
        // With equal hours the gap is exponential, cut to the stretch: its median in "this week" is known.
        let config = ReturnConfig { hours: [1.0; 24], visits_per_day: 0.5, ..ReturnConfig::default() };
        let Departure::Return(median) = gap(&config, SimTime(0), Some(2), 0.5) else { panic!("never") };
        let survived = |days: f64| (-0.5 * days).exp();
        let expected = -f64::midpoint(survived(2.0), survived(7.0)).ln() / 0.5;
        assert!((median.days() - expected).abs() < 1e-6, "{} {expected}", median.days());
    }
}
