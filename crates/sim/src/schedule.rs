//! Who wants something when.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use habitue_core::{ArmId, SimDuration, SimTime, UserId};

/// Users by the window in which they next want something, so that a window costs nothing for those who stay away.
#[derive(Debug)]
pub(crate) struct Calendar {
    length: SimDuration,
    windows: BTreeMap<i64, Vec<UserId>>,
}

impl Calendar {
    /// An empty calendar of windows of this length, above zero.
    pub(crate) fn new(length: SimDuration) -> Self {
        Self { length, windows: BTreeMap::new() }
    }

    /// Enters a user who wants something at this time, which is not before the window last taken.
    pub(crate) fn enter(&mut self, due: SimTime, user: UserId) {
        self.windows.entry(due.0 / self.length.0).or_default().push(user);
    }

    /// Takes out the users of the window that begins at this time, in order of id.
    pub(crate) fn take(&mut self, start: SimTime) -> Vec<UserId> {
        let mut users = self.windows.remove(&(start.0 / self.length.0)).unwrap_or_default();
        users.sort_unstable();
        users
    }
}

/// One turn after the other, by (time, user, arm).
#[derive(Debug, Default)]
pub(crate) struct Queue(BinaryHeap<Reverse<(SimTime, UserId, ArmId)>>);

impl Queue {
    /// Enters a turn.
    pub(crate) fn enter(&mut self, due: SimTime, user: UserId, arm: ArmId) {
        self.0.push(Reverse((due, user, arm)));
    }

    /// When the next turn is due.
    pub(crate) fn next_time(&self) -> Option<SimTime> {
        self.0.peek().map(|Reverse((due, ..))| *due)
    }

    /// Takes out the next turn.
    pub(crate) fn take(&mut self) -> Option<(SimTime, UserId, ArmId)> {
        self.0.pop().map(|Reverse(next)| next)
    }
}

/// The order of events, by the kind of window. Follows from the users' due times, so a snapshot leaves it out.
#[derive(Debug)]
pub(crate) enum Schedule {
    /// By society.
    Windows(Vec<Calendar>),
    Turns(Queue),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_gives_each_window_its_users_in_order() {
        let mut calendar = Calendar::new(SimDuration(10));
        for (due, user) in [(25, 1), (20, 9), (0, 4), (29, 3), (30, 2)] {
            calendar.enter(SimTime(due), UserId(user));
        }
        let users = |window: Vec<UserId>| window.into_iter().map(|user| user.0).collect::<Vec<_>>();
        assert_eq!(users(calendar.take(SimTime(0))), [4]);
        assert_eq!(users(calendar.take(SimTime(10))), [0; 0]);
        assert_eq!(users(calendar.take(SimTime(20))), [1, 3, 9]);
        assert_eq!(users(calendar.take(SimTime(30))), [2]);
    }

    #[test]
    fn a_queue_orders_by_time_user_and_arm() {
        let mut queue = Queue::default();
        for (due, user, arm) in [(5, 1, 0), (3, 2, 1), (3, 2, 0), (3, 1, 1)] {
            queue.enter(SimTime(due), UserId(user), ArmId(arm));
        }
        assert_eq!(queue.next_time(), Some(SimTime(3)));
        let order: Vec<_> = std::iter::from_fn(|| queue.take()).map(|(t, u, a)| (t.0, u.0, a.0)).collect();
        assert_eq!(order, [(3, 1, 1), (3, 2, 0), (3, 2, 1), (5, 1, 0)]);
    }
}
