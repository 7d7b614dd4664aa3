//! The event loop.

use habitue_core::scenario::Scenario;
use habitue_core::{ArmId, Catalogue, Persona, SimTime, UserId, WindowRows};

use crate::error::SimError;
use crate::parts::{Parts, PolicyMaker};

/// A run in progress.
pub struct Simulation {
    parts: Parts,
}

#[allow(clippy::todo, unused_variables, reason = "the interface comes first")]
impl Simulation {
    /// The run at its start.
    ///
    /// # Errors
    /// If the parts do not fit the scenario, an intervention names something unknown, or a policy cannot be made.
    pub fn new(scenario: Scenario, parts: Parts, maker: Box<dyn PolicyMaker>) -> Result<Self, SimError> {
        todo!()
    }

    /// The run as it was when [`Self::snapshot`] was taken. `parts` are those of [`Self::new`], but with the catalogue
    /// as logged up to the snapshot.
    ///
    /// # Errors
    /// As [`Self::new`], and if the snapshot is damaged or of another run.
    pub fn restore(
        scenario: Scenario,
        parts: Parts,
        maker: Box<dyn PolicyMaker>,
        snapshot: &[u8],
    ) -> Result<Self, SimError> {
        todo!()
    }

    /// All that changes, as bytes.
    ///
    /// # Errors
    /// If a policy cannot be written down, or an earlier call failed.
    pub fn snapshot(&self) -> Result<Vec<u8>, SimError> {
        todo!()
    }

    /// Plays the next window; `None` once the horizon is reached.
    ///
    /// # Errors
    /// What a policy or a user model could not do. The simulation cannot go on then.
    pub fn advance(&mut self) -> Result<Option<WindowRows>, SimError> {
        todo!()
    }

    /// The moment up to which the run has been played.
    pub fn now(&self) -> SimTime {
        todo!()
    }

    /// The arm of a user; `None` in a paired design, where every user lives in every arm.
    pub fn arm_of(&self, user: UserId) -> Option<ArmId> {
        todo!()
    }

    /// The items, with those that joined.
    pub fn catalogue(&self) -> &Catalogue {
        &self.parts.catalogue
    }

    /// The users, as edited.
    pub fn personas(&self) -> &[Persona] {
        &self.parts.personas
    }

    /// By arm: its name, and how often its policy's parameters have changed.
    pub fn policy_updates(&self) -> Vec<(String, u64)> {
        todo!()
    }
}
