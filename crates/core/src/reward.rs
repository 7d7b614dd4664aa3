//! Rewards: pure functions of the log, so a run can be re-scored without re-running it.

use serde::{Deserialize, Serialize};

use crate::time::SimDuration;
use crate::turn::Impression;

/// What counts how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reward {
    /// Value of each action, shape `[actions]` of the scale.
    pub actions: Vec<f32>,
    /// Value of a minute of dwell.
    pub dwell_minute: f32,
    /// Value of each point that a rating stands above 3 (negative below).
    pub rating_point: f32,
    /// Value of a turn as such.
    pub turn: f32,
    /// Value of coming back in time.
    pub return_within: Option<ReturnReward>,
}

/// Value of a return.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReturnReward {
    /// The longest gap that counts.
    pub within: SimDuration,
    /// The value.
    pub value: f32,
}

impl Reward {
    /// Reward of a turn with these impressions.
    pub fn of_turn(&self, impressions: &[Impression]) -> f32 {
        let mut sum = self.turn;
        for impression in impressions {
            sum += self.actions[impression.action.0 as usize];
            sum += self.dwell_minute * impression.dwell_seconds / 60.0;
            if impression.rating > 0 {
                sum += self.rating_point * (f32::from(impression.rating) - 3.0);
            }
        }
        sum
    }

    /// Reward granted to a session for the gap that followed it; `None` is a return that was not observed.
    pub fn of_gap(&self, gap: Option<SimDuration>) -> f32 {
        match (self.return_within, gap) {
            (Some(reward), Some(gap)) if gap <= reward.within => reward.value,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;
    use crate::action::Action;
    use crate::ids::ItemId;
    use crate::time::DAY;

    fn impression(action: u8, dwell_seconds: f32, rating: u8) -> Impression {
        Impression {
            item: ItemId(0),
            propensity: 0.1,
            dwell_seconds,
            action: Action(action),
            rating,
            examined: true,
        }
    }

    fn reward() -> Reward {
        Reward {
            actions: vec![-1.0, 0.0, 2.0],
            dwell_minute: 0.5,
            rating_point: 10.0,
            turn: 0.25,
            return_within: Some(ReturnReward { within: SimDuration(7 * DAY), value: 3.0 }),
        }
    }

    #[test]
    fn a_turn_is_worth_its_actions_dwell_and_ratings() {
        let reward = reward();
        assert_eq!(reward.of_turn(&[]), 0.25);
        assert_eq!(reward.of_turn(&[impression(0, 0.0, 0)]), -0.75);
        // 2 for the action, 0.5 for a minute, -20 for one star, which is two points below 3; nothing without a rating.
        assert_eq!(reward.of_turn(&[impression(2, 60.0, 1), impression(1, 0.0, 0)]), 0.25 + 2.0 + 0.5 - 20.0);
        assert_eq!(reward.of_turn(&[impression(1, 0.0, 3)]), 0.25);
    }

    #[test]
    fn a_return_counts_up_to_the_longest_gap() {
        let reward = reward();
        assert_eq!(reward.of_gap(Some(SimDuration(7 * DAY))), 3.0);
        assert_eq!(reward.of_gap(Some(SimDuration(7 * DAY + 1))), 0.0);
        assert_eq!(reward.of_gap(None), 0.0);
        assert_eq!(Reward { return_within: None, ..reward }.of_gap(Some(SimDuration(1))), 0.0);
    }
}
