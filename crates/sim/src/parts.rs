//! What a simulation is made of.

use habitue_core::scenario::PolicySpec;
use habitue_core::{
    Catalogue, PastInteraction, Persona, Policy, PolicyError, PopulationId, SocialGraph, UserId, UserModel,
    World,
};

/// Everything a simulation is made of, apart from the scenario.
pub struct Parts {
    /// The items.
    pub catalogue: Catalogue,
    /// By [`UserId`]: populations one after the other.
    pub personas: Vec<Persona>,
    /// By [`UserId`]: which population the user belongs to.
    pub populations: Vec<PopulationId>,
    /// By [`PopulationId`]: how its users decide.
    pub models: Vec<Box<dyn UserModel>>,
    /// Who hears whom; one node per user.
    pub graph: SocialGraph,
}

/// Makes an arm's policy, at the start and when an intervention swaps it.
pub trait PolicyMaker: Send + Sync {
    /// The untrained policy of this arm; `history` is what users consumed before the run (users without are left out).
    ///
    /// # Errors
    /// What is wrong with the specification.
    fn make(
        &self,
        arm: &str,
        spec: &PolicySpec,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Box<dyn Policy>, PolicyError>;
}
