//! The measures of two alternatives, their differences and what is to be thought of them.

use habitue_core::Streams;

use super::alternatives::Alternatives;
use super::error::CompareError;
use super::worlds::Worlds;
use super::{Against, Alternative, Difference};
use crate::report::number::percent;
use crate::retention::{Clock, Life, Measure, measure};
use crate::stats::{Power, Sample, benjamini_hochberg, holm, paired, welch};

/// What is compared, in the order in which it is shown.
pub const MEASURES: [Measure; 8] = [
    Measure::WithinDays(1),
    Measure::WithinDays(7),
    Measure::WithinDays(30),
    Measure::Sessions,
    Measure::Depth,
    Measure::Time,
    Measure::Satisfaction,
    Measure::Reward,
];

/// The measures of an alternative against those of the baseline, the baseline's lives first, and the number of bootstrap
/// replicates; those of which nothing is known are left out.
pub(super) fn compare(
    lives: [&Vec<Life>; 2],
    alternatives: &Alternatives,
    worlds: &Worlds,
    is_paired: bool,
    power: Power,
) -> Result<(Vec<Difference>, usize), CompareError> {
    let clock = alternatives.clock;
    let seed = alternatives.all.first().map_or(0, |arm| arm.facts.seed);
    let arms = measure(&[lives[0].clone(), lives[1].clone()], clock, is_paired, Streams::new(seed));
    let mut differences = Vec::new();
    for what in MEASURES.into_iter().filter(|what| worlds.same_reward || *what != Measure::Reward) {
        let [baseline, other] = [0, 1].map(|arm| arms[arm].of(what));
        let Some(((from, to), (difference, interval))) =
            baseline.value.zip(other.value).zip(other.difference)
        else {
            continue;
        };
        let wrong = |source| CompareError::Value { measure: what.name(), source };
        let [one, two] = [0, 1].map(|arm| sample(lives[arm], what, clock).map_err(wrong));
        let (one, two) = (one?, two?);
        let test = if is_paired { paired(&one, &two).map_err(wrong)? } else { welch(&one, &two) };
        differences.push(Difference {
            measure: what,
            name: what.name(),
            unit: what.unit(),
            baseline: from,
            alternative: to,
            difference,
            interval,
            users: (baseline.count, other.count),
            test,
            holm: None,
            benjamini_hochberg: None,
            users_needed: test.and_then(|test| power.users_needed(test.spread, test.difference)),
            visible: test.and_then(|test| power.visible(test.spread)),
        });
    }
    Ok((differences, arms[0].replicates))
}

fn sample(lives: &[Life], what: Measure, clock: Clock) -> Result<Sample, crate::stats::StatsError> {
    let (numerators, denominators) = lives.iter().map(|life| what.of(life, clock)).unzip();
    Sample::ratios(numerators, denominators)
}

/// Adjusts the p-values for all tests there are.
pub(super) fn adjust(others: &mut [Against]) {
    let tested = |difference: &&mut Difference| difference.test.is_some_and(|test| test.p_value.is_some());
    let mut all: Vec<&mut Difference> =
        others.iter_mut().flat_map(|other| &mut other.measures).filter(tested).collect();
    let p_values: Vec<f64> = all.iter().filter_map(|difference| difference.test?.p_value).collect();
    let adjusted = holm(&p_values).into_iter().zip(benjamini_hochberg(&p_values));
    for (difference, (any, rate)) in all.iter_mut().zip(adjusted) {
        difference.holm = Some(any);
        difference.benjamini_hochberg = Some(rate);
    }
}

/// What was not observed, or of some users only.
pub(super) fn warnings(others: &[Against], baseline: &Alternative) -> Vec<String> {
    let mut warnings = Vec::new();
    for what in MEASURES.into_iter().filter(|what| matches!(what, Measure::WithinDays(_))) {
        let found =
            |other: &Against| other.measures.iter().find(|difference| difference.measure == what).cloned();
        let known: Vec<(&Against, Difference)> =
            others.iter().filter_map(|other| Some((other, found(other)?))).collect();
        if known.is_empty() {
            warnings.push(format!(
                "\"{}\" is left out: nobody was observed for so long after the first arrival.",
                what.name()
            ));
        }
        let share = |users: u64, of: u64| users as f64 / of.max(1) as f64;
        let least = known
            .iter()
            .flat_map(|(other, difference)| {
                let (ours, theirs) = difference.users;
                [share(ours, baseline.users), share(theirs, other.alternative.users)]
            })
            .fold(1.0, f64::min);
        if least < 0.9 {
            warnings.push(format!(
                "\"{}\" is about those users only who came early enough to be observed for so long, {} of an arm at least.",
                what.name(),
                percent(least)
            ));
        }
    }
    warnings
}
