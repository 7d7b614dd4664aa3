//! Decisions per second on what users of a simulation do, and what each part of the engine brings.

use std::time::Instant;

use serde::Serialize;

use super::{joined, text, top};
use crate::engine::{Branch, Engine, Reply, Request, TokenSet, Wanted};
use crate::error::LlmError;

/// What a user reads and decides. Each turn appends a slate to what was read before; a decision is a slate with all its
/// picks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Workload {
    /// Tokens that all users read first.
    pub shared: usize,
    /// Tokens of a persona.
    pub persona: usize,
    /// Tokens of a slate.
    pub slate: usize,
    /// Picks on a slate, each among three options.
    pub picks: usize,
    /// Tokens between the slate and a pick: which item it is about.
    pub pick_tokens: usize,
    /// Turns of a user.
    pub turns: usize,
    /// Tokens of a decision that is written out, as JSON has it.
    pub written: usize,
}

impl Default for Workload {
    /// 300 tokens shared, a persona of 150, slates of 250 with 10 picks, 5 turns; 60 tokens written.
    fn default() -> Self {
        Self { shared: 300, persona: 150, slate: 250, picks: 10, pick_tokens: 3, turns: 5, written: 60 }
    }
}

impl Workload {
    /// Tokens of the prompt of a turn, counted from 0.
    pub fn prompt(&self, turn: usize) -> usize {
        self.shared + self.persona + (turn + 1) * self.slate
    }

    /// The same with as many turns as a context holds.
    ///
    /// # Errors
    /// If it does not hold one.
    pub fn fitted(&self, context: usize) -> Result<Self, LlmError> {
        let answer = self.written.max(self.pick_tokens);
        let fits = |turn: &usize| self.prompt(*turn) + answer <= context;
        match (0..self.turns).take_while(fits).count() {
            0 => Err(LlmError::Configuration {
                field: "the model's context".to_owned(),
                value: context.to_string(),
                expected: format!(
                    "at least {} positions, for one turn of the workload",
                    self.prompt(0) + answer
                ),
            }),
            turns => Ok(Self { turns, ..self.clone() }),
        }
    }
}

/// What is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variation {
    /// Nothing.
    Whole,
    /// No user begins as another one or as itself before: every prompt is read in full.
    NoPrefixCache,
    /// One request after the other.
    NoBatching,
    /// Every decision is written token by token, with the logits of the whole vocabulary, instead of picked.
    WrittenPicks,
    /// All three: what a loop over prompts does.
    PromptLoop,
    /// 32-bit floats in place of 8 bits.
    FloatKernel,
}

impl Variation {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Whole,
        Self::NoBatching,
        Self::NoPrefixCache,
        Self::WrittenPicks,
        Self::PromptLoop,
        Self::FloatKernel,
    ];

    /// What it is, in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole engine",
            Self::NoPrefixCache => "without prefix cache",
            Self::NoBatching => "without batching",
            Self::WrittenPicks => "picks written as JSON",
            Self::PromptLoop => "without all three",
            Self::FloatKernel => "f32 instead of int8",
        }
    }

    pub(super) const fn cached(self) -> bool {
        !matches!(self, Self::NoPrefixCache | Self::PromptLoop)
    }

    pub(super) const fn batched(self) -> bool {
        !matches!(self, Self::NoBatching | Self::PromptLoop)
    }

    pub(super) const fn written(self) -> bool {
        matches!(self, Self::WrittenPicks | Self::PromptLoop)
    }

    /// Users who are enough to measure it: what is slow needs fewer for the same time.
    pub(super) const fn users(self, users: u32) -> u32 {
        match self {
            Self::Whole | Self::WrittenPicks => users,
            Self::NoPrefixCache | Self::NoBatching | Self::FloatKernel => users.div_ceil(4),
            Self::PromptLoop => users.div_ceil(16),
        }
    }
}

/// Decisions per second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionSpeed {
    /// What was switched off.
    pub variation: Variation,
    /// Users.
    pub users: u32,
    /// Slates decided on.
    pub decisions: u64,
    /// Picks on them.
    pub picks: u64,
    /// Prompt tokens that were computed.
    pub new_tokens: u64,
    /// Prompt tokens that the cache knew.
    pub cached_tokens: u64,
    /// Tokens written.
    pub generated_tokens: u64,
    /// Forward passes.
    pub passes: u64,
    /// Seconds in all.
    pub seconds: f64,
    /// Decisions over seconds.
    pub decisions_per_second: f64,
}

/// Tokens of a user's decisions.
#[derive(Debug, Clone, Copy, Default)]
struct Tokens {
    new: u64,
    cached: u64,
    generated: u64,
}

impl Tokens {
    fn count(&mut self, reply: &Reply) {
        self.new += reply.new_tokens as u64;
        self.cached += reply.cached_tokens as u64;
    }

    fn add(&mut self, other: Self) {
        self.new += other.new;
        self.cached += other.cached;
        self.generated += other.generated;
    }
}

/// Plays the workload.
pub(super) async fn decide(
    engine: &Engine,
    vocabulary: usize,
    workload: &Workload,
    users: u32,
    variation: Variation,
) -> Result<DecisionSpeed, LlmError> {
    let passes = engine.statistics().passes;
    let session = |user: u32| {
        Session { engine: engine.clone(), vocabulary, workload: workload.clone(), variation, user }.play()
    };
    let mut tokens = Tokens::default();
    let start = Instant::now();
    if variation.batched() {
        let tasks: Vec<_> = (0..users).map(|user| tokio::spawn(session(user))).collect();
        for task in tasks {
            tokens.add(joined(task.await)?);
        }
    } else {
        for user in 0..users {
            tokens.add(session(user).await?);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let decisions = u64::from(users) * workload.turns as u64;
    Ok(DecisionSpeed {
        variation,
        users,
        decisions,
        picks: decisions * workload.picks as u64,
        new_tokens: tokens.new,
        cached_tokens: tokens.cached,
        generated_tokens: tokens.generated,
        passes: engine.statistics().passes - passes,
        seconds,
        decisions_per_second: decisions as f64 / seconds.max(1e-9),
    })
}

/// A user's turns, one after the other.
struct Session {
    engine: Engine,
    vocabulary: usize,
    workload: Workload,
    variation: Variation,
    user: u32,
}

impl Session {
    async fn play(self) -> Result<Tokens, LlmError> {
        let mut tokens = Tokens::default();
        for turn in 0..self.workload.turns {
            let page = self.page(turn as u64);
            if self.variation.written() {
                self.write(page, &mut tokens).await?;
            } else {
                let branches = (0..self.workload.picks as u64).map(|pick| self.pick(pick)).collect();
                let reply =
                    self.engine.submit(Request { tokens: page, wanted: Vec::new(), branches }).await?;
                tokens.count(&reply);
            }
        }
        Ok(tokens)
    }

    /// A text that no other part, user or variation reads.
    fn text(&self, length: usize, part: u64, number: u64) -> Vec<u32> {
        let seed = 1 << 61 | (self.variation as u64) << 56 | part << 52 | number;
        text(length, seed, self.vocabulary)
    }

    fn page(&self, turn: u64) -> Vec<u32> {
        let (workload, user) = (&self.workload, u64::from(self.user));
        let page = user << 20 | turn;
        // Without the cache nothing begins alike, not even a user's own next page.
        let (shared, persona) = if self.variation.cached() { (0, user) } else { (page, page) };
        let mut tokens = self.text(workload.shared, 1, shared);
        tokens.extend(self.text(workload.persona, 2, persona));
        for shown in 0..=turn {
            tokens.extend(self.text(workload.slate, 3, user << 20 | shown));
        }
        tokens
    }

    fn pick(&self, pick: u64) -> Branch {
        let tokens = self.text(self.workload.pick_tokens, 4, pick);
        let wanted = vec![Wanted { position: tokens.len() - 1, tokens: super::few() }];
        Branch { tokens, wanted }
    }

    async fn write(&self, mut page: Vec<u32>, tokens: &mut Tokens) -> Result<(), LlmError> {
        for _ in 0..self.workload.written {
            let reply = self.engine.submit(super::last(page.clone(), TokenSet::All)).await?;
            tokens.count(&reply);
            tokens.generated += 1;
            page.push(top(&reply.logits[0]));
        }
        Ok(())
    }
}
