//! The cohort triangle: users by the time of their first arrival, and how many of them were there later.

use habitue_core::DAY;
use serde::{Deserialize, Serialize};

use super::daily::wilson;
use super::life::{CURVE_DAYS, Clock, Life};

/// The triangle of an arm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohorts {
    /// Days of a period: 1, or 7 in runs of more than three weeks.
    pub period_days: u32,
    /// By period of the first arrival, those without users left out.
    pub cohorts: Vec<Cohort>,
}

/// The users who first came in the same period of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// The period, counted from 0 at the start of the run.
    pub period: u32,
    /// Number of users.
    pub users: u64,
    /// By periods after the user's own first arrival, from the first period after it; ends where nobody was observed.
    pub later: Vec<CohortCell>,
}

/// A cohort in one later period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CohortCell {
    /// Users whose period was observed wholly.
    pub observed: u64,
    /// Those of them who had a session in it.
    pub there: u64,
}

impl CohortCell {
    /// Share of the observed users who were there, and its interval (Wilson).
    pub fn share(self) -> (f64, (f64, f64)) {
        (self.there as f64 / self.observed.max(1) as f64, wilson(self.there, self.observed))
    }
}

/// Days up to which a run's cohorts are daily.
const DAILY_UP_TO: i64 = 21;

impl Cohorts {
    /// The triangle of these users.
    pub fn new(lives: &[Life], clock: Clock) -> Self {
        let period_days = if clock.end().0 <= DAILY_UP_TO * DAY { 1 } else { 7 };
        let periods = CURVE_DAYS / period_days;
        let mut cohorts: Vec<Cohort> = Vec::new();
        for (life, first) in lives.iter().filter_map(|life| Some((life, life.first()?))) {
            let period = (first.0 / DAY).max(0) as u32 / period_days;
            let at = cohorts.partition_point(|cohort| cohort.period < period);
            if cohorts.get(at).is_none_or(|cohort| cohort.period != period) {
                cohorts.insert(at, Cohort { period, users: 0, later: Vec::new() });
            }
            let cohort = &mut cohorts[at];
            cohort.users += 1;
            for later in 1..periods {
                let days = later * period_days..(later + 1) * period_days;
                if !clock.covers(first, i64::from(days.end)) {
                    break;
                }
                let cell = later as usize - 1;
                if cohort.later.len() == cell {
                    cohort.later.push(CohortCell { observed: 0, there: 0 });
                }
                cohort.later[cell].observed += 1;
                cohort.later[cell].there += u64::from(days.into_iter().any(|day| life.was_there(day)));
            }
        }
        Self { period_days, cohorts }
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::SimTime;

    use super::super::life::Visit;
    use super::*;

    fn life(days: &[i64], clock: Clock) -> Life {
        let mut life = Life::default();
        for day in days {
            let start = SimTime(day * DAY + 5);
            life.visit(&Visit { start, end: start, ..Visit::default() }, clock);
        }
        life
    }

    #[test]
    fn a_triangle_by_hand() {
        let clock = Clock::new(SimTime(4 * DAY));
        let lives = [life(&[1, 2], clock), life(&[0, 2], clock), life(&[0, 1, 2], clock), life(&[3], clock)];
        let Cohorts { period_days, cohorts } = Cohorts::new(&lives, clock);
        let rows: Vec<_> = cohorts
            .iter()
            .map(|cohort| {
                let later: Vec<_> = cohort.later.iter().map(|cell| (cell.observed, cell.there)).collect();
                (cohort.period, cohort.users, later)
            })
            .collect();
        assert_eq!(period_days, 1);
        assert_eq!(
            rows,
            [(0, 2, vec![(2, 1), (2, 2)]), (1, 1, vec![(1, 1)]), (3, 1, vec![])],
            "day 3 of those of day 0 ends 5 ms after the run"
        );
    }

    #[test]
    fn long_runs_have_weeks() {
        let clock = Clock::new(SimTime(29 * DAY));
        let triangle = Cohorts::new(&[life(&[2, 8, 20], clock), life(&[8, 16], clock)], clock);
        assert_eq!(triangle.period_days, 7);
        let later = |cohort: usize| -> Vec<u64> {
            triangle.cohorts[cohort].later.iter().map(|cell| cell.there).collect()
        };
        // From day 2: day 8 is in the first week still, day 20 in the third. From day 8: day 16 is in the second.
        assert_eq!([later(0), later(1)], [vec![0, 1], vec![1]]);
    }
}
