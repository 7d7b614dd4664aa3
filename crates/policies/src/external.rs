//! Policies in another process: newline-delimited JSON on standard input and output.
//!
//! The protocol is written out for authors of policies in `policies/external_popularity.py`.

mod channel;
mod message;
mod process;
mod python;
mod reply;

use std::sync::{Mutex, MutexGuard, PoisonError};

use channel::Channel;
use habitue_core::scenario::policy::ExternalConfig;
use habitue_core::{Policy, PolicyError, Request, Slate, Streams, Turn, World};
use message::Message;
pub use reply::ReplyProblem;

use crate::zoo::Setting;

/// Version of the protocol, which both sides state in `hello`.
pub const PROTOCOL: u64 = 1;

/// Turns, or users with a history, in one message.
const CHUNK: usize = 1_000;

/// What a snapshot of an external policy starts with.
const KIND: &str = "external";

/// A policy that answers from another process.
pub(crate) struct External {
    name: String,
    batch: usize,
    exact: bool,
    channel: Mutex<Channel>,
    updates: u64,
}

impl External {
    /// Starts the process, greets it, and tells it what happened before the run.
    pub(crate) fn start(config: &ExternalConfig, setting: &Setting<'_>) -> Result<Self, String> {
        let mut channel = Channel::new(config, setting);
        let exact = channel.greet(setting).map_err(|problem| match (&config.python, &problem) {
            (Some(_), _) => format!("{problem}{}", python::hint(&problem)),
            (None, ReplyProblem::Start { .. }) => format!("{problem}; check `command`"),
            (None, _) => problem.to_string(),
        })?;
        Ok(Self {
            name: setting.name.to_owned(),
            batch: config.batch as usize,
            exact,
            channel: Mutex::new(channel),
            updates: 0,
        })
    }

    /// A thread that panicked while it held the channel has failed the run already; what it left is not asked again.
    fn channel(&self) -> MutexGuard<'_, Channel> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, problem: &dyn std::fmt::Display) -> PolicyError {
        PolicyError { policy: self.name.clone(), message: problem.to_string() }
    }
}

impl Policy for External {
    fn name(&self) -> &str {
        &self.name
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        streams: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        let mut slates = Vec::with_capacity(requests.len());
        for part in requests.chunks(self.batch) {
            let mut channel = self.channel();
            channel.tell_world(world).map_err(|problem| self.error(&problem))?;
            let message = Message::recommend(world, part, streams);
            let answer = channel.ask(&message).map_err(|problem| self.error(&problem))?;
            drop(channel);
            slates.extend(answer.slates(world, part).map_err(|problem| self.error(&problem))?);
        }
        Ok(slates)
    }

    fn exact_propensities(&self) -> bool {
        self.exact
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError> {
        for part in turns.chunks(CHUNK) {
            let told = self.channel().tell(&Message::observe(world, part));
            told.map_err(|problem| self.error(&problem))?;
        }
        self.updates += u64::from(!turns.is_empty());
        Ok(())
    }

    fn end_window(&mut self, world: &World<'_>, _streams: Streams) -> Result<(), PolicyError> {
        let mut channel = self.channel();
        channel
            .tell_world(world)
            .and_then(|()| channel.tell(&Message::EndWindow { time: world.now.0 }))
            .and_then(|()| channel.shorten_journal())
            .map_err(|problem| self.error(&problem))
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        let state = self.channel().snapshot().map_err(|problem| self.error(&problem))?;
        postcard::to_stdvec(&(KIND, self.updates, state.to_string())).map_err(|problem| self.error(&problem))
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError> {
        let damaged = |source: &dyn std::error::Error| {
            self.error(&format!("the bytes are not a snapshot of an external policy: {source}"))
        };
        let (kind, rest) = postcard::take_from_bytes::<&str>(snapshot).map_err(|source| damaged(&source))?;
        if kind != KIND {
            return Err(self.error(&format!("a snapshot of kind \"{kind}\", expected kind \"{KIND}\"")));
        }
        let (updates, state): (u64, String) =
            postcard::from_bytes(rest).map_err(|source| damaged(&source))?;
        let state = serde_json::from_str(&state).map_err(|source| damaged(&source))?;
        self.channel().restore(state).map_err(|problem| self.error(&problem))?;
        self.updates = updates;
        Ok(())
    }

    fn updates(&self) -> u64 {
        self.updates
    }
}
