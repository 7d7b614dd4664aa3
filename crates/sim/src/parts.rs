//! What a simulation is made of.

use habitue_core::scenario::{PolicySpec, Scenario};
use habitue_core::{
    Catalogue, PastInteraction, Persona, Policy, PolicyError, PopulationId, SocialGraph, UserId, UserModel,
    World,
};

use crate::error::SimError;

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

impl Parts {
    /// What each user with a past consumed before the run.
    pub(crate) fn history(&self) -> Vec<(UserId, &[PastInteraction])> {
        let users = (0..).map(UserId).zip(&self.personas);
        let past = users.map(|(user, persona)| (user, persona.history.as_slice()));
        past.filter(|(_, past)| !past.is_empty()).collect()
    }

    /// The user model of a user.
    pub(crate) fn model_of(&self, user: UserId) -> &dyn UserModel {
        &*self.models[self.populations[user.index()].index()]
    }

    /// Whether ids lie within what they refer to.
    pub(crate) fn check(&self, scenario: &Scenario) -> Result<(), SimError> {
        let users = self.personas.len();
        let refuse = |message: String| Err(SimError::Mismatch(message));
        if u32::try_from(users).is_err() {
            return refuse(format!("{users} users, expected at most {}", u32::MAX));
        }
        if self.models.len() != scenario.populations.len() {
            let expected = scenario.populations.len();
            return refuse(format!(
                "{} user models, expected {expected}, one per population",
                self.models.len()
            ));
        }
        if self.populations.len() != users {
            return refuse(format!("populations of {} users, expected {users}", self.populations.len()));
        }
        if !self.populations.is_sorted() {
            return refuse("the populations are mixed, expected one after the other".to_owned());
        }
        if let Some(last) = self.populations.last().filter(|last| last.index() >= self.models.len()) {
            return refuse(format!("population {last}, expected less than {}", self.models.len()));
        }
        for (user, persona) in self.personas.iter().enumerate() {
            self.check_persona(user, persona)?;
        }
        Ok(())
    }

    fn check_persona(&self, user: usize, persona: &Persona) -> Result<(), SimError> {
        let key = &persona.key;
        let categories = self.catalogue.categories().len();
        let mut named = persona.interests.iter().map(|(category, _)| category).chain(&persona.dislikes);
        if let Some(category) = named.find(|category| category.index() >= categories) {
            return Err(SimError::mismatch(format!(
                "user \"{key}\" has category {category}, expected less than {categories}"
            )));
        }
        let items = self.catalogue.len();
        if let Some(past) = persona.history.iter().find(|past| past.item.index() >= items) {
            return Err(SimError::mismatch(format!(
                "user \"{key}\" has a past with item {}, expected less than {items}",
                past.item
            )));
        }
        let friends = self.graph.friends(UserId(user as u32));
        match friends.last().filter(|friend| friend.index() >= self.personas.len()) {
            Some(friend) => Err(SimError::mismatch(format!(
                "user \"{key}\" has user {friend} for a friend, expected less than {}",
                self.personas.len()
            ))),
            None => Ok(()),
        }
    }
}
