//! Running a program on a backend.

use habitue_core::Stream;
use rand::RngExt;

use super::answer::SlotAnswer;
use super::slot::{EachMode, PickBy, SlotKind};
use super::{Answer, ListStyle, NumberAnswer, PickAnswer, Program, Segment, WriteAnswer};
use crate::backend::{Backend, Choice, ChoiceBranch, Prompt, Scores, Usage};
use crate::distribution::Distribution;
use crate::error::LlmError;

/// Runs a program: the backend scores and writes, the choices are drawn here from the caller's stream. Of one stream
/// the draws are, in order: the shuffles of the lists, then slot by slot.
///
/// Programs of many users run at the same time as tasks of one executor; a backend batches what they ask for.
///
/// # Errors
/// If the program cannot be run ([`Program::check`]), two options have the same tokens, or the backend fails.
pub async fn decide(
    backend: &dyn Backend,
    program: &Program,
    stream: &mut Stream,
) -> Result<Answer, LlmError> {
    program.check()?;
    let orders =
        program.lists.iter().map(|listed| order(listed.options.len(), listed.shuffled, stream)).collect();
    let calibrated = program.slots.iter().any(|slot| slot.calibrated);
    let neutral = calibrated.then(Prompt::default);
    let mut run = Run {
        backend,
        program,
        orders,
        prompt: Prompt::default(),
        neutral,
        slots: Vec::new(),
        usage: Usage::default(),
    };
    let mut is_read = true;
    for (at, segment) in program.segments.iter().enumerate() {
        match segment {
            Segment::When(condition) => {
                is_read = condition.is_none_or(|(slot, option)| run.picked(slot) == Some(option));
            }
            Segment::Slot(_) if !is_read => run.slots.push(SlotAnswer::NotAsked),
            _ if !is_read => {}
            Segment::Turn(role) => {
                run.prompt.turn(*role);
                if let Some(neutral) = &mut run.neutral {
                    neutral.turn(*role);
                }
            }
            Segment::Text { text, neutral } => run.append(text, neutral.as_deref()),
            Segment::List(list) => {
                let text = run.lines(*list);
                run.append(&text, None);
            }
            Segment::Slot(slot) => {
                let answer = run.slot(*slot, at, stream).await?;
                run.slots.push(answer);
            }
        }
    }
    Ok(Answer { slots: run.slots, prompt_hash: run.prompt.hash(), usage: run.usage })
}

/// A random order (Fisher and Yates), or the order as it is.
fn order(count: usize, shuffled: bool, stream: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    if shuffled {
        for last in (1..count).rev() {
            order.swap(last, stream.random_range(0..=last));
        }
    }
    order
}

struct Run<'a> {
    backend: &'a dyn Backend,
    program: &'a Program,
    /// By list, the option at each place.
    orders: Vec<Vec<usize>>,
    prompt: Prompt,
    /// The prompt with neutral content, if a slot is calibrated.
    neutral: Option<Prompt>,
    slots: Vec<SlotAnswer>,
    usage: Usage,
}

impl Run<'_> {
    fn append(&mut self, text: &str, neutral: Option<&str>) {
        self.prompt.push(text);
        if let Some(prompt) = &mut self.neutral {
            prompt.push(neutral.unwrap_or(text));
        }
    }

    /// The option that was picked in a slot; `None` if it was not asked.
    fn picked(&self, slot: usize) -> Option<usize> {
        match self.slots.get(slot)? {
            SlotAnswer::Pick(answer) => Some(answer.index),
            _ => None,
        }
    }

    fn lines(&self, list: usize) -> String {
        let listed = &self.program.lists[list];
        let style = listed.style.unwrap_or(ListStyle::Dashed);
        let places = self.orders[list].iter().enumerate();
        places.map(|(place, &option)| style.line(place, &listed.options[option])).collect()
    }

    /// The text right after a segment within its turn; none at the end of the turn or before another slot.
    fn follow(&self, at: usize) -> Option<String> {
        match self.program.segments.get(at + 1)? {
            Segment::Text { text, .. } if !text.is_empty() => Some(text.clone()),
            Segment::List(list) => Some(self.lines(*list)),
            Segment::Slot(slot) => match &self.program.slots[*slot].kind {
                SlotKind::PickEach { items, .. } => items.first().cloned(),
                _ => None,
            },
            _ => None,
        }
    }

    async fn slot(&mut self, slot: usize, at: usize, stream: &mut Stream) -> Result<SlotAnswer, LlmError> {
        let program = self.program;
        let calibrated = program.slots[slot].calibrated;
        match &program.slots[slot].kind {
            SlotKind::Pick { list, by } => {
                let listed = &program.lists[*list];
                let order = self.orders[*list].clone();
                let style = listed.style.unwrap_or(ListStyle::Dashed);
                let shown: Vec<String> = order
                    .iter()
                    .enumerate()
                    .map(|(place, &option)| match by {
                        PickBy::Text => listed.options[option].clone(),
                        PickBy::Label => style.label(place),
                    })
                    .collect();
                let answer = self.pick(&shown, Some(&order), self.follow(at), calibrated, stream).await?;
                let place = order.iter().position(|&option| option == answer.index).unwrap_or(answer.index);
                self.append(&shown[place], None);
                Ok(SlotAnswer::Pick(answer))
            }
            SlotKind::PickEach { items, options, mode } => {
                let after = self.follow(at);
                let follows = items.iter().skip(1).cloned().map(Some).chain([after]).collect::<Vec<_>>();
                let answers = match mode {
                    EachMode::Joint => self.each_joint(items, options, &follows, calibrated, stream).await?,
                    EachMode::Independent => {
                        self.each_independent(items, options, &follows, calibrated, stream).await?
                    }
                };
                Ok(SlotAnswer::PickEach(answers))
            }
            SlotKind::Number { lo, hi } => {
                let options: Vec<String> = (*lo..=*hi).map(|number| number.to_string()).collect();
                let pick = self.pick(&options, None, self.follow(at), calibrated, stream).await?;
                self.append(&options[pick.index], None);
                Ok(SlotAnswer::Number(NumberAnswer { value: lo + pick.index as i64, pick }))
            }
            SlotKind::Write(spec) => {
                let written = self.backend.write(&self.prompt, spec, stream).await?;
                self.usage.add(written.usage);
                self.append(&written.text, None);
                Ok(SlotAnswer::Write(WriteAnswer { text: written.text, end: written.end }))
            }
        }
    }

    /// One choice; the answer counts in the declared order, of which `order` gives the option at each place.
    async fn pick(
        &mut self,
        shown: &[String],
        order: Option<&[usize]>,
        follow: Option<String>,
        calibrated: bool,
        stream: &mut Stream,
    ) -> Result<PickAnswer, LlmError> {
        let branch = ChoiceBranch { suffix: Vec::new(), options: shown.to_vec(), follow };
        let mut scores = self.choose(vec![branch], calibrated, stream).await?;
        let Some((score, neutral)) = scores.pop() else {
            return Err(LlmError::Request("the backend gave no scores".to_owned()));
        };
        Ok(settle(score, neutral, order, stream))
    }

    async fn each_joint(
        &mut self,
        items: &[String],
        options: &[String],
        follows: &[Option<String>],
        calibrated: bool,
        stream: &mut Stream,
    ) -> Result<Vec<PickAnswer>, LlmError> {
        let mut answers = Vec::with_capacity(items.len());
        for (item, follow) in items.iter().zip(follows) {
            self.append(item, None);
            let answer = self.pick(options, None, follow.clone(), calibrated, stream).await?;
            self.append(&options[answer.index], None);
            answers.push(answer);
        }
        Ok(answers)
    }

    async fn each_independent(
        &mut self,
        items: &[String],
        options: &[String],
        follows: &[Option<String>],
        calibrated: bool,
        stream: &mut Stream,
    ) -> Result<Vec<PickAnswer>, LlmError> {
        let branches = items.iter().zip(follows).map(|(item, follow)| ChoiceBranch {
            suffix: vec![item.clone()],
            options: options.to_vec(),
            follow: follow.clone(),
        });
        let scores = self.choose(branches.collect(), calibrated, stream).await?;
        let mut answers = Vec::with_capacity(items.len());
        for ((score, neutral), item) in scores.into_iter().zip(items) {
            let answer = settle(score, neutral, None, stream);
            self.append(item, None);
            self.append(&options[answer.index], None);
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Scores of the branches, with those under the neutral prompt where they are wanted.
    async fn choose(
        &mut self,
        branches: Vec<ChoiceBranch>,
        calibrated: bool,
        stream: &mut Stream,
    ) -> Result<Vec<(Scores, Option<Scores>)>, LlmError> {
        let count = branches.len();
        let mut choice = Choice { prompt: self.prompt.clone(), branches };
        let reply = self.backend.choose(&choice, stream).await?;
        self.usage.add(reply.usage);
        let mut neutral = vec![None; count];
        if let (true, Some(prompt)) = (calibrated, &self.neutral) {
            choice.prompt = prompt.clone();
            let reply = self.backend.choose(&choice, stream).await?;
            self.usage.add(reply.usage);
            neutral = reply.scores.into_iter().map(Some).collect();
        }
        if calibrated && reply.scores.iter().any(|score| matches!(score, Scores::Drawn(_))) {
            let what = "a calibrated choice needs probabilities, and the server gives none";
            return Err(LlmError::Request(what.to_owned()));
        }
        if reply.scores.len() != count || neutral.len() != count {
            return Err(LlmError::Request(format!(
                "the backend scored {} of {count} choices",
                reply.scores.len()
            )));
        }
        Ok(reply.scores.into_iter().zip(neutral).collect())
    }
}

/// Draws from scores that are in the order shown and answers in the declared order.
fn settle(
    score: Scores,
    neutral: Option<Scores>,
    order: Option<&[usize]>,
    stream: &mut Stream,
) -> PickAnswer {
    let declared = |distribution: Distribution| match order {
        Some(order) => distribution.reordered(order),
        None => distribution,
    };
    match (score, neutral) {
        (Scores::Drawn(place), _) => {
            let index = order.map_or(place, |order| order[place]);
            PickAnswer { index, distribution: None, uncalibrated: None }
        }
        (Scores::Distribution(raw), Some(Scores::Distribution(neutral))) => {
            let distribution = declared(raw.calibrated(&neutral));
            let index = distribution.draw(stream);
            PickAnswer { index, distribution: Some(distribution), uncalibrated: Some(declared(raw)) }
        }
        (Scores::Distribution(raw), _) => {
            let distribution = declared(raw);
            let index = distribution.draw(stream);
            PickAnswer { index, distribution: Some(distribution), uncalibrated: None }
        }
    }
}
