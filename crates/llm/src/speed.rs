//! How fast the engine is on this machine, each of its parts apart from the others.
//!
//! Speed does not depend on what the weights are, so a [`Shape`] with random weights will do where no model is at hand.
//! What is read is made up too: tokens drawn for each prompt, alike only where the workload says so.

mod closeness;
mod decisions;
mod estimate;
mod overhead;
mod shape;
mod throughput;

use std::time::Instant;

use habitue_core::{Purpose, Streams};
use rand::RngExt;
use serde::Serialize;

pub use closeness::Closeness;
pub use decisions::{DecisionSpeed, Variation, Workload};
pub use estimate::{SpeedEstimate, cache_bytes_per_token, estimate_speed, kernel_name, weight_bytes};
pub use overhead::Overhead;
pub use shape::Shape;
pub use throughput::Throughput;

use crate::config::ModelConfig;
use crate::engine::{Device, Engine, EngineOptions, Precision, Reply, Request, TokenSet, Wanted};
use crate::error::LlmError;
use crate::load::ModelFiles;
use crate::model::RandomWeights;
use crate::weights::Weights;

/// Seed of the weights of shapes and of all that is read.
const SEED: u64 = 1;

/// What is measured: a shape or a model.
pub struct SpeedSubject {
    /// As the report calls it.
    pub name: String,
    /// Its shape.
    pub config: ModelConfig,
    /// Its numbers.
    pub weights: Box<dyn Weights>,
}

impl From<Shape> for SpeedSubject {
    /// The shape with random weights.
    fn from(shape: Shape) -> Self {
        let config = shape.config();
        Self { name: shape.to_string(), weights: Box::new(RandomWeights::new(&config, SEED)), config }
    }
}

impl From<ModelFiles> for SpeedSubject {
    fn from(files: ModelFiles) -> Self {
        Self { name: files.id, config: files.config, weights: files.weights }
    }
}

/// How it is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeedOptions {
    /// Where it computes.
    pub device: Device,
    /// Number format.
    pub precision: Precision,
    /// Threads that compute; 0 takes all cores.
    pub threads: usize,
    /// Memory for cached keys and values, in bytes.
    pub cache_bytes: usize,
    /// Users of the workload.
    pub users: u32,
    /// What each of them reads and decides.
    pub workload: Workload,
    /// Tokens of a prompt where reading is measured, and positions that are compared for closeness.
    pub prompt: usize,
    /// Rounds of a measurement, of which the fastest counts.
    pub rounds: u32,
}

impl Default for SpeedOptions {
    /// 32 users, prompts of 512 tokens, 12 rounds, a cache of 1 GiB.
    fn default() -> Self {
        Self {
            device: Device::default(),
            precision: Precision::default(),
            threads: 0,
            cache_bytes: 1 << 30,
            users: 32,
            workload: Workload::default(),
            prompt: 512,
            rounds: 12,
        }
    }
}

impl SpeedOptions {
    /// Shows that everything works, and gives figures that mean little: 2 users, 1 turn, 2 rounds, prompts of 64 tokens.
    pub fn quick() -> Self {
        let workload = Workload { turns: 1, ..Workload::default() };
        Self { users: 2, workload, prompt: 64, rounds: 2, ..Self::default() }
    }
}

/// The measurement that comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeedStage {
    /// Its number, from 1.
    pub number: usize,
    /// Measurements in all.
    pub of: usize,
    /// What it is.
    pub name: String,
}

/// What was measured. Lists are in the order in which their entries were measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeedReport {
    /// The model or shape.
    pub model: String,
    /// Number format.
    pub precision: String,
    /// Threads that computed.
    pub threads: usize,
    /// The kernel that multiplied matrices.
    pub kernel: String,
    /// Bytes of the weights in memory.
    pub model_bytes: usize,
    /// Seconds to read or draw the weights and pack them.
    pub load_seconds: f64,
    /// Reading, by number of prompts at once.
    pub prefill: Vec<Throughput>,
    /// Writing, the whole vocabulary's logits at every step, by number of texts at once.
    pub decode: Vec<Throughput>,
    /// The workload, whole and with one thing after the other switched off.
    pub decisions: Vec<DecisionSpeed>,
    /// The workload that `decisions` is about, with as many turns as the model's context holds.
    pub workload: Workload,
    /// How close 8-bit numbers are to floats.
    pub closeness: Option<Closeness>,
    /// Time of a decision that is not the model's.
    pub overhead: Vec<Overhead>,
    /// Whether it was stopped before all was measured.
    pub interrupted: bool,
}

impl SpeedReport {
    /// How many times faster the whole is than the whole without one thing: decisions per second over decisions per
    /// second.
    pub fn factor(&self, without: Variation) -> Option<f64> {
        let rate = |variation| {
            let run = self.decisions.iter().find(|run| run.variation == variation)?;
            Some(run.decisions_per_second)
        };
        Some(rate(Variation::Whole)? / rate(without)?)
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Load,
    Prefill(u32),
    Decode(u32),
    Decisions(Variation),
    /// Leaves the engine of the other precision behind.
    Closeness,
    Overhead,
}

impl Step {
    fn name(self) -> String {
        match self {
            Self::Load => "loading".to_owned(),
            Self::Prefill(at_once) => format!("prefill, {at_once} at once"),
            Self::Decode(at_once) => format!("decode, {at_once} at once"),
            Self::Decisions(variation) => format!("decisions, {}", variation.name()),
            Self::Closeness => "closeness of int8 to f32".to_owned(),
            Self::Overhead => "overhead".to_owned(),
        }
    }

    /// In the order that loads each precision once and holds no two models at the same time.
    fn all(precision: Precision) -> Vec<Self> {
        let mut steps = vec![Self::Load, Self::Prefill(1), Self::Prefill(4)];
        steps.extend([1, 8, 32].map(Self::Decode));
        steps.extend(
            Variation::ALL.into_iter().filter(|it| *it != Variation::FloatKernel).map(Self::Decisions),
        );
        steps.push(Self::Closeness);
        if precision == Precision::Int8 {
            steps.push(Self::Decisions(Variation::FloatKernel));
        }
        steps.push(Self::Overhead);
        steps
    }
}

/// Measures a model or shape; takes minutes. `watch` is told what comes next and says whether to go on.
///
/// # Errors
/// If the model cannot be loaded, a number of the options is 0, or the model's context is too short for one turn of the
/// workload.
pub fn measure_speed(
    subject: &SpeedSubject,
    options: &SpeedOptions,
    watch: &mut dyn FnMut(&SpeedStage) -> bool,
) -> Result<SpeedReport, LlmError> {
    options.check()?;
    let context = subject.config.context;
    let mut bench = Bench {
        subject,
        workload: options.workload.fitted(context)?,
        prompt: options.prompt.min(context),
        options,
        engine: None,
    };
    let mut report = SpeedReport {
        model: subject.name.clone(),
        precision: options.precision.to_string(),
        threads: match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        },
        kernel: String::new(),
        model_bytes: 0,
        load_seconds: 0.0,
        prefill: Vec::new(),
        decode: Vec::new(),
        decisions: Vec::new(),
        workload: bench.workload.clone(),
        closeness: None,
        overhead: Vec::new(),
        interrupted: false,
    };
    let steps = Step::all(options.precision);
    let runtime = runtime()?;
    for (index, step) in steps.iter().enumerate() {
        let stage = SpeedStage { number: index + 1, of: steps.len(), name: step.name() };
        if !watch(&stage) {
            return Ok(SpeedReport { interrupted: true, ..report });
        }
        runtime.block_on(bench.step(*step, &mut report))?;
    }
    Ok(report)
}

impl SpeedOptions {
    fn check(&self) -> Result<(), LlmError> {
        let numbers = [
            ("users", self.users as usize),
            ("prompt", self.prompt),
            ("rounds", self.rounds as usize),
            ("workload.turns", self.workload.turns),
            ("workload.picks", self.workload.picks),
            ("workload.slate", self.workload.slate),
            ("workload.pick_tokens", self.workload.pick_tokens),
            ("workload.written", self.workload.written),
        ];
        match numbers.iter().find(|(_, number)| *number == 0) {
            None => Ok(()),
            Some((field, _)) => Err(LlmError::Configuration {
                field: (*field).to_owned(),
                value: "0".to_owned(),
                expected: "at least 1".to_owned(),
            }),
        }
    }
}

/// What the steps share.
struct Bench<'a> {
    subject: &'a SpeedSubject,
    options: &'a SpeedOptions,
    workload: Workload,
    /// Tokens of a prompt, as many as the context holds.
    prompt: usize,
    engine: Option<Engine>,
}

impl Bench<'_> {
    async fn step(&mut self, step: Step, report: &mut SpeedReport) -> Result<(), LlmError> {
        let vocabulary = self.subject.config.vocabulary;
        let rounds = self.options.rounds;
        match step {
            Step::Load => {
                let start = Instant::now();
                let engine = self.start(self.options.precision)?;
                report.load_seconds = start.elapsed().as_secs_f64();
                engine.kernel().clone_into(&mut report.kernel);
                report.model_bytes = engine.model_bytes();
                self.engine = Some(engine);
            }
            Step::Prefill(at_once) => {
                let prompt = self.prompt;
                let measured =
                    throughput::prefill(self.engine()?, vocabulary, prompt, at_once, rounds).await?;
                report.prefill.push(measured);
            }
            Step::Decode(at_once) => {
                // One token is little: more rounds cost nothing.
                let (start, steps) = (self.prompt / 4, 4 * rounds);
                let measured = throughput::decode(self.engine()?, vocabulary, start, at_once, steps).await?;
                report.decode.push(measured);
            }
            Step::Decisions(variation) => {
                let users = variation.users(self.options.users);
                let engine = self.engine()?;
                let measured =
                    decisions::decide(engine, vocabulary, &self.workload, users, variation).await?;
                report.decisions.push(measured);
            }
            Step::Closeness => report.closeness = Some(self.closeness().await?),
            Step::Overhead => {
                self.engine = None;
                report.overhead = overhead::measure(rounds).await?;
            }
        }
        Ok(())
    }

    fn start(&self, precision: Precision) -> Result<Engine, LlmError> {
        let options = EngineOptions {
            device: self.options.device,
            precision,
            threads: self.options.threads,
            cache_bytes: self.options.cache_bytes,
            ..EngineOptions::default()
        };
        Engine::start(self.subject.config.clone(), self.subject.weights.as_ref(), options)
    }

    fn engine(&self) -> Result<&Engine, LlmError> {
        self.engine.as_ref().ok_or_else(|| LlmError::Stopped("no model is loaded".to_owned()))
    }

    async fn closeness(&mut self) -> Result<Closeness, LlmError> {
        let tokens = text(self.prompt / 2, 0, self.subject.config.vocabulary);
        let before = closeness::logits(self.engine()?, tokens.clone()).await?;
        self.engine = None;
        let float = self.options.precision == Precision::F32;
        let other = if float { Precision::Int8 } else { Precision::F32 };
        self.engine = Some(self.start(other)?);
        let after = closeness::logits(self.engine()?, tokens).await?;
        let (exact, found) = if float { (&before, &after) } else { (&after, &before) };
        Ok(Closeness::of(exact, found))
    }
}

/// An executor for one measurement.
fn runtime() -> Result<tokio::runtime::Runtime, LlmError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| LlmError::Stopped(format!("its executor cannot be started: {error}")))
}

/// A precision as it is typed.
/// Tokens to read, others for every seed.
fn text(length: usize, seed: u64, vocabulary: usize) -> Vec<u32> {
    let mut stream = Streams::new(SEED).stream(Purpose::Message, seed, 0);
    (0..length).map(|_| stream.random_range(0..vocabulary as u32)).collect()
}

/// A request for logits after the last token.
fn last(tokens: Vec<u32>, wanted: TokenSet) -> Request {
    let wanted = vec![Wanted { position: tokens.len().saturating_sub(1), tokens: wanted }];
    Request { tokens, wanted, branches: Vec::new() }
}

/// A few tokens, as the options of a choice begin with.
fn few() -> TokenSet {
    TokenSet::Only(vec![0, 1, 2])
}

/// Sends requests together and waits for all.
async fn together(engine: &Engine, requests: Vec<Request>) -> Result<Vec<Reply>, LlmError> {
    let send = |request| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(request).await })
    };
    let tasks: Vec<_> = requests.into_iter().map(send).collect();
    let mut replies = Vec::with_capacity(tasks.len());
    for task in tasks {
        replies.push(joined(task.await)?);
    }
    Ok(replies)
}

/// What a task of ours gave.
fn joined<T>(ended: Result<Result<T, LlmError>, tokio::task::JoinError>) -> Result<T, LlmError> {
    ended.unwrap_or_else(|error| Err(LlmError::Stopped(format!("a measurement was not finished: {error}"))))
}

/// The token with the highest logit, the first of several.
fn top(logits: &[f32]) -> u32 {
    let best =
        (0..logits.len()).fold(0, |best, token| if logits[token] > logits[best] { token } else { best });
    best as u32
}

#[cfg(test)]
mod tests;
