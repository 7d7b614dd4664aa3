//! Users whose decisions follow parametric laws.

mod action;
mod affinity;
pub(crate) mod arrival;
pub(crate) mod draws;
pub(crate) mod drift;
pub(crate) mod dwell;
mod examination;
mod instruct;
mod leaving;
mod mindset;
mod normal;
mod rating;
pub(crate) mod returning;
mod social;
mod turn;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use habitue_core::scenario::choice::ChoiceConfig;
use habitue_core::{
    Catalogue, Decider, Decision, Departure, Encounter, ItemId, Message, Persona, Purpose, SimDuration,
    SimTime, Streams, UserId, UserModel, UserModelError, UserState, Visit, Wish, World, turn_counter,
};

use self::affinity::Scratch;
use self::draws::uniform;
use self::examination::Examination;
use self::instruct::{Menu, SpeechDraws};
use self::returning::Rhythm;
use self::turn::ScaleLaws;

/// Users whose decisions follow parametric laws, so that the truth behind a log is known.
///
/// One file of this module is one law: affinity, examination, action, dwell, rating, mindset, leaving, returning (with
/// churn), drift, arrival, and what is told to friends. [`ChoiceConfig`] says what their parameters mean, in which units,
/// and where their forms come from.
///
/// Draws come from the streams [`Purpose::Admission`], [`Purpose::Arrival`], [`Purpose::Decision`] and
/// [`Purpose::Departure`]. Those of a turn have a fixed layout (three for the move, then four for each position), so
/// two policies that show the same item at the same position to a user in the same state meet the same reaction (in a
/// cascade, if the user gets that far).
#[derive(Debug, Clone)]
pub struct ChoiceUsers {
    config: ChoiceConfig,
    examination: Examination,
    rhythm: Rhythm,
    /// What can be asked for in the catalogue as it was when last needed; worked out anew when there are more items.
    menu: Arc<Mutex<Arc<Menu>>>,
}

impl ChoiceUsers {
    /// Users with these parameters, which have passed [`ChoiceConfig::check`].
    pub fn new(config: ChoiceConfig) -> Self {
        let examination = Examination::new(&config.examination);
        let rhythm = Rhythm::new(&config.returning.hours);
        Self { config, examination, rhythm, menu: Arc::default() }
    }

    fn menu(&self, catalogue: &Catalogue) -> Arc<Menu> {
        let mut menu = self.menu.lock().unwrap_or_else(PoisonError::into_inner);
        if menu.items() != catalogue.len() {
            *menu = Arc::new(Menu::new(catalogue));
        }
        Arc::clone(&menu)
    }

    /// The parameters.
    pub const fn config(&self) -> &ChoiceConfig {
        &self.config
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
        let state = arrival::admit(self.config.memory.recent, world.catalogue.categories().len(), persona);
        let first = arrival::first(
            &self.config.returning,
            &self.config.arrival,
            &self.rhythm,
            persona,
            world.now,
            uniform(&mut stream),
        );
        (state, first)
    }

    fn arrive(&self, world: &World<'_>, visit: Visit<'_>, away: Option<SimDuration>, streams: Streams) {
        let mut stream = streams.stream(Purpose::Arrival, u64::from(visit.user.0), u64::from(visit.session));
        arrival::arrive(&self.config.arrival, visit.state, away, &mut stream);
        visit.state.wish = self.config.instruct.as_ref().and_then(|config| {
            let menu = self.menu(world.catalogue);
            let condition = menu.draw(config, world.catalogue, &visit.state.interests, &mut stream)?;
            Some(Box::new(Wish { condition, seen: Vec::new(), asked: false }))
        });
    }

    fn decide(
        &self,
        world: &World<'_>,
        encounters: &mut [Encounter<'_>],
        streams: Streams,
    ) -> Result<Vec<Decision>, UserModelError> {
        let laws = ScaleLaws::new(&self.config, world.scale);
        let mut scratch = Scratch::default();
        let decisions = encounters.iter_mut().map(|encounter| {
            let counter = turn_counter(encounter.session, encounter.turn);
            let mut stream = streams.stream(Purpose::Decision, u64::from(encounter.user.0), counter);
            let speech = self.config.instruct.is_some().then(|| {
                let purpose = Purpose::Instruction;
                SpeechDraws::next(&mut streams.stream(purpose, u64::from(encounter.user.0), counter))
            });
            self.turn(world, &laws, &mut scratch, encounter, &mut stream, speech)
        });
        Ok(decisions.collect())
    }

    fn depart(&self, _world: &World<'_>, visit: Visit<'_>, streams: Streams) -> Departure {
        let mut stream =
            streams.stream(Purpose::Departure, u64::from(visit.user.0), u64::from(visit.session));
        let (config, mindset) = (&self.config, &visit.state.mindset);
        let (stay, share) = (uniform(&mut stream), uniform(&mut stream));
        if stay < returning::churn(&config.churn, config.satisfaction_weight, mindset) {
            return Departure::Never;
        }
        let rate = returning::visits_per_day(
            &config.returning,
            config.satisfaction_weight,
            mindset,
            visit.persona.habits.activity,
        );
        let gap = self.rhythm.time_of(-share.ln() / rate, visit.time, config.returning.longest.0);
        gap.map_or(Departure::Never, Departure::Return)
    }

    /// A recommendation is recalled and draws interest to the item's categories; a warning is not recalled, takes back
    /// what was recommended, and turns interest away. Both count the more, the more the user conforms.
    fn hear(&self, world: &World<'_>, persona: &Persona, state: &mut UserState, message: &Message) {
        let Some(item) = message.item else { return };
        state.heard.retain(|heard| *heard != item);
        if message.positive {
            remember(&mut state.heard, item, self.config.memory.heard);
        }
        drift::hear(self.config.drift.heard, world, persona, state, message);
    }
}

/// Adds an item to a memory of so many, from which the oldest is lost.
pub(crate) fn remember(memory: &mut VecDeque<ItemId>, item: ItemId, most: u32) {
    if most == 0 {
        return;
    }
    if memory.capacity() < most as usize {
        memory.reserve_exact(most as usize - memory.len());
    }
    while memory.len() >= most as usize {
        memory.pop_front();
    }
    memory.push_back(item);
}
