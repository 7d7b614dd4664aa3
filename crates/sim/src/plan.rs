//! What stays as it is during the whole run.

use habitue_core::scenario::{Design, Scenario, Window};
use habitue_core::{Action, ArmId, ItemStats, Purpose, SimDuration, SimTime, Streams, UserId, World};
use rand::RngExt;

use crate::chunk::Scene;
use crate::error::SimError;
use crate::parts::Parts;
use crate::rules::Rules;
use crate::shelf::Shelf;

/// The scenario, and what follows from it.
pub(crate) struct Plan {
    pub(crate) scenario: Scenario,
    pub(crate) rules: Rules,
    pub(crate) streams: Streams,
    pub(crate) horizon: SimTime,
    /// The action by which a user follows an item's creator, where the scale has it.
    follow: Option<Action>,
    /// By user; `None` in a paired design.
    assignment: Option<Vec<ArmId>>,
}

impl Plan {
    /// The plan of a scenario with these parts.
    pub(crate) fn new(scenario: Scenario, parts: &Parts) -> Result<Self, SimError> {
        let horizon = SimTime::ZERO + scenario.horizon;
        if horizon <= SimTime::ZERO {
            return Err(SimError::mismatch(format!(
                "the horizon is {}, expected more than 0",
                scenario.horizon
            )));
        }
        if let Window::Every(length) = scenario.window
            && length <= SimDuration(0)
        {
            return Err(SimError::mismatch(format!("the window is {length}, expected more than 0")));
        }
        if scenario.arms.is_empty() {
            return Err(SimError::mismatch("the scenario has no arm, expected at least one"));
        }
        parts.check(&scenario)?;
        let streams = Streams::new(scenario.seed);
        let assignment = match scenario.design {
            Design::Paired => None,
            Design::Split => {
                let users = 0..parts.personas.len() as u32;
                Some(users.map(|user| assigned(&scenario, streams, UserId(user))).collect())
            }
        };
        let rules = Rules::of(&scenario);
        let follow = rules.scale.find("follow");
        Ok(Self { scenario, rules, streams, horizon, follow, assignment })
    }

    /// The arm of a user; `None` in a paired design.
    pub(crate) fn arm_of(&self, user: UserId) -> Option<ArmId> {
        self.assignment.as_ref().map(|arms| arms[user.index()])
    }

    /// The arm that serves a user of a society.
    pub(crate) fn arm_in(&self, society: usize, user: UserId) -> ArmId {
        self.arm_of(user).unwrap_or(ArmId(society as u16))
    }

    /// Number of societies: groups of users who share item statistics and messages.
    pub(crate) fn societies(&self) -> usize {
        match self.scenario.design {
            Design::Split => 1,
            Design::Paired => self.scenario.arms.len(),
        }
    }

    /// The society in which an arm's users live.
    pub(crate) fn society_of(&self, arm: usize) -> usize {
        match self.scenario.design {
            Design::Split => 0,
            Design::Paired => arm,
        }
    }

    /// The world as users and policies of a society see it.
    pub(crate) fn world<'a>(
        &'a self,
        parts: &'a Parts,
        shelf: &'a Shelf,
        stats: &'a ItemStats,
        now: SimTime,
    ) -> World<'a> {
        World {
            catalogue: &parts.catalogue,
            available: shelf.available(),
            stats,
            scale: &self.rules.scale,
            now,
        }
    }

    /// A window with this world that ends at `end`, or after one turn if there is no `end`.
    pub(crate) fn scene<'a>(
        &'a self,
        parts: &'a Parts,
        shelf: &'a Shelf,
        world: World<'a>,
        end: Option<SimTime>,
    ) -> Scene<'a> {
        Scene {
            world,
            rules: &self.rules,
            streams: self.streams,
            personas: &parts.personas,
            graph: &parts.graph,
            shelf,
            follow: self.follow,
            end: end.unwrap_or(self.horizon),
            horizon: self.horizon,
            single_turn: end.is_none(),
        }
    }
}

/// The arm a user is drawn into, by share.
fn assigned(scenario: &Scenario, streams: Streams, user: UserId) -> ArmId {
    let draw: f64 = streams.stream(Purpose::Assignment, u64::from(user.0), 0).random();
    let mut share = 0.0;
    for (arm, spec) in scenario.arms.iter().enumerate() {
        share += spec.share;
        if draw < share {
            return ArmId(arm as u16);
        }
    }
    // The shares may sum to a little less than 1.
    ArmId((scenario.arms.len() - 1) as u16)
}
