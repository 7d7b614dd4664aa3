//! Users whose decisions follow parametric laws.

use habitue_core::scenario::choice::ChoiceConfig;
use habitue_core::{
    DAY, Decider, Decision, Departure, Encounter, Feedback, Message, Move, Persona, Purpose, SimDuration,
    SimTime, Streams, UserId, UserModel, UserModelError, UserState, Visit, World, turn_counter,
};
use rand::RngExt;

/// Users whose decisions follow parametric laws, so that the truth behind a log is known.
#[derive(Debug, Clone)]
pub struct ChoiceUsers {
    #[expect(dead_code, reason = "the laws that read it come next")]
    config: ChoiceConfig,
}

impl ChoiceUsers {
    /// Users with these parameters, which have been checked.
    pub fn new(config: ChoiceConfig) -> Self {
        Self { config }
    }

    fn decide_one(world: &World<'_>, encounter: &mut Encounter<'_>, streams: Streams) -> Decision {
        let mut stream = streams.stream(
            Purpose::Decision,
            u64::from(encounter.user.0),
            turn_counter(encounter.session, encounter.turn),
        );
        let leave = encounter.slate.items.is_empty() || stream.random::<f32>() < 0.12;
        let skip = world.scale.skip();
        let feedback = encounter
            .slate
            .items
            .iter()
            .map(|shown| {
                let liked = world.catalogue.item(shown.item).categories.iter().any(|category| {
                    encounter.state.interests.get(category.index()).is_some_and(|w| *w > 0.0)
                });
                let engages = stream.random::<f32>() < if liked { 0.3 } else { 0.05 };
                let action = world
                    .scale
                    .actions()
                    .find(|action| engages && world.scale.is_engaged(*action))
                    .unwrap_or(skip);
                Feedback { action, examined: true, dwell_seconds: 5.0, rating: 0 }
            })
            .collect();
        let next = if leave { Move::Leave } else { Move::NextPage };
        Decision { feedback, next, distributions: None }
    }
}

impl UserModel for ChoiceUsers {
    fn decider(&self) -> Decider {
        Decider::Choice
    }

    fn admit(
        &self,
        world: &World<'_>,
        user: UserId,
        persona: &Persona,
        streams: Streams,
    ) -> (UserState, SimTime) {
        let mut stream = streams.stream(Purpose::Admission, u64::from(user.0), 0);
        let mut interests = vec![0.0; world.catalogue.categories().len()].into_boxed_slice();
        for &(category, weight) in &persona.interests {
            interests[category.index()] += weight;
        }
        let first = world.now + SimDuration(stream.random_range(0..DAY));
        (UserState { interests, ..UserState::default() }, first)
    }

    fn arrive(&self, _world: &World<'_>, visit: Visit<'_>, _away: Option<SimDuration>, _streams: Streams) {
        visit.state.mindset.fatigue = 0.0;
    }

    fn decide(
        &self,
        world: &World<'_>,
        encounters: &mut [Encounter<'_>],
        streams: Streams,
    ) -> Result<Vec<Decision>, UserModelError> {
        Ok(encounters.iter_mut().map(|encounter| Self::decide_one(world, encounter, streams)).collect())
    }

    fn depart(&self, _world: &World<'_>, visit: Visit<'_>, streams: Streams) -> Departure {
        let mut stream =
            streams.stream(Purpose::Departure, u64::from(visit.user.0), u64::from(visit.session));
        if stream.random::<f32>() < 0.02 {
            return Departure::Never;
        }
        Departure::Return(SimDuration(stream.random_range(1..2 * DAY)))
    }

    fn hear(&self, _world: &World<'_>, _persona: &Persona, state: &mut UserState, message: &Message) {
        state.heard.extend(message.item);
        while state.heard.len() > 5 {
            state.heard.pop_front();
        }
    }
}
