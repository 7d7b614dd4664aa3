//! What the log of sessions says of one user, in a fixed amount of memory.

use habitue_core::{DAY, SessionRecord, SimTime};

use super::survival::Lifetime;

/// Days after the first arrival that curves and cohorts can show.
pub const CURVE_DAYS: u32 = 64;

/// Most calendar days that stickiness looks back.
const STICKY_DAYS: i64 = 30;

/// The stretch of time that was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    end: SimTime,
}

impl Clock {
    /// From the start of the run to here.
    pub const fn new(end: SimTime) -> Self {
        Self { end }
    }

    /// The end of what was observed.
    pub const fn end(self) -> SimTime {
        self.end
    }

    /// Whole calendar days over which stickiness is taken, at the end of what was observed: 30 at most.
    pub fn sticky_days(self) -> i64 {
        (self.end.0 / DAY).clamp(0, STICKY_DAYS)
    }

    /// Whether so many days after `from` were observed wholly.
    pub const fn covers(self, from: SimTime, days: i64) -> bool {
        from.0.saturating_add(days.saturating_mul(DAY)) <= self.end.0
    }

    /// Calendar days of stickiness: first and last, excluded.
    fn sticky(self) -> (i64, i64) {
        let last = self.end.0 / DAY;
        (last - self.sticky_days(), last)
    }
}

/// A finished session, as far as retention is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Visit {
    /// Arrival.
    pub start: SimTime,
    /// Departure.
    pub end: SimTime,
    /// Number of turns.
    pub turns: u32,
    /// Reward of its turns and of the return after it.
    pub reward: f64,
    /// Satisfaction on departure, 0 to 1.
    pub satisfaction: f64,
    /// The next arrival, if there is one; it may lie beyond what was observed.
    pub next: Option<SimTime>,
    /// Whether the user decided never to come back.
    pub churned: bool,
}

impl From<&SessionRecord> for Visit {
    fn from(session: &SessionRecord) -> Self {
        Self {
            start: session.start,
            end: session.end,
            turns: session.turns,
            reward: f64::from(session.turn_reward) + f64::from(session.return_reward),
            satisfaction: f64::from(session.after.satisfaction),
            next: session.gap.map(|gap| session.end + gap),
            churned: session.churned,
        }
    }
}

/// One user in one arm: counts over its sessions, which are given in their order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Life {
    pub(super) first: SimTime,
    /// The second arrival.
    pub(super) second: SimTime,
    /// Day of the last arrival, counted from the first.
    pub(super) last_day: i64,
    /// Bit n: a session began on the n-th day after the first arrival.
    pub(super) days: u64,
    /// Calendar days of stickiness on which the user was there.
    pub(super) sticky_days: u32,
    /// The calendar day up to which they are counted.
    counted_day: i64,
    pub(super) sessions: u32,
    pub(super) turns: u64,
    pub(super) time_ms: i64,
    pub(super) reward: f64,
    pub(super) satisfaction: f64,
    /// When the user left for good.
    pub(super) churned: SimTime,
    /// Sessions whose next 1 and 7 days were observed, and those of them that were followed by a return in time.
    pub(super) followed: [(u32, u32); 2],
    pub(super) gaps: u32,
    pub(super) gap_ms: i64,
    /// Items shown and engaged with; the turns have them.
    pub(super) impressions: u64,
    pub(super) engaged: u64,
}

/// Days after a session within which a return counts.
pub(super) const AFTER_SESSION: [i64; 2] = [1, 7];

const NEVER: SimTime = SimTime(i64::MAX);

impl Default for Life {
    fn default() -> Self {
        Self {
            first: NEVER,
            second: NEVER,
            last_day: 0,
            days: 0,
            sticky_days: 0,
            counted_day: i64::MIN,
            sessions: 0,
            turns: 0,
            time_ms: 0,
            reward: 0.0,
            satisfaction: 0.0,
            churned: NEVER,
            followed: [(0, 0); 2],
            gaps: 0,
            gap_ms: 0,
            impressions: 0,
            engaged: 0,
        }
    }
}

impl Life {
    /// Counts the user's next session.
    pub fn visit(&mut self, visit: &Visit, clock: Clock) {
        if self.came() {
            self.second = self.second.min(visit.start);
        } else {
            self.first = visit.start;
        }
        self.last_day = (visit.start - self.first).0 / DAY;
        if self.last_day < i64::from(CURVE_DAYS) {
            self.days |= 1 << self.last_day;
        }
        self.count_sticky(visit, clock);
        self.sessions += 1;
        self.turns += u64::from(visit.turns);
        self.time_ms += (visit.end - visit.start).0;
        self.reward += visit.reward;
        self.satisfaction += visit.satisfaction;
        if visit.churned {
            self.churned = visit.end;
        }
        let next = visit.next.filter(|next| *next <= clock.end);
        for (days, followed) in AFTER_SESSION.into_iter().zip(&mut self.followed) {
            if clock.covers(visit.end, days) {
                followed.0 += 1;
                followed.1 += u32::from(next.is_some_and(|next| (next - visit.end).0 <= days * DAY));
            }
        }
        if let Some(next) = next {
            self.gaps += 1;
            self.gap_ms += (next - visit.end).0;
        }
    }

    /// Counts items of a turn: so many shown, so many of them engaged with.
    pub fn show(&mut self, impressions: u64, engaged: u64) {
        self.impressions += impressions;
        self.engaged += engaged;
    }

    fn count_sticky(&mut self, visit: &Visit, clock: Clock) {
        let (from, to) = clock.sticky();
        let first = (visit.start.0 / DAY).max(from).max(self.counted_day);
        let last = ((visit.end.0 - 1).max(visit.start.0) / DAY).min(to - 1);
        if last >= first {
            self.sticky_days += (last - first + 1) as u32;
            self.counted_day = last + 1;
        }
    }

    /// Whether the user ever came.
    pub fn came(&self) -> bool {
        self.sessions > 0
    }

    /// Sessions that ended.
    pub const fn sessions(&self) -> u32 {
        self.sessions
    }

    /// The first arrival.
    pub fn first(&self) -> Option<SimTime> {
        self.came().then_some(self.first)
    }

    /// Whether a session began on this day, below [`CURVE_DAYS`], after the first arrival.
    pub const fn was_there(&self, day: u32) -> bool {
        self.days >> day & 1 == 1
    }

    /// From the first arrival to churn or, censored, to the end of what was observed; unit: days. `None` for a user who
    /// never came.
    pub fn lifetime(&self, clock: Clock) -> Option<Lifetime> {
        let churned = self.churned <= clock.end;
        let end = if churned { self.churned } else { clock.end };
        self.came().then(|| Lifetime { days: (end - self.first).days().max(0.0), churned })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use habitue_core::HOUR;

    fn visit(start: i64, hours: i64) -> Visit {
        Visit { start: SimTime(start), end: SimTime(start + hours * HOUR), turns: 2, ..Visit::default() }
    }

    #[test]
    fn days_are_counted_from_the_first_arrival() {
        let clock = Clock::new(SimTime(10 * DAY));
        let mut life = Life::default();
        for start in [12 * HOUR, 12 * HOUR + DAY - 1, 12 * HOUR + 3 * DAY] {
            life.visit(&visit(start, 1), clock);
        }
        assert_eq!((life.days, life.last_day, life.sessions), (0b1001, 3, 3));
        assert_eq!(life.second, SimTime(12 * HOUR + DAY - 1));
    }

    #[test]
    fn a_day_is_sticky_once_and_only_among_the_last_thirty() {
        let clock = Clock::new(SimTime(40 * DAY + HOUR));
        let mut life = Life::default();
        // Day 9 is before the window, a session over midnight counts on both days, the cut day 40 does not count.
        for (start, hours) in [(9, 1), (10, 26), (11, 30), (39, 1), (40, 1)] {
            life.visit(&visit(start * DAY, hours), clock);
        }
        assert_eq!((clock.sticky_days(), life.sticky_days), (30, 4));
    }

    #[test]
    fn a_return_beyond_what_was_observed_did_not_happen_yet() {
        let clock = Clock::new(SimTime(8 * DAY));
        let after = |start: i64, gap: i64| Visit { next: Some(SimTime(start + gap)), ..visit(start, 0) };
        let mut life = Life::default();
        life.visit(&after(0, 2 * DAY), clock);
        life.visit(&after(2 * DAY, DAY), clock);
        life.visit(&after(3 * DAY, 6 * DAY), clock);
        // Seven days after the second and third session the run is over.
        assert_eq!(life.followed, [(3, 1), (1, 1)]);
        assert_eq!((life.gaps, life.gap_ms), (2, 3 * DAY));
    }

    #[test]
    fn lifetimes_end_with_churn_or_with_what_was_observed() {
        let clock = Clock::new(SimTime(5 * DAY));
        let mut life = Life::default();
        assert_eq!(life.lifetime(clock), None);
        life.visit(&visit(DAY, 12), clock);
        assert_eq!(life.lifetime(clock), Some(Lifetime { days: 4.0, churned: false }));
        life.visit(&Visit { churned: true, ..visit(2 * DAY, 12) }, clock);
        assert_eq!(life.lifetime(clock), Some(Lifetime { days: 1.5, churned: true }));
    }
}
