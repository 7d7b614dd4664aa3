//! What retention needs to know of a user.

use habitue_core::{DAY, SimTime};
use serde::{Deserialize, Serialize};

/// The days whose retention a summary gives.
pub const RETENTION_DAYS: [u8; 2] = [1, 7];

/// A user's first arrival, and on which of [`RETENTION_DAYS`] the user came back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Life {
    first: SimTime,
    /// Bit n: a session began on the n-th of [`RETENTION_DAYS`].
    returned: u8,
}

impl Default for Life {
    fn default() -> Self {
        Self { first: Self::NEVER, returned: 0 }
    }
}

impl Life {
    const NEVER: SimTime = SimTime(i64::MIN);

    /// A session began. Sessions come in their order.
    pub(super) fn visit(&mut self, start: SimTime) {
        if self.first == Self::NEVER {
            self.first = start;
        }
        let day = (start - self.first).0 / DAY;
        for (at, wanted) in RETENTION_DAYS.into_iter().enumerate() {
            if day == i64::from(wanted) {
                self.returned |= 1 << at;
            }
        }
    }
}

/// Classic day-N retention: of the users whose day N, [24 h N, 24 h (N + 1)) after their first arrival, lies within the
/// horizon, the share of those in whose day N a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Users whose day N lies within the horizon.
    pub observed: u64,
    /// Those of them who came back on it.
    pub returned: u64,
}

impl Retention {
    /// Counts a user; `at` is the position in [`RETENTION_DAYS`].
    pub(super) fn count(&mut self, life: &Life, at: usize, horizon: SimTime) {
        let day = i64::from(RETENTION_DAYS[at]);
        if life.first == Life::NEVER || life.first.0 + (day + 1) * DAY > horizon.0 {
            return;
        }
        self.observed += 1;
        self.returned += u64::from(life.returned >> at & 1);
    }

    /// The share; `None` if the horizon shows nobody's day N.
    pub fn share(self) -> Option<f64> {
        (self.observed > 0).then(|| self.returned as f64 / self.observed as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use habitue_core::HOUR;

    fn shares(visits: &[i64], horizon: i64) -> [Option<f64>; 2] {
        let mut life = Life::default();
        for visit in visits {
            life.visit(SimTime(*visit));
        }
        [0, 1].map(|at| {
            let mut retention = Retention::default();
            retention.count(&life, at, SimTime(horizon));
            retention.share()
        })
    }

    #[test]
    fn a_day_is_24_hours_from_the_first_arrival() {
        let noon = 12 * HOUR;
        assert_eq!(shares(&[noon, noon + DAY - 1], 14 * DAY), [Some(0.0), Some(0.0)]);
        assert_eq!(shares(&[noon, noon + DAY], 14 * DAY), [Some(1.0), Some(0.0)]);
        assert_eq!(shares(&[noon, noon + 2 * DAY], 14 * DAY), [Some(0.0), Some(0.0)]);
        assert_eq!(shares(&[noon, noon + 8 * DAY - 1], 14 * DAY), [Some(0.0), Some(1.0)]);
    }

    #[test]
    fn a_day_beyond_the_horizon_is_not_observed() {
        assert_eq!(shares(&[0, DAY], 2 * DAY), [Some(1.0), None]);
        assert_eq!(shares(&[1, DAY + 1], 2 * DAY), [None, None]);
        assert_eq!(shares(&[0], 8 * DAY), [Some(0.0), Some(0.0)]);
        assert_eq!(shares(&[], 14 * DAY), [None, None]);
    }
}
