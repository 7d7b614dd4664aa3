//! Asking a user of a run: what it knew at a time is rebuilt from the log.

use habitue_core::scenario::llm::LlmConfig;
use habitue_core::scenario::{LlmUsersConfig, ModelConfig, ModelFile, Scenario, TemplateSource};
use habitue_core::{ArmId, ItemId, ItemStats, Memory, SimTime, Streams, Turn, World};
use habitue_store::{RunReader, StoreError};
use habitue_users::{Evidence, EvidenceSource, Interview, LlmUsers, Statement};
use serde::Serialize;

use crate::error::RunError;

/// What a user is asked if nothing else is: `habitue interview` without a question.
pub const QUESTION: &str = "Why did you act as you did the last time?";

/// Who is asked what, when and by which model.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask<'a> {
    /// Key or number of the user.
    pub user: &'a str,
    /// The arm, for users who live in several.
    pub arm: Option<&'a str>,
    /// When; the end of the run if absent.
    pub at: Option<SimTime>,
    /// The question.
    pub question: &'a str,
    /// Another model than that of the run, as it was typed and where it is.
    pub model: Option<(String, ModelFile)>,
}

/// An answer, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    /// Key of the user.
    pub user: String,
    /// Name of the user; may be empty.
    pub name: String,
    /// The arm.
    pub arm: String,
    /// The time asked about.
    pub at_ms: SimTime,
    /// The model that answered, as the scenario or the caller names it.
    pub model: String,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// What the answer rests on.
    pub cites: Vec<Cited>,
    /// Number of memories and turns that came to mind.
    pub came_to_mind: usize,
}

/// Something that an answer rests on, as the log has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cited {
    /// A memory: a row of the table `memories`.
    Memory {
        /// Its id.
        id: u32,
        /// When it was made.
        time_ms: SimTime,
        /// What is remembered.
        text: String,
    },
    /// A turn.
    Turn {
        /// The session.
        session: u32,
        /// The turn.
        turn: u32,
        /// When.
        time_ms: SimTime,
        /// The turn in words.
        text: String,
    },
}

impl From<Evidence> for Cited {
    fn from(evidence: Evidence) -> Self {
        let Evidence { source, time: time_ms, text } = evidence;
        match source {
            EvidenceSource::Memory(id) => Self::Memory { id, time_ms, text },
            EvidenceSource::Turn(session, turn) => Self::Turn { session, turn, time_ms, text },
        }
    }
}

/// Asks a user of a run, finished or not. The persona is that of the run's table of users (what interventions edited
/// later is not in it); memories are those made up to the time, turns those begun up to it. Users without a language model
/// have no memories and speak of their turns alone; they need a model to be given. The same question has the same
/// answer.
///
/// # Errors
/// If the user, the arm or the time is not one of the run, there is no model to ask, or it cannot answer.
pub fn interview(run: &RunReader, ask: &Ask<'_>) -> Result<Answered, RunError> {
    let scenario = run.scenario();
    let user = run.find_user(ask.user)?;
    let arm = arm(scenario, user.arm, ask.arm, ask.user)?;
    let end = SimTime::ZERO + scenario.horizon;
    let at = ask.at.unwrap_or(end);
    if !(SimTime::ZERO..=end).contains(&at) {
        return Err(RunError::Field {
            field: "--at".to_owned(),
            value: (at - SimTime::ZERO).to_string(),
            expected: format!("0s to {}, the length of the run", scenario.horizon),
        });
    }
    let config = config(scenario, user.population.index(), ask)?;
    let memories: Vec<Memory> = run
        .memories_of(user.user)
        .filter(|record| {
            record.as_ref().map_or(true, |record| record.arm == arm && record.memory.created <= at)
        })
        .map(|record| record.map(|record| record.memory))
        .collect::<Result<_, _>>()?;
    let mut turns: Vec<Turn> = run
        .turns_of(user.user)
        .filter(|turn| turn.as_ref().map_or(true, |turn| turn.arm == arm && turn.time <= at))
        .collect::<Result<_, _>>()?;
    turns.sort_by_key(|turn| (turn.session, turn.turn));
    // Last, since a model takes long to open.
    let model = LlmUsers::new(&config)?;
    let catalogue = run.catalogue()?;
    let available: Vec<ItemId> = (0..catalogue.len() as u32).map(ItemId).collect();
    let world = World {
        catalogue: &catalogue,
        available: &available,
        stats: &ItemStats::default(),
        scale: &scenario.slate.scale,
        now: at,
    };
    let persona = &user.persona;
    let interview = Interview {
        world: &world,
        user: user.user,
        persona,
        memories: &memories,
        turns: &turns,
        time: at,
        question: ask.question,
    };
    let Statement { answer, cited, evidence } =
        model.interview(&interview, Streams::new(scenario.seed)).map_err(RunError::Asked)?;
    Ok(Answered {
        user: persona.key.clone(),
        name: persona.name.clone(),
        arm: scenario.arms[arm.index()].name.clone(),
        at_ms: at,
        model: config.config.model,
        question: ask.question.to_owned(),
        answer,
        cites: cited.into_iter().map(Cited::from).collect(),
        came_to_mind: evidence.len(),
    })
}

/// The arm in which the user is asked.
fn arm(scenario: &Scenario, own: Option<ArmId>, typed: Option<&str>, user: &str) -> Result<ArmId, RunError> {
    let names = || scenario.arms.iter().map(|arm| arm.name.as_str());
    let typed = match typed {
        None => None,
        Some(name) => {
            let at = names().position(|known| known == name).ok_or_else(|| StoreError::NoSuch {
                what: "arm",
                name: name.to_owned(),
                nearest: habitue_core::scenario::nearest(name, names()),
            })?;
            Some(ArmId(at as u16))
        }
    };
    let wrong =
        |value: String, expected: String| Err(RunError::Field { field: "--arm".to_owned(), value, expected });
    match (own, typed) {
        (Some(own), Some(typed)) if own != typed => {
            let name = &scenario.arms[own.index()].name;
            wrong(
                format!("\"{}\"", scenario.arms[typed.index()].name),
                format!("\"{name}\", where user \"{user}\" lives"),
            )
        }
        (Some(arm), _) | (None, Some(arm)) => Ok(arm),
        (None, None) if scenario.arms.len() == 1 => Ok(ArmId(0)),
        (None, None) => {
            let names: Vec<&str> = names().collect();
            let expected = format!("one of {}: every user lives in each of them", names.join(", "));
            wrong("absent".to_owned(), expected)
        }
    }
}

/// Which model is asked, and how.
fn config(scenario: &Scenario, population: usize, ask: &Ask<'_>) -> Result<LlmUsersConfig, RunError> {
    let population = &scenario.populations[population];
    match (&population.model, &ask.model) {
        (ModelConfig::Llm(own), None) => Ok((**own).clone()),
        (ModelConfig::Llm(own), Some((typed, file))) => {
            let LlmUsersConfig { config, template, .. } = &**own;
            let config = LlmConfig { model: typed.clone(), server: None, chat: None, ..config.clone() };
            Ok(LlmUsersConfig { config, model: file.clone(), template: template.clone() })
        }
        (ModelConfig::Choice(_), Some((typed, file))) => {
            let config = LlmConfig::new(typed.clone());
            Ok(LlmUsersConfig { config, model: file.clone(), template: TemplateSource::default() })
        }
        (ModelConfig::Choice(_), None) => Err(RunError::Field {
            field: "--model".to_owned(),
            value: "absent".to_owned(),
            expected: format!(
                "a folder, a .gguf file or organisation/name of the hub: the users of population \"{}\" have no \
                 language model",
                population.name
            ),
        }),
    }
}
