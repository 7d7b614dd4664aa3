//! Lessons: visits of `choice` users, put into words as those of a language model, with the probabilities behind every
//! decision.
//!
//! A visit is played twice at once. The parametric user decides, so the probabilities are known; the same decisions are
//! handed to [`LlmUsers`], whose backend is a scribe that answers as the teacher did and writes down what it was asked. So
//! a lesson is word for word what a model will meet in a run, memory, earlier pages and all.

mod rules;
mod scribe;
mod sensitivity;
mod town;
mod words;

use std::sync::Arc;

use habitue_core::scenario::choice::{
    ActionConfig, AffinityConfig, ChoiceConfig, ExaminationConfig, LeaveConfig, PositionBasedConfig,
    SocialConfig,
};
use habitue_core::scenario::llm::{AskName, EachName, LlmConfig};
use habitue_core::scenario::{LlmUsersConfig, ModelFile, TemplateSource};
use habitue_core::{
    CategoryId, DAY, Decision, Encounter, HOUR, ItemId, Mindset, Move, Persona, Purpose, SECOND, SimDuration,
    SimTime, Slate, Stream, Streams, UserId, UserModel, UserModelError, UserState, Visit,
};
use habitue_llm::{Backend, LlmError, LocalBackend, Pending, Scorer, Tokenizer};
use habitue_users::{ChoiceUsers, LlmUsers, ModelError, intention_of};
use rand::RngExt;
use rand::seq::IndexedRandom;

use self::rules::{around, insight, moves, spoken};
use self::scribe::{Answer, Desk, Liked, Ruling, Scribe};
pub use self::scribe::{Kind, Lesson, Mark};
pub use self::sensitivity::{Sensitivity, sensitivity};
pub use self::town::Grade;
use self::town::Town;
pub use self::words::Lot;

/// Why a lesson could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// The users could not be made.
    #[error(transparent)]
    Users(#[from] ModelError),
    /// A decision failed.
    #[error(transparent)]
    Decision(#[from] UserModelError),
    /// The tokenizer or the examined model failed.
    #[error(transparent)]
    Model(#[from] LlmError),
}

/// The parameters of the teacher: all that moves it stands in the prompt. It looks at every item, whatever its position,
/// and does not mind quality and repetition, which a prompt does not tell.
pub fn teacher() -> ChoiceConfig {
    ChoiceConfig {
        affinity: AffinityConfig {
            interest: 1.6,
            need: 0.8,
            dislike: 1.6,
            quality: 0.0,
            popularity: 1.2,
            heard: 0.0,
            repeat: 0.0,
            saturation: 0.0,
            mood: 0.2,
            ..AffinityConfig::default()
        },
        examination: ExaminationConfig::PositionBased(PositionBasedConfig { decay: 0.0 }),
        action: ActionConfig::default(),
        leave: LeaveConfig { base: -2.0, satisfaction: 2.0, ..LeaveConfig::default() },
        social: SocialConfig::default(),
        ..ChoiceConfig::default()
    }
}

/// Town number so-and-so in words: every prompt with its answer.
///
/// # Errors
/// If a lesson cannot be written.
pub fn texts(seed: u64, number: u64) -> Result<Vec<String>, LessonError> {
    let mut all = Vec::new();
    play(
        &Town::draw(seed, number, Lot::Training, Grade::Full),
        || Desk::Texts(Vec::new()),
        |desk| {
            if let Desk::Texts(texts) = desk {
                all.extend(texts);
            }
        },
    )?;
    Ok(all)
}

/// The lessons of a town, one for every person in it. `hints` is the weight of what should come to mind behind every
/// category of an item; 0 leaves it out.
///
/// # Errors
/// If a lesson cannot be written.
pub fn lessons(
    seed: u64,
    number: u64,
    grade: Grade,
    hints: f32,
    tokenizer: &Arc<Tokenizer>,
) -> Result<Vec<Lesson>, LessonError> {
    let backend = || {
        let (end, vocabulary) = (Vec::new(), tokenizer.vocabulary());
        LocalBackend::from_parts(
            Arc::new(Silent),
            tokenizer.clone(),
            None,
            end,
            vocabulary,
            "lessons".to_owned(),
        )
    };
    // Fails, if at all, here and not in the closure below.
    backend()?;
    let mut all = Vec::new();
    let desk = || match backend() {
        Ok(model) => Desk::Lessons { model: Box::new(model), lesson: Lesson::default(), hints },
        Err(_) => Desk::Texts(Vec::new()),
    };
    play(&Town::draw(seed, number, Lot::Training, grade), desk, |desk| {
        if let Desk::Lessons { lesson, .. } = desk {
            all.push(lesson);
        }
    })?;
    Ok(all)
}

/// What a model would have decided in a town in place of the teacher.
///
/// # Errors
/// If the model fails.
pub fn examine(seed: u64, number: u64, lot: Lot, model: &Arc<dyn Backend>) -> Result<Vec<Mark>, LessonError> {
    let mut all = Vec::new();
    let desk = || Desk::Examination(Box::new(Shared(Arc::clone(model))), Vec::new());
    play(&Town::draw(seed, number, lot, Grade::Full), desk, |desk| {
        if let Desk::Examination(_, marks) = desk {
            all.extend(marks);
        }
    })?;
    Ok(all)
}

/// A scorer that nobody asks: lessons need the tokens alone.
struct Silent;

impl Scorer for Silent {
    fn score(&self, _request: habitue_llm::Request) -> Pending<'_, habitue_llm::Reply> {
        Box::pin(std::future::ready(Err(LlmError::Request("lessons have no model".to_owned()))))
    }
}

/// A backend that several users share.
struct Shared(Arc<dyn Backend>);

impl Backend for Shared {
    fn id(&self) -> String {
        self.0.id()
    }

    fn choose<'a>(
        &'a self,
        choice: &'a habitue_llm::Choice,
        stream: &'a mut Stream,
    ) -> Pending<'a, habitue_llm::ChoiceReply> {
        self.0.choose(choice, stream)
    }

    fn write<'a>(
        &'a self,
        prompt: &'a habitue_llm::Prompt,
        spec: &'a habitue_llm::WriteSpec,
        stream: &'a mut Stream,
    ) -> Pending<'a, habitue_llm::Written> {
        self.0.write(prompt, spec, stream)
    }
}

/// How the users of a town are asked.
fn config(town: &Town, stream: &mut Stream) -> LlmUsersConfig {
    let mut config = LlmConfig::new("lessons");
    town.items.clone_into(&mut config.items);
    config.each = if stream.random_bool(0.5) { EachName::Independent } else { EachName::Joint };
    config.session_turns = stream.random_range(0..=3);
    let is_first = town.grade == Grade::First;
    if is_first || stream.random_bool(0.5) {
        config.memory.retrieve = 0;
    } else {
        config.memory.least_importance = 0.3;
        config.memory.retrieve = 3;
    }
    config.ask = [AskName::Satisfaction, AskName::Mood, AskName::Need]
        .into_iter()
        .filter(|_| stream.random_bool(0.8) && !is_first)
        .collect();
    LlmUsersConfig { config, model: ModelFile::Server, template: TemplateSource::Short }
}

/// Plays the visits of everybody in a town, each at a desk of their own.
fn play(town: &Town, desk: impl Fn() -> Desk, mut done: impl FnMut(Desk)) -> Result<(), LessonError> {
    let mut stream = town.streams.stream(Purpose::Training, 0, 1);
    let asked = config(town, &mut stream);
    for (number, persona) in town.people.iter().enumerate() {
        let scribe = Scribe::new(desk());
        let users = LlmUsers::on(Box::new(scribe.clone()), false, &asked)?;
        let mut life = Life {
            town,
            persona,
            user: UserId(number as u32),
            choice: ChoiceUsers::new(teacher()),
            users,
            scribe: scribe.clone(),
            asked: &asked.config,
            stream: town.streams.stream(Purpose::Training, 1 + number as u64, 2),
        };
        life.live()?;
        let desk = std::mem::replace(&mut scribe.book().desk, Desk::Texts(Vec::new()));
        done(desk);
    }
    Ok(())
}

/// One person's visits.
struct Life<'a> {
    town: &'a Town,
    persona: &'a Persona,
    user: UserId,
    choice: ChoiceUsers,
    users: LlmUsers,
    scribe: Scribe,
    asked: &'a LlmConfig,
    stream: Stream,
}

impl Life<'_> {
    fn live(&mut self) -> Result<(), LessonError> {
        let (town, user, persona) = (self.town, self.user, self.persona);
        let world = town.world(SimTime::ZERO);
        let (mut state, _) = self.users.admit(&world, user, persona, town.streams);
        let mut time = SimTime(self.stream.random_range(0..DAY));
        let is_first = town.grade == Grade::First;
        for session in 0..if is_first { 1 } else { self.stream.random_range(1..=2) } {
            let away = (session > 0).then_some(SimDuration(DAY));
            self.users.arrive(
                &world,
                Visit { user, persona, state: &mut state, session, time },
                away,
                town.streams,
            );
            let friends: &[UserId] = if self.stream.random_bool(0.4) { &[UserId(99)] } else { &[] };
            // The mindset may be anything when a visit begins, so that its words come to mean something.
            let mindset = &mut state.mindset;
            mindset.satisfaction = self.stream.random_range(0.1..0.9);
            mindset.fatigue = self.stream.random_range(0.0..0.3);
            mindset.mood = self.stream.random_range(0.1..0.9);
            let size = *[3, 4, 5, 6, 8, 10, 16].choose(&mut self.stream).unwrap_or(&4);
            for turn in 0..if is_first { 1 } else { self.stream.random_range(1..=2) } {
                let items = town.slate(persona, size, &mut self.stream);
                if self.page(&mut state, session, turn, time, &items, friends)? {
                    break;
                }
                time += SimDuration(60 * SECOND);
            }
            time += SimDuration(DAY + HOUR);
        }
        Ok(())
    }

    /// One page; says whether the user left.
    fn page(
        &mut self,
        state: &mut UserState,
        session: u32,
        turn: u32,
        time: SimTime,
        items: &[ItemId],
        friends: &[UserId],
    ) -> Result<bool, LessonError> {
        let (town, user, persona) = (self.town, self.user, self.persona);
        let world = town.world(time);
        let mut slate = Slate::certain(items.iter().copied());
        if self.stream.random_bool(0.1) {
            let name = world.catalogue.categories().choose(&mut self.stream);
            slate.reply = name.map(|name| format!("How about {name}?"));
        }
        let before = state.mindset;
        let rate = town.rate;
        let (slate, at) = (&slate, Moment { user, persona, session, turn, time, friends, rate });
        let mut after = state.clone();
        let decided = self.choice.decide(&world, &mut [at.meet(slate, &mut after, true)], town.streams)?;
        let Some(decided) = decided.into_iter().next() else { return Ok(true) };
        let answers = self.answers(&decided, &before, &after, slate, time, session);
        {
            let mut book = self.scribe.book();
            book.answers = answers.into();
            book.words = spoken(town, persona, &before, items, &decided);
            book.insight = insight(town, persona);
        }
        let mut reported = self.users.decide(&world, &mut [at.meet(slate, state, false)], town.streams)?;
        let left = reported.pop().is_none_or(|decision| decision.next == Move::Leave);
        // The teacher's mind, the scribe's memory.
        after.mind = state.mind.take();
        *state = after;
        Ok(left)
    }

    /// The teacher's answers in the order in which they are asked for.
    fn answers(
        &mut self,
        decided: &Decision,
        before: &Mindset,
        after: &UserState,
        slate: &Slate,
        time: SimTime,
        session: u32,
    ) -> Vec<Answer> {
        let actions = self.town.scale.len();
        let Some(distributions) = &decided.distributions else { return Vec::new() };
        let whole = |kind, probabilities: Vec<f64>, chosen| {
            Answer::Whole(Ruling { kind, probabilities, chosen, about: Vec::new() })
        };
        let mut answers = Vec::new();
        let shown = slate.items.iter().map(|shown| shown.item);
        for ((item, feedback), row) in shown.zip(&decided.feedback).zip(distributions.actions.chunks(actions))
        {
            let probabilities = row.iter().map(|share| f64::from(*share)).collect();
            let (chosen, about) = (usize::from(feedback.action.0), self.about(item));
            answers.push(Answer::Whole(Ruling { kind: Kind::Action, probabilities, chosen, about }));
        }
        if self.town.rate {
            for feedback in &decided.feedback {
                // Who does not take an item would not rate it high.
                let stars = if feedback.rating > 0 { f64::from(feedback.rating) } else { 1.7 };
                let row = around(stars, 5, 0.5);
                let chosen = (stars.round() as usize).clamp(1, 5) - 1;
                answers.push(whole(Kind::Rating, row, chosen));
            }
        }
        let rate = self.choice.config().mindset.satisfaction_rate as f32;
        let mindset = &after.mindset;
        let utility = before.satisfaction + (mindset.satisfaction - before.satisfaction) / rate;
        let mut number = |value: f64, most| {
            let row = around(value, most, 0.45);
            let chosen = scribe::quantile(&row, self.stream.random());
            whole(Kind::Mindset, row, chosen)
        };
        if self.asked.ask.contains(&AskName::Satisfaction) {
            answers.push(number(1.0 + 4.0 * f64::from(utility), 5));
        }
        if self.asked.ask.contains(&AskName::Mood) {
            answers.push(number(1.0 + 4.0 * f64::from(mindset.mood), 5));
        }
        let importance = self
            .asked
            .memory
            .retrieve
            .gt(&0)
            .then(|| number(2.0 + 8.0 * f64::from((2.0 * utility - 1.0).abs().min(1.0)), 10));
        if self.asked.ask.contains(&AskName::Need) {
            let at = self.stream.random();
            answers.push(Answer::Named { kind: Kind::Mindset, weights: self.needs(mindset), at });
        }
        answers.extend(importance);
        let weights = moves(&distributions.moves, utility, mindset, slate.reply.is_some());
        answers.push(Answer::Named { kind: Kind::Move, weights, at: self.stream.random() });
        let bins = self.returns(after, time, session);
        let chosen = scribe::quantile(&bins, self.stream.random());
        answers.push(whole(Kind::Return, bins, chosen));
        answers
    }

    /// What an item is about, and how the persona says that it is liked: the words of the template by its thresholds.
    fn about(&self, item: ItemId) -> Vec<(String, Liked)> {
        let most = self.persona.interests.iter().map(|(_, weight)| *weight).fold(0.0, f32::max);
        let liked = |category: &CategoryId| {
            let interest = self.persona.interests.iter().find(|(one, _)| one == category);
            match interest.map(|(_, weight)| weight / most) {
                Some(share) if share > 0.6 => Liked::Much,
                Some(share) if share > 0.3 => Liked::Some,
                Some(_) => Liked::Little,
                None if self.persona.dislikes.contains(category) => Liked::Disliked,
                None => Liked::Unknown,
            }
        };
        let names = self.town.catalogue.categories();
        let categories = &self.town.catalogue.item(item).categories;
        categories.iter().map(|category| (names[category.index()].clone(), liked(category))).collect()
    }

    /// What the user is after now, by name.
    fn needs(&self, mindset: &Mindset) -> Vec<(String, f64)> {
        let names = self.town.catalogue.categories();
        let (nothing, present) = if mindset.need.is_some() { (0.1, 0.9) } else { (0.9, 0.0) };
        let mut weights = vec![("nothing in particular".to_owned(), nothing)];
        if let Some(need) = mindset.need {
            weights.push((names[need.index()].clone(), present));
        } else {
            let sum: f32 = self.persona.interests.iter().map(|(_, weight)| weight).sum();
            weights.extend(
                self.persona.interests.iter().map(|(category, weight)| {
                    (names[category.index()].clone(), 0.1 * f64::from(weight / sum))
                }),
            );
        }
        weights
    }

    /// When the user would be back: how often each intention comes of many draws.
    fn returns(&self, after: &UserState, time: SimTime, session: u32) -> Vec<f64> {
        const DRAWS: u64 = 32;
        let world = self.town.world(time);
        let longest = self.choice.config().returning.longest.0;
        let mut bins = vec![0.0; 5];
        for draw in 0..DRAWS {
            let mut state = after.clone();
            let visit = Visit { user: self.user, persona: self.persona, state: &mut state, session, time };
            let streams = Streams::new(self.town.streams.seed() ^ (draw << 48));
            let departure = self.choice.depart(&world, visit, streams);
            bins[usize::from(intention_of(departure, time, longest))] += 1.0 / DRAWS as f64;
        }
        bins
    }
}

/// When and where a person meets a slate.
#[derive(Clone, Copy)]
struct Moment<'a> {
    user: UserId,
    persona: &'a Persona,
    session: u32,
    turn: u32,
    time: SimTime,
    friends: &'a [UserId],
    rate: bool,
}

impl<'a> Moment<'a> {
    const fn meet(self, slate: &'a Slate, state: &'a mut UserState, distributions: bool) -> Encounter<'a> {
        let Self { user, persona, session, turn, time, friends, rate } = self;
        Encounter { user, persona, state, session, turn, time, slate, friends, rate, distributions }
    }
}

#[cfg(test)]
mod tests;
