//! Curves by day after the first arrival.

use serde::{Deserialize, Serialize};

use super::Z;
use super::life::{CURVE_DAYS, Clock, Life};
use habitue_core::{DAY, SimTime};

/// A share on one day, each user counting once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Daily {
    /// Day after the first arrival, counted from 0.
    pub day: u32,
    /// Users the share is taken over.
    pub users: u64,
    /// Those of them who came back, or churned.
    pub events: u64,
    /// The share.
    pub share: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
}

impl Daily {
    fn new(day: u32, users: u64, events: u64) -> Self {
        let (low, high) = wilson(events, users);
        Self { day, users, events, share: events as f64 / users as f64, low, high }
    }
}

/// Classic retention by day: of the users whose day was observed wholly, the share with a session on it. Days nobody's
/// part of which was observed are left out, as are those from [`CURVE_DAYS`].
pub fn return_curve(lives: &[Life], clock: Clock) -> Vec<Daily> {
    let (mut users, mut events) = ([0; CURVE_DAYS as usize], [0; CURVE_DAYS as usize]);
    for (life, first) in lives.iter().filter_map(|life| Some((life, life.first()?))) {
        for day in observed_days(first, clock) {
            users[day] += 1;
            events[day] += u64::from(life.was_there(day as u32));
        }
    }
    days(&users, &events)
}

/// The discrete-time hazard of churn: of the users who had not churned before a day and whose day was observed wholly, the
/// share who churned on it (Singer and Willett, "It's About Time", Journal of Educational Statistics, 1993: the
/// maximum-likelihood estimate with one parameter a day).
pub fn churn_hazard(lives: &[Life], clock: Clock) -> Vec<Daily> {
    let (mut users, mut events) = ([0; CURVE_DAYS as usize], [0; CURVE_DAYS as usize]);
    for (life, first) in lives.iter().filter_map(|life| Some((life, life.first()?))) {
        let churned = life.churned.0.saturating_sub(first.0) / DAY;
        for day in observed_days(first, clock).take_while(|day| *day as i64 <= churned) {
            users[day] += 1;
            events[day] += u64::from(day as i64 == churned);
        }
    }
    days(&users, &events)
}

fn observed_days(first: SimTime, clock: Clock) -> std::ops::Range<usize> {
    let observed = (clock.end() - first).0 / DAY;
    0..observed.clamp(0, i64::from(CURVE_DAYS)) as usize
}

fn days(users: &[u64], events: &[u64]) -> Vec<Daily> {
    let days = users.iter().zip(events).zip(0..);
    days.filter(|((users, _), _)| **users > 0)
        .map(|((users, events), day)| Daily::new(day, *users, *events))
        .collect()
}

/// The interval of a share, level [`LEVEL`](super::LEVEL), by the score test (Wilson, JASA 1927); (0, 1) of nothing.
pub fn wilson(events: u64, trials: u64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (trials as f64, events as f64 / trials as f64);
    let middle = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let low = if events == 0 { 0.0 } else { (middle - reach) / scale };
    let high = if events == trials { 1.0 } else { (middle + reach) / scale };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::super::life::Visit;
    use super::*;

    fn life(starts: &[f64], churned: bool, clock: Clock) -> Life {
        let mut life = Life::default();
        for (at, start) in starts.iter().enumerate() {
            let start = SimTime((start * DAY as f64) as i64);
            let churned = churned && at + 1 == starts.len();
            life.visit(&Visit { start, end: start, churned, ..Visit::default() }, clock);
        }
        life
    }

    #[test]
    fn curves_by_hand() {
        let clock = Clock::new(SimTime(4 * DAY));
        let lives = [
            life(&[0.0, 1.5, 3.1], false, clock),
            life(&[0.5, 1.6], true, clock), // Days 0 and 1 from 0.5; day 3 is cut.
            life(&[1.0, 2.5], false, clock),
            Life::default(),
        ];
        let row = |daily: &Daily| (daily.day, daily.users, daily.events);
        let curve: Vec<_> = return_curve(&lives, clock).iter().map(row).collect();
        assert_eq!(curve, [(0, 3, 3), (1, 3, 3), (2, 3, 0), (3, 1, 1)]);
        let hazard: Vec<_> = churn_hazard(&lives, clock).iter().map(row).collect();
        assert_eq!(hazard, [(0, 3, 0), (1, 3, 1), (2, 2, 0), (3, 1, 0)]);
    }

    /// `scipy.stats.binomtest(3, 10).proportion_ci(method="wilson")`
    #[test]
    fn wilson_is_that_of_scipy() {
        let (low, high) = wilson(3, 10);
        assert!((low - 0.107_791_267_406_301).abs() < 1e-12, "{low}");
        assert!((high - 0.603_221_852_538_854_6).abs() < 1e-12, "{high}");
        assert_eq!((wilson(0, 9).0, wilson(9, 9).1, wilson(0, 0)), (0.0, 1.0, (0.0, 1.0)));
    }
}
