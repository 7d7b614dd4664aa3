//! Measures with intervals by the bootstrap over users: all that one user did is drawn together.

use habitue_core::{Purpose, Streams};
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::LEVEL;
use super::daily::wilson;
use super::life::{Clock, Life};
use super::measure::{Measure, Unit};

/// Bootstrap replicates for arms of up to 20,000 users; larger arms have fewer, down to 200, as their intervals are
/// narrow and time is users times replicates.
pub const REPLICATES: usize = 1_000;

/// Draws in all that an arm may take.
const DRAWS: usize = 20_000_000;

/// A measure of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What.
    pub measure: Measure,
    /// Its value; `None` if nothing can be said (nobody's day 30 was observed).
    pub value: Option<f64>,
    /// The interval; `None` with fewer than two users, or if a replicate in twenty could say nothing. Of a share of
    /// exactly 0 or 1, which samples cannot leave, it is Wilson's of as many users.
    pub interval: Option<(f64, f64)>,
    /// Users the value is taken over (those with a denominator).
    pub count: u64,
    /// The difference to the first arm, with its interval; `None` in the first arm.
    pub difference: Option<(f64, Option<(f64, f64)>)>,
}

/// The measures of an arm, in the order of [`Measure::ALL`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmMeasures {
    /// One by one.
    pub measures: Vec<Measured>,
    /// Bootstrap replicates behind the intervals.
    pub replicates: usize,
}

impl ArmMeasures {
    /// One of the measures; an empty one if it is not in [`Measure::ALL`].
    pub fn of(&self, measure: Measure) -> Measured {
        let found = self.measures.iter().find(|measured| measured.measure == measure);
        found.copied().unwrap_or(Measured {
            measure,
            value: None,
            interval: None,
            count: 0,
            difference: None,
        })
    }
}

/// All measures of all arms with percentile bootstrap intervals over users, level [`LEVEL`] (Efron, 1979; clusters drawn
/// whole: Field and Welsh, JRSS B, 2007).
///
/// `arms` holds the lives of every arm; with `paired` the n-th life of every arm is the same user, who is then drawn in all
/// arms together, so that differences have intervals of paired differences. Replicate `b` of arm `a` draws from the stream
/// ([`Purpose::Bootstrap`], `b`, `a`; 0 for all arms if paired): the same on any number of threads.
pub fn measure(arms: &[Vec<Life>], clock: Clock, paired: bool, streams: Streams) -> Vec<ArmMeasures> {
    let largest = arms.iter().map(Vec::len).max().unwrap_or(0);
    let replicates = (DRAWS / largest.max(1)).clamp(200, REPLICATES);
    let tables: Vec<Terms> = arms.iter().map(|lives| Terms::of(lives, clock)).collect();
    let drawn: Vec<Vec<Values>> = (0..)
        .zip(&tables)
        .map(|(arm, terms)| terms.replicates(replicates, streams, if paired { 0 } else { arm }))
        .collect();
    let whole: Vec<Values> = tables.iter().map(|terms| values(&terms.totals())).collect();
    (0..arms.len())
        .map(|arm| ArmMeasures {
            measures: (0..MEASURES)
                .map(|at| {
                    let of = |arm: usize| drawn[arm].iter().map(move |values| values[at]);
                    let difference = whole[arm][at].zip(whole[0][at]).filter(|_| arm > 0);
                    Measured {
                        measure: Measure::ALL[at],
                        value: whole[arm][at],
                        interval: certain(Measure::ALL[at], whole[arm][at], tables[arm].counts[at])
                            .or_else(|| interval(of(arm).collect()))
                            .filter(|_| arms[arm].len() > 1),
                        count: tables[arm].counts[at],
                        difference: difference.map(|(own, first)| {
                            let replicates = of(arm).zip(of(0));
                            let replicates = replicates.map(|(own, first)| Some(own? - first?)).collect();
                            let several = arms[arm].len() > 1 && arms[0].len() > 1;
                            (own - first, interval(replicates).filter(|_| several))
                        }),
                    }
                })
                .collect(),
            replicates,
        })
        .collect()
}

const MEASURES: usize = Measure::ALL.len();

/// Values of all measures, those that exist.
type Values = [Option<f64>; MEASURES];

/// Sums of numerators and denominators of all measures.
type Totals = [(f64, f64); MEASURES];

/// What every user contributes to every measure. Single precision: it only moves the intervals, by less than 1e-6.
struct Terms {
    rows: Vec<[(f32, f32); MEASURES]>,
    exact: Totals,
    counts: [u64; MEASURES],
}

impl Terms {
    fn of(lives: &[Life], clock: Clock) -> Self {
        let mut terms = Self {
            rows: Vec::with_capacity(lives.len()),
            exact: [(0.0, 0.0); MEASURES],
            counts: [0; MEASURES],
        };
        for life in lives {
            let mut row = [(0.0, 0.0); MEASURES];
            for (at, measure) in Measure::ALL.into_iter().enumerate() {
                let (numerator, denominator) = measure.of(life, clock);
                terms.exact[at].0 += numerator;
                terms.exact[at].1 += denominator;
                terms.counts[at] += u64::from(denominator > 0.0);
                row[at] = (numerator as f32, denominator as f32);
            }
            terms.rows.push(row);
        }
        terms
    }

    fn totals(&self) -> Totals {
        self.exact
    }

    fn replicates(&self, replicates: usize, streams: Streams, counter: u64) -> Vec<Values> {
        let replicate = |number: usize| {
            let mut stream = streams.stream(Purpose::Bootstrap, number as u64, counter);
            let users = self.rows.len();
            // Counted first, so that the rows are then read in order.
            let mut times = vec![0_u16; users];
            for _ in 0..users {
                let user = stream.random_range(0..users as u32) as usize;
                times[user] = times[user].saturating_add(1);
            }
            let mut totals = [(0.0, 0.0); MEASURES];
            for (row, times) in self.rows.iter().zip(&times).filter(|(_, times)| **times > 0) {
                let times = f64::from(*times);
                for (total, term) in totals.iter_mut().zip(row) {
                    total.0 += times * f64::from(term.0);
                    total.1 += times * f64::from(term.1);
                }
            }
            values(&totals)
        };
        (0..replicates).into_par_iter().map(replicate).collect()
    }
}

fn values(totals: &Totals) -> Values {
    totals.map(|(numerator, denominator)| (denominator > 0.0).then(|| numerator / denominator))
}

/// The interval of a share of exactly 0 or 1.
fn certain(measure: Measure, value: Option<f64>, users: u64) -> Option<(f64, f64)> {
    let value = value.filter(|_| measure.unit() == Unit::Share)?;
    let events = if value <= 0.0 { 0 } else { users };
    (value <= 0.0 || value >= 1.0).then(|| wilson(events, users))
}

/// The middle [`LEVEL`] of the replicates; `None` if more than one in twenty has no value.
fn interval(replicates: Vec<Option<f64>>) -> Option<(f64, f64)> {
    let asked = replicates.len();
    let mut known: Vec<f64> = replicates.into_iter().flatten().collect();
    if known.is_empty() || known.len() * 20 < asked * 19 {
        return None;
    }
    known.sort_by(f64::total_cmp);
    let at = |probability: f64| {
        let place = probability * (known.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(known.len() - 1);
        known[below] + (place - below as f64) * (known[above] - known[below])
    };
    Some((at(0.5 - LEVEL / 2.0), at(0.5 + LEVEL / 2.0)))
}

#[cfg(test)]
mod tests {
    use habitue_core::{DAY, SimTime};

    use super::super::life::Visit;
    use super::*;

    /// A user who comes back on the days given, from a first arrival at 0.
    fn life(days: &[i64], clock: Clock) -> Life {
        let mut life = Life::default();
        for day in [&0].into_iter().chain(days) {
            let start = SimTime(day * DAY);
            life.visit(&Visit { start, end: start, turns: 1, reward: 1.0, ..Visit::default() }, clock);
        }
        life
    }

    fn town(users: usize, share: usize) -> Vec<Life> {
        let clock = Clock::new(SimTime(9 * DAY));
        (0..users).map(|user| life(if user % 10 < share { &[1, 7] } else { &[2] }, clock)).collect()
    }

    #[test]
    fn the_interval_of_a_share_is_about_the_binomial_one() {
        let clock = Clock::new(SimTime(9 * DAY));
        let arms = measure(&[town(400, 3), town(400, 5)], clock, false, Streams::new(1));
        let [first, other] = [0, 1].map(|arm| arms[arm].of(Measure::OnDay(7)));
        assert_eq!((first.value, first.count, first.difference), (Some(0.3), 400, None));
        let (low, high) = first.interval.unwrap();
        let expected = 1.96 * (0.3_f64 * 0.7 / 400.0).sqrt();
        assert!(((high - low) / 2.0 / expected - 1.0).abs() < 0.1, "{low} {high}");
        let (difference, range) = other.difference.unwrap();
        let (low, high) = range.unwrap();
        let expected = 1.96 * ((0.3_f64 * 0.7 + 0.25) / 400.0).sqrt();
        assert!((difference - 0.2).abs() < 1e-12);
        assert!(((high - low) / 2.0 / expected - 1.0).abs() < 0.1, "{low} {high}");
        assert_eq!(arms[0].of(Measure::OnDay(30)).value, None);
    }

    #[test]
    fn paired_arms_that_are_alike_differ_by_exactly_nothing() {
        let clock = Clock::new(SimTime(9 * DAY));
        let arms = measure(&[town(50, 3), town(50, 3)], clock, true, Streams::new(1));
        let known: Vec<_> =
            arms[1].measures.iter().filter(|measured| measured.value.is_some()).copied().collect();
        assert!(known.len() > 10);
        assert!(known.iter().all(|measured| measured.difference == Some((0.0, Some((0.0, 0.0))))));
    }

    #[test]
    fn the_bits_do_not_depend_on_the_number_of_threads() {
        let clock = Clock::new(SimTime(9 * DAY));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| measure(&[town(90, 4)], clock, false, Streams::new(3)))
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn what_happened_to_everybody_is_not_certain() {
        let clock = Clock::new(SimTime(9 * DAY));
        let arms = measure(&[town(20, 0)], clock, false, Streams::new(1));
        let never = arms[0].of(Measure::OnDay(7));
        assert_eq!((never.value, never.interval), (Some(0.0), Some(wilson(0, 20))));
        assert_eq!(arms[0].of(Measure::FromDay(1)).interval, Some(wilson(20, 20)));
    }

    #[test]
    fn one_user_or_none_has_no_interval() {
        let clock = Clock::new(SimTime(9 * DAY));
        let arms = measure(&[town(1, 3), Vec::new()], clock, false, Streams::new(1));
        let [one, none] = [0, 1].map(|arm| arms[arm].of(Measure::OnDay(1)));
        assert_eq!((one.value, one.interval), (Some(1.0), None));
        assert_eq!((none.value, none.interval, none.difference), (None, None, None));
    }
}
