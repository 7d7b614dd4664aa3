//! What a decision does to the user.

use habitue_core::scenario::choice::MindsetConfig;
use habitue_core::{
    Action, ChatTurn, DataError, Decision, Distributions, Encounter, Feedback, Mind, Mindset, Move, Purpose,
    Streams, Trace, UserState, World, turn_counter,
};

use super::memory::Memories;
use super::page::{Failure, Page, move_option};
use super::template::{EarlierView, ReactionView, Section};
use super::{LlmUsers, RECENT, talk, view};
use crate::choice::draws::uniform;
use crate::choice::dwell::DwellLaw;
use crate::choice::remember;

/// A user to whom nothing was shown leaves, less satisfied and with less trust.
pub(super) fn outage(config: &MindsetConfig, encounter: &mut Encounter<'_>) -> Decision {
    let mindset = &mut encounter.state.mindset;
    mindset.satisfaction = toward(mindset.satisfaction, 0.0, config.outage_loss);
    mindset.trust = toward(mindset.trust, 0.0, config.outage_loss);
    let mut moves = vec![0.0; Move::NAMES.len()];
    moves[usize::from(Move::Leave.code())] = 1.0;
    let distributions = encounter.distributions.then(|| Distributions { actions: Vec::new(), moves });
    Decision { feedback: Vec::new(), next: Move::Leave, distributions, trace: None }
}

/// `value` moved a share of the way to `target`; both are 0 to 1, and so is the result.
fn toward(value: f32, target: f32, share: f64) -> f32 {
    (value + share as f32 * (target - value)).clamp(0.0, 1.0)
}

impl LlmUsers {
    /// Updates the user's state and gives the decision.
    pub(super) fn absorb(
        &self,
        world: &World<'_>,
        dwell: &DwellLaw,
        encounter: &mut Encounter<'_>,
        mut page: Page,
        streams: Streams,
    ) -> Result<Decision, Failure> {
        let feedback = feedback(world, dwell, encounter, &mut page);
        let told = self.tell(world, encounter, &page, Section::Earlier)?;
        let observed = view::one_line(&self.tell(world, encounter, &page, Section::Observation)?);
        let counter = turn_counter(encounter.session, encounter.turn);
        let mut draws = streams.stream(Purpose::Memory, u64::from(encounter.user.0), counter);
        let now = encounter.time;
        let diversity = encounter.persona.habits.diversity;
        let opening = ChatTurn::opening(encounter.user, encounter.session, encounter.turn);
        let shown: Vec<_> = encounter.slate.items.iter().map(|shown| shown.item).collect();
        let state = &mut *encounter.state;
        let repetition = repetition(world, state, &shown, diversity);
        let engaged = |feedback: &&Feedback| world.scale.is_engaged(feedback.action);
        let hits = feedback.iter().filter(engaged).count() as f32 / feedback.len().max(1) as f32;
        self.move_mindset(&mut state.mindset, &page, hits, repetition);
        for (item, feedback) in shown.iter().zip(&feedback) {
            let met = |need| world.catalogue.item(*item).categories.contains(&need);
            if page.need.is_none() && engaged(&feedback) && state.mindset.need.is_some_and(met) {
                state.mindset.need = None;
            }
            remember(&mut state.recent, *item, RECENT);
        }
        let mind: &mut Mind = state.mind.get_or_insert_default();
        mind.back = page.back;
        mind.session.push(told);
        let most = self.config.session_turns as usize;
        let over = mind.session.len().saturating_sub(most);
        mind.session.drain(..over);
        let distributions = match (page.action_probs, page.move_probs) {
            (Some(actions), Some(moves)) if encounter.distributions => Some(Distributions { actions, moves }),
            _ => None,
        };
        let mut memories = std::mem::take(&mut mind.memory.unlogged);
        memories.extend(talk::answered(mind, &self.memories, &page.replies, now));
        talk::open(mind, opening, &page.next);
        if let Some((text, sources)) = page.insight {
            memories.push(self.memories.conclude(&mut mind.memory, text, sources, now)?);
        }
        if let Some(points) = page.importance {
            let importance = Memories::importance(points);
            let draw = &mut || uniform(&mut draws);
            memories.extend(self.memories.observe(&mut mind.memory, observed, importance, now, draw)?);
        }
        let replies = page.replies.into_iter().map(|answered| answered.reply).collect();
        let trace = Trace { programs: page.programs, memories, replies };
        Ok(Decision { feedback, next: page.next, distributions, trace: Some(Box::new(trace)) })
    }

    /// The turn as later prompts of the session tell it, or as it is remembered.
    fn tell(
        &self,
        world: &World<'_>,
        encounter: &Encounter<'_>,
        page: &Page,
        section: Section,
    ) -> Result<String, Box<DataError>> {
        let ratings = page.ratings.iter().copied().chain(std::iter::repeat(0));
        let reactions = page.items.iter().zip(&page.actions).zip(ratings);
        let shown = reactions.map(|((item, action), rating)| ReactionView {
            title: &item.title,
            action: world.scale.name(Action(*action)),
            rating,
        });
        let next = move_option(Move::NAMES[usize::from(page.next.code())]);
        let view = EarlierView {
            items: &self.config.items,
            number: encounter.turn + 1,
            shown: shown.collect(),
            next: &next,
            words: page.next.text().unwrap_or(""),
            reply: encounter.slate.reply.as_deref().unwrap_or(""),
        };
        self.template.render(section, view)
    }

    fn move_mindset(&self, mindset: &mut Mindset, page: &Page, hits: f32, repetition: f32) {
        let config = &self.config.mindset;
        let stated = |value: i64| (value - 1) as f32 / 4.0;
        if let Some(satisfaction) = page.satisfaction {
            mindset.satisfaction = toward(mindset.satisfaction, stated(satisfaction), self.config.stated);
        }
        if let Some(mood) = page.mood {
            mindset.mood = toward(mindset.mood, stated(mood), self.config.stated);
        }
        if let Some(need) = page.need {
            mindset.need = need;
        }
        mindset.fatigue = toward(mindset.fatigue, 1.0, config.fatigue_rate);
        let rate = if hits > mindset.trust { config.trust_gain } else { config.trust_loss };
        mindset.trust = toward(mindset.trust, hits, rate);
        mindset.boredom = toward(mindset.boredom, repetition, config.boredom_rate);
    }
}

fn feedback(
    world: &World<'_>,
    dwell: &DwellLaw,
    encounter: &Encounter<'_>,
    page: &mut Page,
) -> Vec<Feedback> {
    let mut feedback = Vec::with_capacity(page.actions.len());
    for (position, shown) in encounter.slate.items.iter().enumerate() {
        let action = Action(page.actions[position]);
        let duration = world.catalogue.item(shown.item).duration_seconds;
        let dwell_seconds = dwell.seconds(action, 0.0, duration, uniform(&mut page.stream));
        let rating = page.ratings.get(position).copied().filter(|_| world.scale.is_engaged(action));
        feedback.push(Feedback { action, examined: true, dwell_seconds, rating: rating.unwrap_or(0) });
    }
    feedback
}

/// Mean share of recalled items with the same categories, times twice the user's wish for variety; at most 1.
fn repetition(world: &World<'_>, state: &UserState, shown: &[habitue_core::ItemId], diversity: f32) -> f32 {
    if state.recent.is_empty() || shown.is_empty() {
        return 0.0;
    }
    let categories = |item: &habitue_core::ItemId| &world.catalogue.item(*item).categories;
    let same = |item: &habitue_core::ItemId| {
        state.recent.iter().filter(|recent| categories(recent) == categories(item)).count()
    };
    let all: usize = shown.iter().map(same).sum();
    let share = all as f32 / (state.recent.len() * shown.len()) as f32;
    (2.0 * diversity * share).min(1.0)
}
