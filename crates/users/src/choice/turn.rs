//! One user before one slate.

use habitue_core::scenario::choice::{ChoiceConfig, DriftConfig, InstructConfig};
use habitue_core::{
    Action, ActionScale, CategoryId, Decision, Distributions, Encounter, Feedback, ItemId, Move, Slate,
    Stream, UserState, World,
};

use super::action::{ActionLaw, ActionWeights, engaged_level};
use super::affinity::{Scratch, Taste};
use super::draws::{MoveDraws, PositionDraws};
use super::drift::Drift;
use super::dwell::DwellLaw;
use super::examination::Before;
use super::instruct::{SpeechDraws, Verdict};
use super::mindset::Tally;
use super::social::Moves;
use super::{ChoiceUsers, leaving, mindset, rating, remember};

/// The laws that depend on the scenario's action scale.
#[derive(Debug)]
pub(super) struct ScaleLaws {
    action: ActionLaw,
    dwell: DwellLaw,
}

impl ScaleLaws {
    pub(super) fn new(config: &ChoiceConfig, scale: &ActionScale) -> Self {
        Self { action: ActionLaw::new(&config.action, scale), dwell: DwellLaw::new(&config.dwell, scale) }
    }
}

/// What a user did with a slate, before the move.
struct Reaction {
    feedback: Vec<Feedback>,
    /// Action probabilities, shape `[positions, actions]`, if they were asked for.
    actions: Vec<f32>,
    tally: Tally,
    /// The item engaged with most strongly; of several the one with the highest affinity.
    best: Option<ItemId>,
}

impl ChoiceUsers {
    /// The user's answer; updates the state.
    pub(super) fn turn(
        &self,
        world: &World<'_>,
        laws: &ScaleLaws,
        scratch: &mut Scratch,
        encounter: &mut Encounter<'_>,
        stream: &mut Stream,
        speech: Option<SpeechDraws>,
    ) -> Decision {
        let config = &self.config;
        let distributions = encounter.distributions;
        if encounter.slate.items.is_empty() {
            mindset::outage(&config.mindset, &mut encounter.state.mindset);
            let moves = Moves::new(&config.social, 1.0, 0.0, &[], None);
            let distributions =
                distributions.then(|| Distributions { actions: Vec::new(), moves: moves.probabilities() });
            return Decision { feedback: Vec::new(), next: Move::Leave, distributions, trace: None };
        }
        let draws = MoveDraws::next(stream);
        let reaction = self.react(world, laws, scratch, encounter, stream);
        let habits = encounter.persona.habits;
        let state = &mut *encounter.state;
        mindset::turn(&config.mindset, &mut state.mindset, &reaction.tally, habits.diversity);
        let shown = encounter.slate.items.iter().map(|shown| shown.item);
        absorb(config, world, state, shown.zip(&reaction.feedback));
        let heard = self.hold_against_wish(world, state, encounter.slate);
        let (more, speak) =
            heard.map_or((0.0, 0.0), |(config, verdict)| (verdict.leave(config), verdict.speak(config)));
        let weight = config.satisfaction_weight;
        let leave = leaving::probability(&config.leave, weight, &state.mindset, habits.patience, more);
        let moves = Moves::new(&config.social, leave, speak, encounter.friends, reaction.best);
        Decision {
            next: next_move(&moves, &draws, speech.filter(|speech| speech.speak < speak), state, world),
            distributions: distributions
                .then(|| Distributions { actions: reaction.actions, moves: moves.probabilities() }),
            feedback: reaction.feedback,
            trace: None,
        }
    }

    /// Judges the slate by what the user wants of it, if anything.
    fn hold_against_wish(
        &self,
        world: &World<'_>,
        state: &mut UserState,
        slate: &Slate,
    ) -> Option<(&InstructConfig, Verdict)> {
        let (config, wish) = (self.config.instruct.as_ref()?, state.wish.as_deref_mut()?);
        let slate: Vec<ItemId> = slate.items.iter().map(|shown| shown.item).collect();
        let verdict = Verdict::of(config, wish, &slate, world.catalogue);
        verdict.felt(config, &mut state.mindset);
        wish.seen = slate;
        wish.asked = false;
        Some((config, verdict))
    }

    fn react(
        &self,
        world: &World<'_>,
        laws: &ScaleLaws,
        scratch: &mut Scratch,
        encounter: &Encounter<'_>,
        stream: &mut Stream,
    ) -> Reaction {
        let config = &self.config;
        let scale = world.scale;
        let memory = config.memory.recent;
        let taste = Taste::new(&config.affinity, memory, world, encounter.persona, encounter.state, scratch);
        let wish = self.config.instruct.as_ref().zip(encounter.state.wish.as_deref());
        let wish = wish.map(|(config, wish)| (config.weight as f32, wish));
        let positions = encounter.slate.items.len();
        let actions = if encounter.distributions { positions * scale.len() } else { 0 };
        let mut reaction = Reaction {
            feedback: Vec::with_capacity(positions),
            actions: Vec::with_capacity(actions),
            tally: Tally::default(),
            best: None,
        };
        let mut strongest = (scale.skip(), f32::NEG_INFINITY);
        let mut before = Before::Start;
        for (position, shown) in encounter.slate.items.iter().enumerate() {
            let draws = PositionDraws::next(stream);
            let looked = draws.look < self.examination.probability(position, before);
            if !looked && !encounter.distributions {
                before = Before::Passed;
                reaction.feedback.push(passed(scale.skip()));
                continue;
            }
            let item = world.catalogue.item(shown.item);
            let mut liking = taste.of(shown.item, item);
            if let Some((weight, wish)) = wish
                && !wish.condition.satisfied_by(shown.item, world.catalogue, &wish.seen)
            {
                liking.affinity -= weight;
            }
            let weights = laws.action.weigh(liking.affinity);
            if encounter.distributions {
                self.log(position, &weights, scale.skip(), &mut reaction.actions);
            }
            if !looked {
                before = Before::Passed;
                reaction.feedback.push(passed(scale.skip()));
                continue;
            }
            let action = weights.at(draws.act);
            let engaged = scale.is_engaged(action);
            before = Before::Looked { engaged };
            reaction.tally.add(&config.mindset, liking);
            if engaged && (action, liking.affinity) > strongest {
                strongest = (action, liking.affinity);
                reaction.best = Some(shown.item);
            }
            let rating = if engaged && encounter.rate {
                rating::stars(&config.rating, liking.affinity, item.quality, draws.rate)
            } else {
                0
            };
            let dwell_seconds =
                laws.dwell.seconds(action, liking.affinity, item.duration_seconds, draws.dwell);
            reaction.feedback.push(Feedback { action, examined: true, dwell_seconds, rating });
        }
        reaction
    }

    /// Appends the probabilities of the actions at a position: who does not look skips.
    fn log(&self, position: usize, weights: &ActionWeights, skip: Action, actions: &mut Vec<f32>) {
        let looks = self.examination.logged(position);
        actions.extend(weights.probabilities().enumerate().map(|(action, chance)| {
            let passes = if action == usize::from(skip.0) { 1.0 - looks } else { 0.0 };
            (looks * chance + passes) as f32
        }));
    }
}

/// The move that the numbers decide; `speech` is given if the user says something unless it is time to leave.
fn next_move(
    moves: &Moves<'_>,
    draws: &MoveDraws,
    speech: Option<SpeechDraws>,
    state: &mut UserState,
    world: &World<'_>,
) -> Move {
    match (moves.draw(draws), speech, state.wish.as_deref_mut()) {
        (Move::Leave, ..) => Move::Leave,
        (_, Some(speech), Some(wish)) => {
            wish.asked = true;
            Move::Instruct(speech.words(wish, world.catalogue))
        }
        (other, ..) => other,
    }
}

/// Feedback on a position that was not looked at.
const fn passed(skip: Action) -> Feedback {
    Feedback { action: skip, examined: false, dwell_seconds: 0.0, rating: 0 }
}

/// Lets what was done sink in: the need is met, interests drift, what was looked at is recalled.
fn absorb<'a>(
    config: &ChoiceConfig,
    world: &World<'_>,
    state: &mut UserState,
    feedback: impl Iterator<Item = (ItemId, &'a Feedback)>,
) {
    let UserState { mindset, interests, recent, .. } = state;
    let mut drift = Drift::new(interests);
    for (id, feedback) in feedback {
        if !feedback.examined {
            continue;
        }
        if feedback.action != world.scale.skip() {
            let categories = &world.catalogue.item(id).categories;
            if world.scale.is_engaged(feedback.action)
                && mindset.need.is_some_and(|need| categories.contains(&need))
            {
                mindset.need = None;
            }
            shift(&config.drift, world.scale, &mut drift, feedback.action, categories);
        }
        remember(recent, id, config.memory.recent);
    }
    drift.finish();
}

/// Moves interest towards what was engaged with and away from what was rejected.
fn shift(
    config: &DriftConfig,
    scale: &ActionScale,
    drift: &mut Drift<'_>,
    action: Action,
    categories: &[CategoryId],
) {
    let level = scale.level(action) as f32;
    if scale.is_negative(action) {
        drift.lose(categories, (-level * config.rejected as f32).min(1.0));
    } else if scale.is_engaged(action) {
        let z = level / engaged_level(scale) as f32;
        drift.gain(categories, config.engaged as f32 * z);
    }
}
