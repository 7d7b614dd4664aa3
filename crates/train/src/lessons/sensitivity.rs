//! Does a model read who it plays, or where things stand?

use std::sync::Arc;

use habitue_core::scenario::llm::{EachName, LlmConfig};
use habitue_core::scenario::{LlmUsersConfig, ModelFile, TemplateSource};
use habitue_core::{ItemId, Persona, Purpose, SimTime, Slate, UserId, UserModel};
use habitue_llm::Backend;
use habitue_users::{ChoiceUsers, LlmUsers};
use serde::Serialize;

use super::town::{Grade, Town};
use super::words::Lot;
use super::{LessonError, Moment, Shared, teacher};

/// How far apart the distributions of what is done with an item are, as the mean total variation (half the sum of the
/// absolute differences; 0 the same, 1 nothing in common).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Sensitivity {
    /// Between two people before the same slate.
    pub persona_swapped: f64,
    /// The same for the teacher: what it should be.
    pub persona_swapped_teacher: f64,
    /// Between a slate and the same slate from the last item to the first. The teacher's is 0.
    pub order_reversed: f64,
}

/// Measures in towns `first` and so many after it.
///
/// # Errors
/// If the model fails.
pub fn sensitivity(
    model: &Arc<dyn Backend>,
    seed: u64,
    first: u64,
    towns: u64,
    lot: Lot,
) -> Result<Sensitivity, LessonError> {
    let (mut all, mut items) = (Sensitivity::default(), 0.0);
    for number in first..first + towns {
        let town = Town::draw(seed, number, lot, Grade::Full);
        let mut config = LlmConfig::new("examined");
        town.items.clone_into(&mut config.items);
        config.each = EachName::Independent;
        config.memory.retrieve = 0;
        let config = LlmUsersConfig { config, model: ModelFile::Server, template: TemplateSource::Short };
        let users = LlmUsers::on(Box::new(Shared(Arc::clone(model))), false, &config)?;
        let choice = ChoiceUsers::new(teacher());
        let [one, other] = [&town.people[0], &town.people[1]];
        let mut stream = town.streams.stream(Purpose::Training, 0, 3);
        let slate = town.slate(one, 8, &mut stream);
        let reversed: Vec<ItemId> = slate.iter().rev().copied().collect();
        let ours = actions(&town, &users, one, &slate)?;
        let swapped = actions(&town, &users, other, &slate)?;
        let mut turned = actions(&town, &users, one, &reversed)?;
        turned.reverse();
        let (right, wrong) = (actions(&town, &choice, one, &slate)?, actions(&town, &choice, other, &slate)?);
        for at in 0..slate.len() {
            all.persona_swapped += distance(&ours[at], &swapped[at]);
            all.persona_swapped_teacher += distance(&right[at], &wrong[at]);
            all.order_reversed += distance(&ours[at], &turned[at]);
            items += 1.0;
        }
    }
    Ok(Sensitivity {
        persona_swapped: all.persona_swapped / items,
        persona_swapped_teacher: all.persona_swapped_teacher / items,
        order_reversed: all.order_reversed / items,
    })
}

/// By position, the probabilities of the actions of somebody who has just arrived.
fn actions(
    town: &Town,
    users: &dyn UserModel,
    persona: &Persona,
    items: &[ItemId],
) -> Result<Vec<Vec<f32>>, LessonError> {
    let (user, time) = (UserId(0), SimTime::ZERO);
    let world = town.world(time);
    let (mut state, _) = users.admit(&world, user, persona, town.streams);
    let at = Moment { user, persona, session: 0, turn: 0, time, friends: &[], rate: false };
    let slate = Slate::certain(items.iter().copied());
    let decided = users.decide(&world, &mut [at.meet(&slate, &mut state, true)], town.streams)?;
    let distributions = decided.into_iter().next().and_then(|decision| decision.distributions);
    let rows = distributions.map_or(Vec::new(), |distributions| distributions.actions);
    Ok(rows.chunks(town.scale.len()).map(<[f32]>::to_vec).collect())
}

fn distance(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(p, q)| f64::from((p - q).abs())).sum::<f64>() / 2.0
}
