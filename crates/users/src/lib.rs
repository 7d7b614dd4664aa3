//! Simulated users: who they are ([`personas`]) and how they decide ([`ChoiceUsers`], [`LlmUsers`]).
//!
//! A persona is a description that stays: interests, dislikes, habits. It is drawn from a specification, read from a
//! file, or built from what a data set's user did. A *choice user* is a persona with a state, and laws that are known in
//! full, so whatever is estimated from a log can be held against the truth. For a *language-model user* the same persona
//! is written as text, and a model chooses what it does.
//!
//! ```
//! use habitue_core::scenario::{choice::ChoiceConfig, persona::PersonaSpec};
//! use habitue_core::{
//!     ActionScale, Catalogue, Departure, Encounter, Item, ItemId, ItemStats, Move, SimTime, Slate, Streams, UserId,
//!     UserModel, Visit, World,
//! };
//! use habitue_users::{ChoiceUsers, personas};
//!
//! // A world of twenty videos.
//! let mut catalogue = Catalogue::new();
//! for n in 0..20 {
//!     let categories = vec![catalogue.category(["cooking", "music"][n % 2])];
//!     catalogue.push(Item { key: format!("v{n}"), categories, quality: 0.5, ..Item::default() })?;
//! }
//! let available: Vec<ItemId> = (0..20).map(ItemId).collect();
//! let scale = ActionScale::new(&["dislike", "skip", "view", "click", "like"], "click")?;
//! let stats = ItemStats::default();
//! let world =
//!     World { catalogue: &catalogue, available: &available, stats: &stats, scale: &scale, now: SimTime::ZERO };
//!
//! // One average person arrives ...
//! let (streams, user) = (Streams::new(7), UserId(0));
//! let people = personas::generate(&PersonaSpec::default(), "casual", 1, 0, &catalogue, streams)?;
//! let model = ChoiceUsers::new(ChoiceConfig::default());
//! let (mut state, time) = model.admit(&world, user, &people[0], streams);
//! let visit = Visit { user, persona: &people[0], state: &mut state, session: 0, time };
//! model.arrive(&world, visit, None, streams);
//!
//! // ... looks at slates until it is time to go ...
//! let slate = Slate::certain((0..5).map(ItemId));
//! for turn in 0.. {
//!     let encounter = Encounter {
//!         user, persona: &people[0], state: &mut state, session: 0, turn, time, slate: &slate,
//!         friends: &[], rate: false, distributions: true,
//!     };
//!     let decision = model.decide(&world, &mut [encounter], streams)?.remove(0);
//!     assert_eq!(decision.feedback.len(), 5);
//!     if decision.next == Move::Leave {
//!         break;
//!     }
//! }
//!
//! // ... and decides when to be back.
//! let visit = Visit { user, persona: &people[0], state: &mut state, session: 0, time };
//! match model.depart(&world, visit, streams) {
//!     Departure::Return(gap) => assert!(gap.days() <= 90.0),
//!     Departure::Never => {}
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choice;
mod llm;
pub mod personas;

pub use choice::ChoiceUsers;
use habitue_core::UserModel;
use habitue_core::scenario::ModelConfig;
use habitue_llm::OpenModels;
pub use llm::{Evidence, EvidenceSource, Interview, LlmUsers, ModelError, Statement, intention_of};

/// The user models of configurations that have been checked, in their order. Those that name the same language model
/// share it, with each other and with whoever else takes it from `open`.
///
/// # Errors
/// If a language model or a template is not usable.
pub fn build_models<'a>(
    configs: impl IntoIterator<Item = &'a ModelConfig>,
    open: &OpenModels,
) -> Result<Vec<Box<dyn UserModel>>, ModelError> {
    let build = |config: &ModelConfig| -> Result<Box<dyn UserModel>, ModelError> {
        Ok(match config {
            ModelConfig::Choice(config) => Box::new(ChoiceUsers::new((**config).clone())),
            ModelConfig::Llm(config) => Box::new(LlmUsers::with(config, open)?),
        })
    };
    configs.into_iter().map(build).collect()
}
