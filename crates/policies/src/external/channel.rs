//! The conversation with a process: numbered messages, and starting again where it broke off.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use habitue_core::scenario::policy::ExternalConfig;
use habitue_core::{ItemId, SimDuration, World};
use serde::Serialize;
use serde_json::Value;

use super::CHUNK;
use super::message::Message;
use super::process::{Process, Silence};
use super::python;
use super::reply::{Answer, ReplyProblem};
use crate::zoo::Setting;

/// Bytes of messages that are kept for a restart before a snapshot takes their place.
const LONGEST_JOURNAL: usize = 16_000_000;

/// A message as it was sent.
#[derive(Clone)]
struct Sent {
    asked: &'static str,
    id: u64,
    line: Arc<str>,
}

#[derive(Serialize)]
struct Numbered<'a> {
    id: u64,
    #[serde(flatten)]
    message: &'a Message<'a>,
}

/// The process and all that another one would have to be told to take its place.
pub(super) struct Channel {
    policy: String,
    command: Vec<String>,
    folder: PathBuf,
    timeout: SimDuration,
    longest: usize,
    restarts: u32,
    restarted: u32,
    process: Option<Process>,
    next: u64,
    /// Number of items and the items available that the process was told of.
    known: (usize, Vec<ItemId>),
    hello: Option<Sent>,
    worlds: Vec<Sent>,
    /// The last snapshot; before the first, `journal` reaches back to the start.
    snapshot: Option<Value>,
    /// What was told since the last snapshot, worlds apart; empty if the process is never restarted.
    journal: Vec<Sent>,
}

impl Channel {
    /// Nothing is started yet.
    pub(super) fn new(config: &ExternalConfig, setting: &Setting<'_>) -> Self {
        Self {
            policy: setting.name.to_owned(),
            command: config.python.as_deref().map_or_else(|| config.command.clone(), python::command),
            folder: setting.folder.to_owned(),
            timeout: config.timeout.0,
            longest: config.longest_line as usize,
            restarts: config.restarts,
            restarted: 0,
            process: None,
            next: 0,
            known: (setting.world.catalogue.len(), setting.world.available.to_vec()),
            hello: None,
            worlds: Vec::new(),
            snapshot: None,
            journal: Vec::new(),
        }
    }

    /// Starts the process and tells it what there was before the run; says whether its propensities are exact.
    pub(super) fn greet(&mut self, setting: &Setting<'_>) -> Result<bool, ReplyProblem> {
        let hello = self.number(&Message::hello(setting))?;
        let exact = self.send(&hello)?.greeting()?;
        self.hello = Some(hello);
        for part in setting.history.chunks(CHUNK) {
            self.tell(&Message::history(setting.world.catalogue, part))?;
        }
        Ok(exact)
    }

    /// A message whose answer counts, and which changes nothing in the process.
    pub(super) fn ask(&mut self, message: &Message<'_>) -> Result<Answer, ReplyProblem> {
        let sent = self.number(message)?;
        self.send(&sent)
    }

    /// A message that the process learns from.
    pub(super) fn tell(&mut self, message: &Message<'_>) -> Result<(), ReplyProblem> {
        let sent = self.number(message)?;
        self.send(&sent)?;
        if self.restarts > 0 {
            self.journal.push(sent);
        }
        Ok(())
    }

    /// Tells what is new, if the world is not as the process knows it.
    pub(super) fn tell_world(&mut self, world: &World<'_>) -> Result<(), ReplyProblem> {
        if self.known.0 == world.catalogue.len() && self.known.1 == world.available {
            return Ok(());
        }
        let missing = |from: &[ItemId], other: &[ItemId]| -> Vec<ItemId> {
            from.iter().copied().filter(|item| other.binary_search(item).is_err()).collect()
        };
        let (appeared, gone) =
            (missing(world.available, &self.known.1), missing(&self.known.1, world.available));
        let sent = self.number(&Message::world(world, self.known.0, &appeared, &gone))?;
        self.send(&sent)?;
        if self.restarts > 0 {
            self.worlds.push(sent);
        }
        self.known = (world.catalogue.len(), world.available.to_vec());
        Ok(())
    }

    /// The state of the process.
    pub(super) fn snapshot(&mut self) -> Result<Value, ReplyProblem> {
        let state = self.ask(&Message::Snapshot)?.state()?;
        self.journal.clear();
        self.snapshot = Some(state.clone());
        Ok(state)
    }

    /// Puts the process into another state.
    pub(super) fn restore(&mut self, state: Value) -> Result<(), ReplyProblem> {
        self.ask(&Message::Restore { state: &state })?;
        self.journal.clear();
        self.snapshot = Some(state);
        Ok(())
    }

    /// Keeps what a restart needs within bounds.
    pub(super) fn shorten_journal(&mut self) -> Result<(), ReplyProblem> {
        if self.journal.iter().map(|sent| sent.line.len()).sum::<usize>() > LONGEST_JOURNAL {
            self.snapshot()?;
        }
        Ok(())
    }

    fn number(&mut self, message: &Message<'_>) -> Result<Sent, ReplyProblem> {
        let (asked, id) = (message.kind(), self.next);
        self.next += 1;
        let line = serde_json::to_string(&Numbered { id, message }).map_err(|source| ReplyProblem::Bad {
            asked,
            problem: format!("the message cannot be written as JSON: {source}"),
            beginning: String::new(),
        })?;
        Ok(Sent { asked, id, line: line.into() })
    }

    /// Sends a message, starting the process anew as often as is allowed.
    fn send(&mut self, sent: &Sent) -> Result<Answer, ReplyProblem> {
        loop {
            let answer = self.start().and_then(|()| self.exchange(sent));
            match answer {
                Err(problem) if problem.is_breakdown() => {
                    self.process = None;
                    if self.restarted == self.restarts {
                        return Err(problem);
                    }
                    self.restarted += 1;
                    tracing::warn!(
                        policy = self.policy,
                        restart = self.restarted,
                        "{problem}; starting it again"
                    );
                }
                answer => return answer,
            }
        }
    }

    /// Makes sure that a process runs and knows what the one before knew.
    fn start(&mut self) -> Result<(), ReplyProblem> {
        if self.process.is_some() {
            return Ok(());
        }
        let process = Process::start(&self.policy, &self.command, &self.folder, self.longest);
        self.process = Some(process.map_err(|source| ReplyProblem::Start {
            command: format!("{:?}", self.command),
            folder: self.folder.display().to_string(),
            source_message: source.to_string(),
        })?);
        let before: Vec<Sent> = self.hello.iter().chain(&self.worlds).cloned().collect();
        for sent in &before {
            self.exchange(sent)?;
        }
        if let Some(state) = self.snapshot.clone() {
            let restore = self.number(&Message::Restore { state: &state })?;
            self.exchange(&restore)?;
        }
        for sent in &self.journal.clone() {
            self.exchange(sent)?;
        }
        Ok(())
    }

    fn exchange(&mut self, sent: &Sent) -> Result<Answer, ReplyProblem> {
        let asked = sent.asked;
        let after = match self.restarted {
            0 => String::new(),
            1 => ", after 1 restart".to_owned(),
            many => format!(", after {many} restarts"),
        };
        let words = |stderr: String| match stderr.as_str() {
            "" => String::new(),
            words => format!("; it last said on standard error:\n{words}"),
        };
        let process = self.process.as_mut().expect("`start` comes first");
        let line = process.exchange(&sent.line, Duration::from_millis(self.timeout.0 as u64)).map_err(
            |silence| match silence {
                Silence::Ended { how, stderr } => {
                    ReplyProblem::Ended { asked, how, after, stderr: words(stderr) }
                }
                Silence::TooSlow { stderr } => {
                    let timeout = self.timeout.to_string();
                    ReplyProblem::TooSlow { asked, timeout, after, stderr: words(stderr) }
                }
                Silence::TooLong { beginning } => {
                    ReplyProblem::TooLong { asked, limit: self.longest, beginning }
                }
            },
        )?;
        Answer::read(asked, sent.id, line)
    }
}
