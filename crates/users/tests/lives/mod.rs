//! Whole lives of users, one after the other.

use habitue_core::scenario::persona::PersonaSpec;
use habitue_core::{
    Action, DAY, Departure, Encounter, ItemId, Move, Persona, Purpose, SimDuration, SimTime, Slate, Stream,
    Streams, UserId, UserModel, Visit, turn_counter,
};
use habitue_users::personas::generate;
use rand::RngExt;

use crate::town::Town;

/// What a policy of these tests can look at.
pub(crate) type Choose = fn(&Town, &Persona, &mut Stream) -> Vec<ItemId>;

/// So many average people.
pub(crate) fn personas(town: &Town, size: u32) -> Vec<Persona> {
    generate(&PersonaSpec::default(), "p", size, 0, &town.catalogue, Streams::new(7)).expect("valid")
}

/// Ten different items, all equally likely.
pub(crate) fn random(town: &Town, _persona: &Persona, stream: &mut Stream) -> Vec<ItemId> {
    let mut slate = Vec::new();
    while slate.len() < 10 {
        let item = ItemId(stream.random_range(0..town.catalogue.len() as u32));
        if !slate.contains(&item) {
            slate.push(item);
        }
    }
    slate
}

/// Ten different items whose first categories are drawn from the persona's interests.
pub(crate) fn matching(town: &Town, persona: &Persona, stream: &mut Stream) -> Vec<ItemId> {
    let mut slate = Vec::new();
    while slate.len() < 10 {
        let item = ItemId(stream.random_range(0..town.catalogue.len() as u32));
        let category = town.catalogue.item(item).categories[0];
        let interest =
            persona.interests.iter().find(|(liked, _)| *liked == category).map_or(0.0, |(_, weight)| *weight);
        if stream.random::<f32>() < interest && !slate.contains(&item) {
            slate.push(item);
        }
    }
    slate
}

/// What became of a population.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lives {
    pub(crate) users: f64,
    pub(crate) sessions: f64,
    pub(crate) turns: f64,
    pub(crate) impressions: f64,
    pub(crate) engaged: f64,
    pub(crate) negative: f64,
    pub(crate) dwell: f64,
    pub(crate) ratings: [f64; 5],
    pub(crate) churned: f64,
    pub(crate) user_days: f64,
    /// Users with a session on the first and on the seventh day after that of the first arrival.
    pub(crate) day: [f64; 8],
    pub(crate) satisfaction: f64,
}

impl Lives {
    pub(crate) fn day_return(&self, day: usize) -> f64 {
        self.day[day] / self.users
    }

    pub(crate) fn engagement(&self) -> f64 {
        self.engaged / self.impressions
    }
}

/// Lets all personas live for `days` under one policy.
pub(crate) fn live(
    town: &Town,
    model: &dyn UserModel,
    personas: &[Persona],
    days: i64,
    choose: Choose,
) -> Lives {
    let mut lives = Lives { users: personas.len() as f64, ..Lives::default() };
    for (n, persona) in personas.iter().enumerate() {
        life(town, model, UserId(n as u32), persona, days, choose, &mut lives);
    }
    lives
}

fn life(
    town: &Town,
    model: &dyn UserModel,
    user: UserId,
    persona: &Persona,
    days: i64,
    choose: Choose,
    lives: &mut Lives,
) {
    let (world, streams, horizon) = (town.world(), Streams::new(3), SimTime(days * DAY));
    let (mut state, mut time) = model.admit(&world, user, persona, streams);
    let first = time;
    let mut seen = [false; 8];
    let mut away = None;
    let mut session = 0;
    while time < horizon {
        let day = (time.0.div_euclid(DAY) - first.0.div_euclid(DAY)) as usize;
        if day < 8 {
            seen[day] = true;
        }
        let visit = |state| Visit { user, persona, state, session, time };
        model.arrive(&world, visit(&mut state), away, streams);
        lives.sessions += 1.0;
        let mut turn = 0;
        loop {
            let counter = turn_counter(session, turn);
            let mut stream = streams.stream(Purpose::Exploration, u64::from(user.0), counter);
            let slate = Slate::certain(choose(town, persona, &mut stream));
            let encounter = Encounter {
                user,
                persona,
                state: &mut state,
                session,
                turn,
                time,
                slate: &slate,
                friends: &[],
                rate: true,
                distributions: false,
            };
            let decision = model
                .decide(&world, &mut [encounter], streams)
                .expect("choice users always decide")
                .remove(0);
            lives.turns += 1.0;
            for feedback in &decision.feedback {
                lives.impressions += 1.0;
                lives.engaged += f64::from(u8::from(town.scale.is_engaged(feedback.action)));
                lives.negative += f64::from(u8::from(feedback.action == Action(0)));
                lives.dwell += f64::from(feedback.dwell_seconds);
                if feedback.rating > 0 {
                    lives.ratings[usize::from(feedback.rating) - 1] += 1.0;
                }
                time += SimDuration::from_seconds(f64::from(feedback.dwell_seconds));
            }
            turn += 1;
            if decision.next == Move::Leave {
                break;
            }
        }
        lives.satisfaction += f64::from(state.mindset.satisfaction);
        match model.depart(&world, Visit { user, persona, state: &mut state, session, time }, streams) {
            Departure::Return(gap) => {
                away = Some(gap);
                time += gap;
            }
            Departure::Never => {
                lives.churned += 1.0;
                break;
            }
        }
        session += 1;
    }
    lives.user_days += days as f64 - first.days();
    for (count, seen) in lives.day.iter_mut().zip(seen) {
        *count += f64::from(u8::from(seen));
    }
}
