//! What a model has answered, for people and machines.

use std::fmt;

use habitue_llm::{Answer, Asked, NamedProgram, PickAnswer, Usage, WriteEnd};
use serde::Serialize;

use crate::table;

/// How the program was run.
#[derive(Debug, Serialize)]
pub(super) struct Ran {
    pub(super) model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kernel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) load_seconds: Option<f64>,
    pub(super) seconds: f64,
    pub(super) seed: u64,
}

/// The answer to a program.
#[derive(Debug, Serialize)]
pub(super) struct Reply {
    #[serde(flatten)]
    ran: Ran,
    slots: Vec<Slot>,
    tokens: Usage,
    prompt_hash: String,
}

#[derive(Debug, Serialize)]
struct Slot {
    name: String,
    #[serde(flatten)]
    content: Content,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Content {
    Pick(Choice),
    PickEach { choices: Vec<Choice> },
    Number(Choice),
    Write { text: String, end: String },
}

/// A choice with what it was drawn from.
#[derive(Debug, Serialize)]
struct Choice {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    drawn: String,
    /// Absent if a server chose without saying from what.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<Weighed>>,
}

#[derive(Debug, Serialize)]
struct Weighed {
    option: String,
    probability: f64,
    /// Null for an option that is impossible.
    log_probability: f64,
    /// Before calibration.
    #[serde(skip_serializing_if = "Option::is_none")]
    uncalibrated: Option<f64>,
}

impl Reply {
    pub(super) fn new(program: &NamedProgram, answer: &Answer, ran: Ran) -> Self {
        let slots = program.slots.iter().map(|slot| {
            let content = match &slot.asked {
                Asked::Pick { slot, options } => {
                    Content::Pick(choice(answer.pick(*slot), None, |at| options[at].clone()))
                }
                Asked::PickEach { slot, items, options } => {
                    let picks = answer.pick_each(*slot).iter().zip(items);
                    let one = |(pick, item): (&PickAnswer, &String)| {
                        choice(pick, Some(item.trim().to_owned()), |at| options[at].clone())
                    };
                    Content::PickEach { choices: picks.map(one).collect() }
                }
                Asked::Number { slot, lo } => {
                    Content::Number(choice(&answer.number(*slot).pick, None, |at| {
                        (lo + at as i64).to_string()
                    }))
                }
                Asked::Write { slot } => {
                    let written = answer.text(*slot);
                    Content::Write { text: written.text.clone(), end: ending(&written.end) }
                }
            };
            Slot { name: slot.name.clone(), content }
        });
        Self { slots: slots.collect(), tokens: answer.usage, prompt_hash: answer.prompt_hash.clone(), ran }
    }
}

fn choice(pick: &PickAnswer, item: Option<String>, name: impl Fn(usize) -> String) -> Choice {
    let options = pick.distribution.as_ref().map(|distribution| {
        let weighed = |(at, log): (usize, &f64)| Weighed {
            option: name(at),
            probability: log.exp(),
            log_probability: *log,
            uncalibrated: pick.uncalibrated.as_ref().map(|before| before.probability(at)),
        };
        distribution.log_probabilities().iter().enumerate().map(weighed).collect()
    });
    Choice { item, drawn: name(pick.index), options }
}

fn ending(end: &WriteEnd) -> String {
    match end {
        WriteEnd::EndOfText => "the model ended it".to_owned(),
        WriteEnd::Stop(stop) => format!("it came to {stop:?}"),
        WriteEnd::Complete => "it is complete".to_owned(),
        WriteEnd::Length => "it came to the limit of tokens".to_owned(),
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for slot in &self.slots {
            match &slot.content {
                Content::Pick(choice) | Content::Number(choice) => one(f, &slot.name, choice)?,
                Content::PickEach { choices } => each(f, &slot.name, choices)?,
                Content::Write { text, end } => writeln!(f, "{}: {end}\n{text}\n", slot.name)?,
            }
        }
        let Usage { new_tokens, cached_tokens, generated_tokens } = self.tokens;
        write!(f, "{}", self.ran.model)?;
        if let Some(kernel) = &self.ran.kernel {
            write!(f, ", {kernel}")?;
        }
        write!(
            f,
            "\ntokens: {new_tokens} new, {cached_tokens} cached, {generated_tokens} generated, in {:.3} s",
            self.ran.seconds
        )?;
        match self.ran.load_seconds {
            Some(seconds) => writeln!(f, "; loaded in {seconds:.2} s"),
            None => writeln!(f),
        }
    }
}

/// A choice with an option a line.
fn one(f: &mut fmt::Formatter<'_>, name: &str, choice: &Choice) -> fmt::Result {
    match &choice.options {
        None => writeln!(
            f,
            "{name}: {}\nthe server chose, and does not say with what probability\n",
            choice.drawn
        ),
        Some(options) => {
            let calibrated = options.iter().any(|option| option.uncalibrated.is_some());
            let mut headings = vec![name, "probability", "logarithm"];
            headings.extend(calibrated.then_some("uncalibrated"));
            let row = |option: &Weighed| {
                let mut row = vec![
                    option.option.clone(),
                    format!("{:.4}", option.probability),
                    format!("{:.4}", option.log_probability),
                ];
                row.extend(option.uncalibrated.map(|before| format!("{before:.4}")));
                row
            };
            writeln!(f, "{}drawn: {}\n", table::aligned(&headings, 1, options.iter().map(row)), choice.drawn)
        }
    }
}

/// Choices with an item a line.
fn each(f: &mut fmt::Formatter<'_>, name: &str, choices: &[Choice]) -> fmt::Result {
    let options = choices.iter().find_map(|choice| choice.options.as_deref()).unwrap_or_default();
    let mut headings = vec![name, "drawn"];
    headings.extend(options.iter().map(|option| option.option.as_str()));
    let row = |choice: &Choice| {
        let mut row = vec![choice.item.clone().unwrap_or_default(), choice.drawn.clone()];
        let shares = choice.options.iter().flatten().map(|option| format!("{:.4}", option.probability));
        row.extend(shares);
        row.resize(headings.len(), "-".to_owned());
        row
    };
    writeln!(f, "{}", table::aligned(&headings, 2, choices.iter().map(row)))
}
