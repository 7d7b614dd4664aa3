//! How deep sessions go, how they end, and how long until the next one.

use habitue_core::{DAY, EndReason, HOUR, SessionRecord};
use serde::Serialize;

use crate::retention::Clock;

/// Turns up to which depths are counted one by one.
const DEEPEST: usize = 100;

/// Upper ends of the bins of return gaps, and their names. Unit: milliseconds.
const GAPS: [(i64, &str); 9] = [
    (HOUR, "< 1 h"),
    (3 * HOUR, "1-3 h"),
    (6 * HOUR, "3-6 h"),
    (12 * HOUR, "6-12 h"),
    (DAY, "12-24 h"),
    (2 * DAY, "1-2 d"),
    (4 * DAY, "2-4 d"),
    (7 * DAY, "4-7 d"),
    (i64::MAX, "> 7 d"),
];

/// A bin of a histogram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bin {
    /// What it holds.
    pub name: String,
    /// How many of it.
    pub count: u64,
}

/// Sessions of an arm, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SessionCounts {
    /// Sessions that ended.
    pub count: u64,
    /// Sessions by number of turns: 1, 2, ... and "more".
    pub depth: Vec<Bin>,
    /// Observed return gaps.
    pub gaps: Vec<Bin>,
    /// Sessions after which the user never returns.
    pub churned: u64,
    /// Sessions whose return lies beyond what was observed.
    pub censored: u64,
    /// By the reason for ending.
    pub reasons: Vec<(&'static str, u64)>,
}

/// Counters of an arm.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionTally {
    count: u64,
    depth: Vec<u64>,
    gaps: [u64; GAPS.len()],
    churned: u64,
    censored: u64,
    reasons: [u64; EndReason::NAMES.len()],
}

impl SessionTally {
    pub(super) fn add(&mut self, session: &SessionRecord, clock: Clock) {
        self.count += 1;
        let depth = (session.turns as usize).min(DEEPEST + 1);
        if self.depth.len() <= depth {
            self.depth.resize(depth + 1, 0);
        }
        self.depth[depth] += 1;
        self.reasons[session.reason as usize] += 1;
        match session.gap.filter(|gap| session.end + *gap <= clock.end()) {
            Some(gap) => {
                let bin = GAPS.iter().position(|(end, _)| gap.0 < *end).unwrap_or(GAPS.len() - 1);
                self.gaps[bin] += 1;
            }
            None if session.churned => self.churned += 1,
            None => self.censored += 1,
        }
    }

    pub(super) fn finish(self) -> SessionCounts {
        let name = |depth: usize| if depth > DEEPEST { format!("> {DEEPEST}") } else { depth.to_string() };
        let depth = self.depth.iter().enumerate().filter(|(depth, count)| *depth > 0 || **count > 0);
        let gaps = GAPS.iter().zip(self.gaps);
        SessionCounts {
            count: self.count,
            depth: depth.map(|(depth, count)| Bin { name: name(depth), count: *count }).collect(),
            gaps: gaps.map(|((_, name), count)| Bin { name: (*name).to_owned(), count }).collect(),
            churned: self.churned,
            censored: self.censored,
            reasons: EndReason::NAMES.into_iter().zip(self.reasons).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::{ArmId, Mindset, SimDuration, SimTime, UserId};

    use super::*;

    fn session(turns: u32, gap: Option<i64>, churned: bool) -> SessionRecord {
        SessionRecord {
            arm: ArmId(0),
            user: UserId(0),
            session: 0,
            start: SimTime(0),
            end: SimTime(HOUR),
            turns,
            turn_reward: 0.0,
            return_reward: 0.0,
            reason: EndReason::Left,
            gap: gap.map(SimDuration),
            churned,
            censored: gap.is_none() && !churned,
            before: Mindset::default(),
            after: Mindset::default(),
        }
    }

    #[test]
    fn every_session_is_in_one_bin() {
        let clock = Clock::new(SimTime(3 * DAY));
        let mut tally = SessionTally::default();
        for (turns, gap, churned) in [
            (1, Some(HOUR), false),
            (3, Some(HOUR - 1), false),
            (3, Some(9 * DAY), false),
            (500, None, true),
            (2, None, false),
        ] {
            tally.add(&session(turns, gap, churned), clock);
        }
        let counts = tally.finish();
        let gaps: Vec<u64> = counts.gaps.iter().map(|bin| bin.count).collect();
        assert_eq!(gaps, [1, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!((counts.count, counts.churned, counts.censored), (5, 1, 2));
        let depth: Vec<_> = counts.depth.iter().filter(|bin| bin.count > 0).collect();
        assert_eq!(depth.len(), 4);
        assert_eq!((depth[2].name.as_str(), depth[2].count, depth[3].name.as_str()), ("3", 2, "> 100"));
    }
}
