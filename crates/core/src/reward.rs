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
