//! The measures: each a sum over users divided by a sum over users.

use serde::{Deserialize, Serialize};

use super::life::{AFTER_SESSION, Clock, Life};

/// What is measured. The value is the sum of the users' numerators over the sum of their denominators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Measure {
    /// Share of users with a session on the N-th day after their first arrival (classic); N is 1, 7 or 30.
    OnDay(u8),
    /// Share of users with a session on the N-th day or later (rolling).
    FromDay(u8),
    /// Share of users with a second session at most N days after the first arrival.
    WithinDays(u8),
    /// Share of sessions that were followed by another one within N days; N is 1 or 7.
    AfterSession(u8),
    /// Share of users who decided never to come back.
    Churned,
    /// Mean return gap of those returns that were observed.
    Gap,
    /// Sessions a user.
    Sessions,
    /// Turns a session.
    Depth,
    /// Time in sessions a user.
    Time,
    /// Daily over monthly active users.
    Stickiness,
    /// Share of the items shown that were engaged with.
    Engagement,
    /// Satisfaction on leaving, mean over sessions.
    Satisfaction,
    /// Reward a user.
    Reward,
}

/// How a measure's values are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// A share from 0 to 1.
    Share,
    /// Days.
    Days,
    /// Minutes.
    Minutes,
    /// A count or a value without unit.
    Number,
}

impl Measure {
    /// All measures, in the order in which they are shown.
    pub const ALL: [Self; 20] = [
        Self::OnDay(1),
        Self::OnDay(7),
        Self::OnDay(30),
        Self::FromDay(1),
        Self::FromDay(7),
        Self::FromDay(30),
        Self::WithinDays(1),
        Self::WithinDays(7),
        Self::WithinDays(30),
        Self::AfterSession(1),
        Self::AfterSession(7),
        Self::Churned,
        Self::Gap,
        Self::Stickiness,
        Self::Sessions,
        Self::Depth,
        Self::Time,
        Self::Engagement,
        Self::Satisfaction,
        Self::Reward,
    ];

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::OnDay(days) => format!("return on day {days}"),
            Self::FromDay(days) => format!("return on or after day {days}"),
            Self::WithinDays(days) => format!("return within {days} {}", days_word(days)),
            Self::AfterSession(days) => {
                format!("sessions followed by another within {days} {}", days_word(days))
            }
            Self::Churned => "churned".to_owned(),
            Self::Gap => "observed return gap".to_owned(),
            Self::Sessions => "sessions per user".to_owned(),
            Self::Depth => "turns per session".to_owned(),
            Self::Time => "time per user".to_owned(),
            Self::Stickiness => "stickiness (DAU / MAU)".to_owned(),
            Self::Engagement => "engaged items".to_owned(),
            Self::Satisfaction => "satisfaction on leaving".to_owned(),
            Self::Reward => "reward per user".to_owned(),
        }
    }

    /// The unit of its values.
    pub const fn unit(self) -> Unit {
        match self {
            Self::OnDay(_)
            | Self::FromDay(_)
            | Self::WithinDays(_)
            | Self::AfterSession(_)
            | Self::Churned
            | Self::Stickiness
            | Self::Engagement => Unit::Share,
            Self::Gap => Unit::Days,
            Self::Time => Unit::Minutes,
            Self::Sessions | Self::Depth | Self::Satisfaction | Self::Reward => Unit::Number,
        }
    }

    /// What a user contributes: numerator and denominator.
    pub fn of(self, life: &Life, clock: Clock) -> (f64, f64) {
        let share = |counts: bool, holds: bool| (f64::from(counts && holds), f64::from(counts));
        let observed = |days: u8| life.came() && clock.covers(life.first, i64::from(days));
        match self {
            Self::OnDay(day) => share(observed(day + 1), life.was_there(u32::from(day))),
            Self::FromDay(day) => share(observed(day + 1), life.last_day >= i64::from(day)),
            Self::WithinDays(days) => {
                let back = life.sessions > 1 && (life.second - life.first).days() <= f64::from(days);
                share(observed(days), back)
            }
            Self::AfterSession(days) => {
                let at = AFTER_SESSION.iter().position(|known| *known == i64::from(days)).unwrap_or(0);
                (f64::from(life.followed[at].1), f64::from(life.followed[at].0))
            }
            Self::Churned => (f64::from(life.churned <= clock.end()), 1.0),
            Self::Gap => (habitue_core::SimDuration(life.gap_ms).days(), f64::from(life.gaps)),
            Self::Sessions => (f64::from(life.sessions), 1.0),
            Self::Depth => (life.turns as f64, f64::from(life.sessions)),
            Self::Time => (habitue_core::SimDuration(life.time_ms).seconds() / 60.0, 1.0),
            Self::Stickiness => {
                let days = clock.sticky_days().max(1) as f64;
                (f64::from(life.sticky_days) / days, f64::from(life.sticky_days > 0))
            }
            Self::Engagement => (life.engaged as f64, life.impressions as f64),
            Self::Satisfaction => (life.satisfaction, f64::from(life.sessions)),
            Self::Reward => (life.reward, 1.0),
        }
    }
}

const fn days_word(days: u8) -> &'static str {
    if days == 1 { "day" } else { "days" }
}

#[cfg(test)]
mod tests {
    use super::super::life::Visit;
    use super::*;
    use habitue_core::{DAY, HOUR, SimTime};

    fn life(starts: &[i64], clock: Clock) -> Life {
        let mut life = Life::default();
        for start in starts {
            let end = SimTime(start + HOUR);
            life.visit(&Visit { start: SimTime(*start), end, turns: 3, ..Visit::default() }, clock);
        }
        life
    }

    #[test]
    fn three_ways_of_coming_back_differ() {
        let clock = Clock::new(SimTime(20 * DAY));
        // Back after two days and on the ninth: within 7 days, after day 7, but not on day 7.
        let life = life(&[0, 2 * DAY, 9 * DAY], clock);
        assert_eq!(Measure::OnDay(7).of(&life, clock), (0.0, 1.0));
        assert_eq!(Measure::FromDay(7).of(&life, clock), (1.0, 1.0));
        assert_eq!(Measure::WithinDays(7).of(&life, clock), (1.0, 1.0));
        assert_eq!(Measure::WithinDays(1).of(&life, clock), (0.0, 1.0));
        assert_eq!(Measure::OnDay(30).of(&life, clock), (0.0, 0.0));
    }

    #[test]
    fn a_day_that_was_not_wholly_observed_counts_for_nothing() {
        let clock = Clock::new(SimTime(8 * DAY));
        assert_eq!(Measure::OnDay(7).of(&life(&[0, 7 * DAY], clock), clock), (1.0, 1.0));
        assert_eq!(Measure::OnDay(7).of(&life(&[1, 7 * DAY + 1], clock), clock), (0.0, 0.0));
        assert_eq!(Measure::WithinDays(7).of(&life(&[1, 7 * DAY + 1], clock), clock), (1.0, 1.0));
        assert_eq!(Measure::Sessions.of(&Life::default(), clock), (0.0, 1.0));
        assert_eq!(Measure::OnDay(1).of(&Life::default(), clock), (0.0, 0.0));
    }

    #[test]
    fn stickiness_is_the_share_of_days() {
        let clock = Clock::new(SimTime(4 * DAY));
        assert_eq!(Measure::Stickiness.of(&life(&[0, DAY, DAY + 2 * HOUR], clock), clock), (0.5, 1.0));
    }

    #[test]
    fn time_and_depth_have_their_units() {
        let clock = Clock::new(SimTime(4 * DAY));
        let life = life(&[0, DAY], clock);
        assert_eq!(Measure::Time.of(&life, clock), (120.0, 1.0));
        assert_eq!(Measure::Depth.of(&life, clock), (6.0, 2.0));
    }
}
