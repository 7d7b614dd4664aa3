use habitue_core::{
    CategoryId, DAY, Decider, Decision, Departure, Distributions, Encounter, Feedback, HOUR, Message,
    Mindset, Move, Persona, Purpose, SimDuration, SimTime, Streams, UserId, UserModel, UserModelError,
    UserState, Visit, World, turn_counter,
};
use rand::RngExt;

/// A user who clicks what is of interest, needed, popular or heard of, grows tired, writes to friends, and comes back
/// sooner when satisfied.
#[derive(Debug, Clone, Copy)]
pub struct Clicker {
    pub batch: usize,
    /// Chance to click an item of full interest.
    pub zeal: f32,
    /// How much popularity adds to it.
    pub herd: f32,
}

impl Clicker {
    fn decision(&self, world: &World<'_>, encounter: &mut Encounter<'_>, streams: Streams) -> Decision {
        let counter = turn_counter(encounter.session, encounter.turn);
        let mut stream = streams.stream(Purpose::Decision, u64::from(encounter.user.0), counter);
        let state = &mut *encounter.state;
        let mut decision = Decision::default();
        let mut clicked = None;
        for shown in &encounter.slate.items {
            let category = world.catalogue.item(shown.item).categories[0];
            let wanted = if state.mindset.need == Some(category) { 1.0 } else { 0.0 };
            let heard = if state.heard.contains(&shown.item) { 0.3 } else { 0.0 };
            let interest = state.interests[category.index()];
            let appeal =
                self.zeal * interest + wanted + heard + self.herd * world.stats.popularity(shown.item);
            let draw: f32 = stream.random();
            let name = match draw {
                _ if draw < 0.1 * appeal => "follow",
                _ if draw < appeal => "click",
                _ if draw > 0.97 => "dislike",
                _ if draw > 0.8 => "view",
                _ => "skip",
            };
            let action = world.scale.find(name).unwrap();
            let engaged = world.scale.is_engaged(action);
            if engaged {
                clicked = Some(shown.item);
                state.interests[category.index()] = (interest + 0.01).min(1.0);
                state.recent.push_back(shown.item);
                if state.recent.len() > 5 {
                    state.recent.pop_front();
                }
            }
            let rating = u8::from(encounter.rate && engaged) * (1 + (draw * 40.0) as u8 % 5);
            let dwell_seconds = if engaged { 20.0 + 60.0 * draw } else { 1.0 };
            decision.feedback.push(Feedback { action, examined: true, dwell_seconds, rating });
            if encounter.distributions {
                let moves = vec![1.0; Move::NAMES.len()];
                let new = || Distributions { actions: Vec::new(), moves };
                let actions = &mut decision.distributions.get_or_insert_with(new).actions;
                actions.extend(std::iter::repeat_n(appeal, world.scale.len()));
            }
        }
        let mood = &mut state.mindset;
        mood.satisfaction = 0.9 * mood.satisfaction + if clicked.is_some() { 0.1 } else { 0.0 };
        mood.fatigue = (mood.fatigue + 0.2).min(1.0);
        let draw: f32 = stream.random();
        let friend = encounter.friends.first().copied();
        decision.next = match (draw, clicked, friend) {
            _ if encounter.slate.items.is_empty() => Move::Leave,
            (draw, ..) if draw < 0.3 * mood.fatigue => Move::Leave,
            (draw, Some(item), _) if draw > 0.9 => Move::Post { item: Some(item), text: "look".into() },
            (draw, clicked, Some(with)) if draw > 0.85 => {
                Move::Chat { with, item: clicked, text: String::new() }
            }
            (draw, ..) if draw > 0.8 => Move::Search("c1".into()),
            _ => Move::NextPage,
        };
        decision
    }
}

impl UserModel for Clicker {
    fn decider(&self) -> Decider {
        Decider::Choice
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn admit(
        &self,
        world: &World<'_>,
        user: UserId,
        persona: &Persona,
        streams: Streams,
    ) -> (UserState, SimTime) {
        let mut interests = vec![0.05; world.catalogue.categories().len()];
        for (CategoryId(category), weight) in &persona.interests {
            interests[usize::from(*category)] = *weight;
        }
        let state = UserState { interests: interests.into_boxed_slice(), ..UserState::default() };
        let mut stream = streams.stream(Purpose::Admission, u64::from(user.0), 0);
        (state, SimTime(stream.random_range(0..DAY)))
    }

    fn arrive(&self, _: &World<'_>, visit: Visit<'_>, away: Option<SimDuration>, _: Streams) {
        let mindset = &mut visit.state.mindset;
        *mindset = Mindset { fatigue: if away.is_some() { 0.1 } else { 0.0 }, ..*mindset };
    }

    fn decide(
        &self,
        world: &World<'_>,
        encounters: &mut [Encounter<'_>],
        streams: Streams,
    ) -> Result<Vec<Decision>, UserModelError> {
        Ok(encounters.iter_mut().map(|encounter| self.decision(world, encounter, streams)).collect())
    }

    fn depart(&self, _: &World<'_>, visit: Visit<'_>, streams: Streams) -> Departure {
        let mut stream =
            streams.stream(Purpose::Departure, u64::from(visit.user.0), u64::from(visit.session));
        if stream.random::<f32>() < 0.02 {
            return Departure::Never;
        }
        let longest = (1.5 - visit.state.mindset.satisfaction) * 12.0;
        Departure::Return(SimDuration((stream.random::<f32>() * longest * HOUR as f32) as i64))
    }

    fn hear(&self, _: &World<'_>, _: &Persona, state: &mut UserState, message: &Message) {
        if let Some(item) = message.item.filter(|_| message.positive) {
            state.heard.push_back(item);
            if state.heard.len() > 3 {
                state.heard.pop_front();
            }
        }
        state.mindset.mood =
            (state.mindset.mood * 0.9 + 0.1 * f32::from(u8::from(message.positive))).min(1.0);
    }
}
