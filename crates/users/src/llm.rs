//! Users whose decisions a language model makes.

mod absorb;
mod cache;
mod calibrated;
mod interview;
mod memory;
mod open;
mod page;
mod returning;
mod talk;
mod template;
mod view;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use habitue_core::scenario::LlmUsersConfig;
use habitue_core::scenario::llm::{ChoiceCalibration, LlmConfig, MoveName, RETURN_BINS};
use habitue_core::{
    Decider, Decision, Departure, Encounter, Message, Mind, Persona, Purpose, Sender, SimDuration, SimTime,
    Streams, UserId, UserModel, UserModelError, UserState, Visit, World, turn_counter,
};
use habitue_llm::{Backend, OpenModel, OpenModels, Usage};
use serde_json::{Map, Value, json};

pub use interview::{Evidence, EvidenceSource, Interview, Statement};
pub use open::ModelError;
pub(crate) use page::ONE_LINE;
pub use returning::intention_of;

use self::cache::Room;
use self::calibrated::{Calibrated, Rules};
use self::memory::Memories;
use self::page::{Failure, Page, Scene, move_option};
use self::template::{Section, SystemView, Template};
use crate::choice::arrival;
use crate::choice::draws::uniform;
use crate::choice::drift;
use crate::choice::dwell::DwellLaw;
use crate::choice::remember;
use crate::choice::returning::Rhythm;

/// Items a user recalls to have seen, for boredom.
const RECENT: u32 = 20;
/// Items a user recalls to have heard of.
const HEARD: u32 = 5;

/// Users whose decisions a language model makes.
///
/// A decision is one program: what the user is told (system, persona, memory, the session so far, the slate), then slots:
/// thoughts where the scenario allows them, what is done with each item, ratings where it asks for them, the mindset, the
/// move. Users who search, instruct, answer, post, chat or leave are asked in a second one, which goes on from the first,
/// for their words or for when they mean to be back. All choices are drawn from the user's own streams, from the model's
/// probabilities after calibration; so nothing depends on who else decides at the same time.
///
/// What users remember follows `RecAgent`: a page enters short-term memory if it matters enough, long-term memory if it is
/// reinforced, and is forgotten in time; on arrival some of it comes to mind and stands in the prompts of the visit.
/// Now and then a third program draws an insight from it. What a friend writes in a chat is answered on the next visit, or
/// not, by a program of its own; the answer arrives like any message.
///
/// Draws come from the streams [`Purpose::Admission`], [`Purpose::Arrival`], [`Purpose::Decision`],
/// [`Purpose::Departure`], [`Purpose::Memory`] and [`Purpose::Message`].
pub struct LlmUsers {
    config: LlmConfig,
    template: Template,
    memories: Memories,
    opened: Arc<OpenModel>,
    chat: bool,
    rhythm: Rhythm,
    room: Room,
    cost: Cost,
}

impl std::fmt::Debug for LlmUsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LlmUsers").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What decisions have cost since the start.
#[derive(Default)]
struct Cost {
    decisions: AtomicU64,
    programs: AtomicU64,
    usage: Mutex<Usage>,
}

impl Cost {
    fn add(&self, page: &Page) {
        self.decisions.fetch_add(1, Ordering::Relaxed);
        self.programs.fetch_add(page.programs.len() as u64, Ordering::Relaxed);
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).add(page.usage);
    }
}

impl LlmUsers {
    /// Users of this configuration, which has passed its check. Opens the model and reads the template.
    ///
    /// # Errors
    /// If the model or the template is not usable.
    pub fn new(config: &LlmUsersConfig) -> Result<Self, ModelError> {
        Self::with(config, &OpenModels::default())
    }

    /// Users who are decided for by this backend, wherever the configuration says that the model is. The prompt has no
    /// turns unless `has_turns`.
    ///
    /// # Errors
    /// If the template is not usable.
    pub fn on(
        backend: Box<dyn Backend>,
        has_turns: bool,
        config: &LlmUsersConfig,
    ) -> Result<Self, ModelError> {
        let template = Template::new(&config.template).map_err(ModelError::Template)?;
        let opened = OpenModel::given(backend, has_turns)
            .map_err(|source| ModelError::Open { model: config.config.model.clone(), source })?;
        Self::assemble(Arc::new(opened), template, &config.config)
    }

    /// Users whose model may be open already.
    pub(crate) fn with(config: &LlmUsersConfig, open: &OpenModels) -> Result<Self, ModelError> {
        let LlmUsersConfig { config, model, template } = config;
        // First what is quick to check.
        let template = Template::new(template).map_err(ModelError::Template)?;
        let opened = open
            .take(model, &config.language_model())
            .map_err(|source| ModelError::Open { model: config.model.clone(), source })?;
        Self::assemble(opened, template, config)
    }

    fn assemble(opened: Arc<OpenModel>, template: Template, config: &LlmConfig) -> Result<Self, ModelError> {
        let chat = opened
            .chat(&config.language_model())
            .map_err(|reason| ModelError::Chat { model: config.model.clone(), reason })?;
        Ok(Self {
            config: config.clone(),
            template,
            memories: Memories::new(&config.memory),
            chat,
            opened,
            rhythm: Rhythm::new(&config.returning.hours),
            room: Room::default(),
            cost: Cost::default(),
        })
    }

    /// The configuration.
    pub const fn config(&self) -> &LlmConfig {
        &self.config
    }

    fn failed(&self, message: String) -> UserModelError {
        UserModelError { model: self.config.model.clone(), message }
    }

    /// What holds for all users of the population.
    fn system(&self, world: &World<'_>) -> Result<String, UserModelError> {
        let open = self.config.moves.iter().copied().map(MoveName::word).chain(["leave"]);
        let view = SystemView {
            items: self.config.items.clone(),
            actions: world.scale.names().to_vec(),
            moves: open.map(move_option).collect(),
        };
        self.template.render(Section::System, view).map_err(|error| self.failed(error.to_string()))
    }

    /// What users decide, in order. Empty slates are not decided on.
    fn pages(
        &self,
        world: &World<'_>,
        encounters: &[Encounter<'_>],
        streams: Streams,
    ) -> Result<Vec<Option<Page>>, UserModelError> {
        let moves: Vec<(&str, String)> =
            habitue_core::Move::NAMES.map(|name| (name, move_option(name))).into();
        let rules = Rules::new(&self.config, world.scale.names(), &moves, &RETURN_BINS);
        let inner: &dyn Backend = self.opened.backend();
        let calibrated = Calibrated { inner, rules: &rules };
        let system = self.system(world)?;
        let scene = Scene {
            config: &self.config,
            template: &self.template,
            memories: &self.memories,
            backend: if rules.is_off() { inner } else { &calibrated },
            chat: self.chat,
            world,
            streams,
            system: &system,
        };
        let decide = |encounter| {
            let (scene, encounter): (&Scene<'_>, &Encounter<'_>) = (&scene, encounter);
            async move {
                if encounter.slate.items.is_empty() {
                    return Ok(None);
                }
                scene.page(encounter).await.map(Some)
            }
        };
        let decisions = encounters.iter().map(decide).collect();
        let pages = self.opened.wait_for_all(decisions, self.config.batch as usize);
        pages
            .into_iter()
            .zip(encounters)
            .map(|(page, encounter)| {
                page.map_err(|error| self.failed(format!("user \"{}\": {error}", encounter.persona.key)))
            })
            .collect()
    }
}

impl UserModel for LlmUsers {
    fn decider(&self) -> Decider {
        Decider::Llm
    }

    fn batch(&self) -> usize {
        self.config.batch as usize
    }

    fn admit(
        &self,
        world: &World<'_>,
        user: UserId,
        persona: &Persona,
        streams: Streams,
    ) -> (UserState, SimTime) {
        let mut stream = streams.stream(Purpose::Admission, u64::from(user.0), 0);
        let mut state = arrival::admit(RECENT, world.catalogue.categories().len(), persona);
        state.mind = Some(Box::default());
        let LlmConfig { returning, arrival, .. } = &self.config;
        let first =
            arrival::first(returning, arrival, &self.rhythm, persona, world.now, uniform(&mut stream));
        (state, first)
    }

    fn arrive(&self, _world: &World<'_>, visit: Visit<'_>, away: Option<SimDuration>, streams: Streams) {
        let mut stream = streams.stream(Purpose::Arrival, u64::from(visit.user.0), u64::from(visit.session));
        arrival::arrive(&self.config.arrival, visit.state, away, &mut stream);
        let mind = visit.state.mind.get_or_insert_default();
        mind.session.clear();
        mind.back = None;
    }

    fn decide(
        &self,
        world: &World<'_>,
        encounters: &mut [Encounter<'_>],
        streams: Streams,
    ) -> Result<Vec<Decision>, UserModelError> {
        for encounter in encounters.iter_mut().filter(|encounter| encounter.turn == 0) {
            let recalled = self.recall(world, encounter, streams);
            recalled.map_err(|error| self.failed(error.to_string()))?;
        }
        let pages = self.pages(world, encounters, streams)?;
        if let Some(bytes_per_token) = self.opened.bytes_per_token() {
            self.room.check(&self.config, bytes_per_token, pages.iter().flatten());
        }
        let dwell = DwellLaw::new(&self.config.dwell, world.scale);
        let mut decisions = Vec::with_capacity(pages.len());
        for (page, encounter) in pages.into_iter().zip(encounters) {
            let Some(page) = page else {
                decisions.push(absorb::outage(&self.config.mindset, encounter));
                continue;
            };
            self.cost.add(&page);
            let decision = self.absorb(world, &dwell, encounter, page, streams);
            decisions.push(decision.map_err(|error| self.failed(error.to_string()))?);
        }
        Ok(decisions)
    }

    fn depart(&self, _world: &World<'_>, visit: Visit<'_>, streams: Streams) -> Departure {
        let mut stream =
            streams.stream(Purpose::Departure, u64::from(visit.user.0), u64::from(visit.session));
        let intention = visit.state.mind.as_mut().and_then(|mind| mind.back.take());
        let at = uniform(&mut stream);
        let activity = visit.persona.habits.activity;
        let (config, mindset) = (&self.config.returning, &visit.state.mindset);
        returning::departure(config, &self.rhythm, mindset, activity, visit.time, intention, at)
    }

    fn hear(&self, world: &World<'_>, persona: &Persona, state: &mut UserState, message: &Message) {
        let mind: &mut Mind = state.mind.get_or_insert_default();
        let words = view::heard(world, message);
        let heard = self.memories.told(&mut mind.memory, words, message.item, message.delivered);
        if let (Sender::User(from), Some(chat)) = (message.from, message.chat) {
            let about = view::chatted(world, message);
            talk::hear(mind, from, chat, &about, heard, self.config.chat_turns);
        }
        if self.config.heard > 0.0 {
            drift::hear(self.config.heard, world, persona, state, message);
        }
        if let Some(item) = message.item {
            state.heard.retain(|heard| *heard != item);
            remember(&mut state.heard, item, HEARD);
        }
    }

    /// The model, and what its decisions have cost since this process took the run up. How many prompt tokens were
    /// computed and how many a cache knew depends on what was decided at the same time.
    fn account(&self) -> Option<Value> {
        let usage = *self.cost.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let mut account: Map<String, Value> = self.opened.account().clone();
        account.insert("chat".to_owned(), json!(self.chat));
        account.insert("calibrated".to_owned(), json!(self.is_calibrated()));
        account.insert("decisions".to_owned(), json!(self.cost.decisions.load(Ordering::Relaxed)));
        account.insert("programs".to_owned(), json!(self.cost.programs.load(Ordering::Relaxed)));
        account.insert("new_tokens".to_owned(), json!(usage.new_tokens));
        account.insert("cached_tokens".to_owned(), json!(usage.cached_tokens));
        account.insert("generated_tokens".to_owned(), json!(usage.generated_tokens));
        Some(Value::Object(account))
    }
}

impl LlmUsers {
    /// What comes to mind at the beginning of a visit, to a user who thinks of the present need, or else of the interests.
    fn recall(
        &self,
        world: &World<'_>,
        encounter: &mut Encounter<'_>,
        streams: Streams,
    ) -> Result<(), Failure> {
        let names = world.catalogue.categories();
        let interests = encounter.persona.interests.iter().map(|(category, _)| *category);
        let thoughts: Vec<&str> = match encounter.state.mindset.need {
            Some(need) => names.get(need.index()).map(String::as_str).into_iter().collect(),
            None => {
                interests.filter_map(|category| names.get(category.index())).map(String::as_str).collect()
            }
        };
        let counter = turn_counter(encounter.session, u32::MAX);
        let mut stream = streams.stream(Purpose::Memory, u64::from(encounter.user.0), counter);
        let (persona, now) = (encounter.persona, encounter.time);
        let memory = &mut encounter.state.mind.get_or_insert_default().memory;
        self.memories.arrive(memory, persona, &thoughts.join(" "), now, &mut || uniform(&mut stream))?;
        Ok(())
    }

    fn is_calibrated(&self) -> bool {
        let calibration = &self.config.calibration;
        ![&calibration.action, &calibration.next, &calibration.returning]
            .into_iter()
            .all(ChoiceCalibration::is_off)
    }
}
