//! What all sessions of a run share.

use habitue_core::scenario::Scenario;
use habitue_core::{ActionScale, Reward, SimDuration};

/// The rules all sessions of a run share.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Items asked for per slate; at least 1.
    pub slate_size: usize,
    /// The action scale.
    pub scale: ActionScale,
    /// Whether users rate what they engage with.
    pub rate: bool,
    /// How many of a user's reactions a request carries.
    pub history: usize,
    /// The most turns a session can have; at least 1.
    pub max_turns: u32,
    /// Time a turn takes on top of the dwell.
    pub overhead: SimDuration,
    /// Whether turns carry the distributions of all choices.
    pub distributions: bool,
    /// What counts.
    pub reward: Reward,
}

impl Rules {
    /// The rules of a scenario.
    pub fn of(scenario: &Scenario) -> Self {
        let slate = &scenario.slate;
        Self {
            slate_size: slate.size,
            scale: slate.scale.clone(),
            rate: slate.rate,
            history: slate.history,
            max_turns: slate.max_turns,
            overhead: slate.overhead,
            distributions: scenario.log.distributions,
            reward: scenario.reward.clone(),
        }
    }
}
