//! One session: an environment, and what it says.

use habitue_core::{EndReason, Mindset, Move, UserId};
use habitue_env::{Envs, ObservationArrays, OutcomeArrays};
use tokio::sync::OwnedSemaphorePermit;

use crate::action::Action;
use crate::refusal::Refusal;
use crate::wire::{
    Feedback, ItemsObservation, Observation, Privileged, Reset, Said, State, Step, TextObservation,
};
use crate::world::{View, World};

/// Seeds that JSON carries without loss in every language are below 2^53; all 64 bits are taken.
type Seed = u64;

/// One session: an environment of its own, of the same world as the others.
pub(crate) struct Seat {
    envs: Envs,
    view: View,
    seen: ObservationArrays,
    came: OutcomeArrays,
    /// Used if the first reset names no seed.
    first_seed: Seed,
    seed: Option<Seed>,
    /// Episodes begun since the seed was given.
    episodes: u64,
    episode_id: Option<String>,
    steps: u64,
    score: f64,
    done: bool,
    /// The session's place among those that may be open at once.
    _permit: OwnedSemaphorePermit,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat")
            .field("episode_id", &self.episode_id)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

impl Seat {
    /// A session in the world; `number` counts the sessions that were opened before.
    pub(crate) fn new(world: &World, number: u64, permit: OwnedSemaphorePermit) -> Result<Self, Refusal> {
        let envs = world.envs().again(1)?;
        let shape = envs.shape();
        Ok(Self {
            view: world.view(),
            seen: shape.observations(),
            came: shape.outcomes(true, false),
            first_seed: envs.scenario().seed.wrapping_add(number),
            envs,
            seed: None,
            episodes: 0,
            episode_id: None,
            steps: 0,
            score: 0.0,
            done: false,
            _permit: permit,
        })
    }

    /// Begins an episode.
    pub(crate) fn reset(&mut self, wish: Reset) -> Result<Step, Refusal> {
        let user = wish.user.map(|name| self.user(&name)).transpose()?;
        let seed = wish.seed.or_else(|| self.seed.is_none().then_some(self.first_seed));
        self.envs.reset(Some(&[seed]), Some(&[user]), None, self.came.columns(), self.seen.columns())?;
        if let Some(seed) = seed {
            (self.seed, self.episodes) = (Some(seed), 0);
        }
        self.episodes += 1;
        self.episode_id = Some(wish.episode_id.map_or_else(crate::sessions::fresh_id, Ok)?);
        (self.steps, self.score, self.done) = (0, 0.0, false);
        Ok(Step { observation: self.observation(None)?, reward: None, done: false })
    }

    /// Shows the user a slate.
    pub(crate) fn step(&mut self, action: Action) -> Result<Step, Refusal> {
        let slate = action.slate(&self.envs)?;
        self.envs.step(&slate, self.came.columns(), self.seen.columns(), None)?;
        let reward = self.came.reward[0];
        self.steps += 1;
        self.score += reward;
        self.done = self.envs.is_over(0);
        let observation = self.observation(Some(self.feedback()))?;
        Ok(Step { observation, reward: Some(reward), done: self.done })
    }

    /// Where the session stands.
    pub(crate) fn state(&self) -> Result<State, Refusal> {
        let Some(seed) = self.seed else { return Ok(State::default()) };
        let mut mask = vec![false; self.envs.shape().items];
        self.envs.masks(&mut mask)?;
        let unavailable =
            mask.iter().enumerate().filter(|(_, allowed)| !**allowed).map(|(id, _)| id).collect();
        let user = usize::try_from(self.seen.user[0]).ok();
        let categories = self.envs.catalogue().categories();
        let need = self.came.need.first().and_then(|need| usize::try_from(*need).ok());
        Ok(State {
            episode_id: self.episode_id.clone(),
            step_count: self.steps,
            seed: Some(seed),
            episode: Some(self.episodes.saturating_sub(1)),
            user: user.and_then(|user| self.envs.personas().get(user)).map(|persona| persona.key.clone()),
            done: self.done,
            total_reward: self.score,
            unavailable,
            privileged: Some(Privileged {
                mindset: Mindset::NAMES
                    .iter()
                    .zip(&self.came.mindset)
                    .map(|(name, value)| ((*name).to_owned(), *value))
                    .collect(),
                need: need.and_then(|need| categories.get(need)).cloned(),
                interests: self.came.interests.clone(),
            }),
        })
    }

    fn user(&self, name: &str) -> Result<UserId, Refusal> {
        let personas = self.envs.personas();
        let number = || name.parse::<usize>().ok().filter(|number| *number < personas.len());
        let found = personas.iter().position(|persona| persona.key == name).or_else(number);
        found.map(|at| UserId(at as u32)).ok_or_else(|| {
            let short: String = name.chars().take(100).collect();
            let near =
                habitue_core::scenario::nearest(&short, personas.iter().map(|persona| persona.key.as_str()));
            let near = near.map(|near| format!("; the nearest is \"{near}\"")).unwrap_or_default();
            let last = personas.len().saturating_sub(1);
            Refusal::field(
                "user",
                format!("there is no \"{short}\""),
                format!("a key, or a number from 0 to {last}{near}"),
            )
        })
    }

    fn said(&self) -> Option<Said> {
        let (kind, text) = self.envs.said(0)?;
        Some(Said { kind: kind.to_owned(), text: text.to_owned() })
    }

    fn observation(&self, feedback: Option<Feedback>) -> Result<Observation, Refusal> {
        let seen = &self.seen;
        // After the end of a session the arrays say what was seen last; nobody asks any more.
        let request = self.said();
        Ok(match self.view {
            View::Items => Observation::Items(ItemsObservation {
                user: seen.user[0],
                context: seen.context.clone(),
                profile: seen.profile.clone(),
                history_items: seen.history_items.clone(),
                history_actions: seen.history_actions.clone(),
                history_ratings: seen.history_ratings.clone(),
                request,
                feedback,
            }),
            View::Text { offers } => Observation::Text(TextObservation {
                text: self.envs.describe(0, offers)?,
                request,
                user: seen.user[0],
                feedback,
            }),
        })
    }

    fn feedback(&self) -> Feedback {
        let came = &self.came;
        let name = |names: &[&str], at: Option<&i8>| {
            at.and_then(|at| usize::try_from(*at).ok())
                .and_then(|at| names.get(at))
                .map(|name| (*name).to_owned())
        };
        let gap = came.gap_days.first().copied().filter(|gap| gap.is_finite());
        Feedback {
            slate: came.slate.clone(),
            actions: came.actions.clone(),
            dwell: came.dwell.clone(),
            ratings: came.ratings.clone(),
            next: name(&Move::NAMES, came.moves.first()),
            session_end: name(&EndReason::NAMES, came.session_end.first()),
            gap_days: gap,
            truncated: came.truncated[0],
        }
    }
}
