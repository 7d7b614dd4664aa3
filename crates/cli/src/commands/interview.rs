//! `habitue interview`

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use habitue_core::{SimDuration, SimTime};
use habitue_run::{Answered, Ask, Cited, QUESTION, interview};
use habitue_store::RunReader;

use super::{print, print_json};
use crate::failure::{Exit, Failure};

/// Ask a user of a run why
///
/// What the user knew at that time is rebuilt from the run's tables: who it is, what it remembered, what it did. The
/// model picks which memories and turns its answer rests on, so what is cited exists. Users without a language model
/// speak of their turns alone, and need --model. The same question has the same answer.
#[derive(Debug, Args)]
pub(crate) struct InterviewArgs {
    /// The run folder
    run: PathBuf,
    /// Whom to ask, by key (casual-17) or number
    #[arg(long, value_name = "KEY")]
    user: String,
    /// Simulated time asked about, from the start of the run, as in "2d 6h"; its end if absent
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What to ask
    #[arg(long, value_name = "TEXT", default_value = QUESTION)]
    question: String,
    /// Arm in which the user is asked, where users live in every arm
    #[arg(long, value_name = "ARM")]
    arm: Option<String>,
    /// Ask this model instead of the run's: a folder as Hugging Face lays it out, a GGUF file, or organisation/name of the
    /// hub
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

impl InterviewArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let at = match &self.at {
            None => None,
            Some(text) => {
                let wrong =
                    |problem| Failure::input(format!("--at {text}: {problem}"), "as in --at \"2d 6h\"");
                Some(SimTime::ZERO + SimDuration::parse(text).map_err(wrong)?)
            }
        };
        if self.question.trim().is_empty() {
            let message = "--question is empty, expected a question".to_owned();
            return Err(Failure::input(message, format!("leave it out to ask: {QUESTION}")));
        }
        let model = match &self.model {
            Some(typed) => Some((typed.clone(), super::model::file(typed)?)),
            None => None,
        };
        let run = RunReader::open(&self.run)?;
        let answered = interview(
            &run,
            &Ask { user: &self.user, arm: self.arm.as_deref(), at, question: &self.question, model },
        )?;
        if self.json {
            print_json(&answered)?;
        } else {
            print(&Told(&answered))?;
        }
        Ok(Exit::Done)
    }
}

/// An answer, for people.
struct Told<'a>(&'a Answered);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answered { user, name, arm, at_ms, model, question, answer, cites, came_to_mind } = self.0;
        write!(f, "{user}")?;
        if !name.is_empty() {
            write!(f, " ({name})")?;
        }
        writeln!(f, ", {at_ms}, arm {arm}, by {model}")?;
        writeln!(f, "  asked: {question}")?;
        writeln!(f, "  says:  {answer}")?;
        if cites.is_empty() {
            return writeln!(f, "  rests on nothing of the {came_to_mind} that came to mind");
        }
        writeln!(f, "  rests on, of the {came_to_mind} that came to mind:")?;
        for cited in cites {
            match cited {
                Cited::Memory { id, time_ms, text } => writeln!(f, "    memory {id}, {time_ms}: {text}")?,
                Cited::Turn { session, turn, time_ms, text } => {
                    writeln!(f, "    session {session}, turn {turn}, {time_ms}: {text}")?;
                }
            }
        }
        Ok(())
    }
}
