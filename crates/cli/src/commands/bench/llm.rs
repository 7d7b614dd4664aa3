//! `habitue bench llm`

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::Ordering;

use clap::Args;
use habitue_llm::{
    DecisionSpeed, Overhead, Shape, SpeedOptions, SpeedReport, SpeedSubject, Throughput, Variation,
    measure_speed,
};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;

use crate::commands::model::{ComputeArgs, ModelArgs};
use crate::commands::{Session, print, print_json};
use crate::failure::{Exit, Failure};
use crate::progress::Stages;
use crate::{interrupt, table};

/// Measure how fast the decision engine is on this machine
///
/// Reading and writing in tokens a second; decisions a second of users who read 300 tokens that all share, a persona of
/// 150 and a slate of 250 with ten picks, for 5 turns; the same with the prefix cache, batching, picks and 8-bit numbers
/// switched off one after the other; the engine's own time a decision; how close 8 bits are to floats. Speed does not
/// depend on what the weights are: without a model they are random.
#[derive(Debug, Args)]
pub(crate) struct LlmBenchArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Random weights of this shape: smol135 (SmolLM2-135M) or qwen05 (Qwen2.5-0.5B)
    #[arg(long, value_name = "SHAPE", conflicts_with = "model", default_value_t = Shape::Smol135.to_string())]
    shape: String,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Users who decide; slow variations take fewer
    #[arg(long, value_name = "N", conflicts_with = "quick", default_value = "32")]
    users: NonZeroU32,
    /// Shows that everything works, gives no figures that mean something
    #[arg(long)]
    quick: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    version: &'static str,
    release_build: bool,
    #[serde(flatten)]
    speed: &'a SpeedReport,
}

impl LlmBenchArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let base = if self.quick {
            SpeedOptions::quick()
        } else {
            SpeedOptions { users: self.users.get(), ..SpeedOptions::default() }
        };
        let (precision, threads) = (self.compute.precision(), self.compute.threads());
        let options = SpeedOptions { device: self.compute.device(), precision, threads, ..base };
        let subject = match self.model.typed() {
            Some(typed) => SpeedSubject::from(self.model.open(typed, &session.terminal, self.quiet)?),
            None => SpeedSubject::from(self.shape.parse::<Shape>()?),
        };
        if cfg!(debug_assertions) {
            session.terminal.say("this is no release build: its figures are too low");
        }
        let stop = interrupt::flag(&session.terminal, "finishing the measurement")?;
        let stages = Stages::new(&session.terminal, self.quiet);
        let report = measure_speed(&subject, &options, &mut |stage| {
            stages.show(stage);
            !stop.load(Ordering::Relaxed)
        });
        drop(stages);
        let report = report?;
        if self.json {
            let release_build = !cfg!(debug_assertions);
            print_json(&Report { version: env!("CARGO_PKG_VERSION"), release_build, speed: &report })?;
        } else {
            print(&Figures(&report))?;
        }
        Ok(if report.interrupted { Exit::Interrupted } else { Exit::Done })
    }
}

/// The figures, for people.
struct Figures<'a>(&'a SpeedReport);

impl fmt::Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let threads = match report.threads {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        writeln!(
            f,
            "{}, {}, {threads}, {}: {} in memory, loaded in {:.2} s",
            report.model,
            report.precision,
            report.kernel,
            HumanBytes(report.model_bytes as u64),
            report.load_seconds
        )?;
        let rows = || {
            let named = |name| move |row: &Throughput| throughput(name, row);
            let prefill = report.prefill.iter().map(named("prefill"));
            prefill.chain(report.decode.iter().map(named("decode")))
        };
        if rows().next().is_some() {
            write!(f, "\n{}", table::aligned(&["tokens", "at once", "length", "tok/s"], 1, rows()))?;
        }
        if !report.decisions.is_empty() {
            let headings = [
                "decisions",
                "users",
                "turns",
                "decisions/s",
                "picks/s",
                "slower",
                "new",
                "cached",
                "written",
                "passes",
            ];
            let rows = report.decisions.iter().map(|run| decisions(report, run));
            write!(f, "\n{}", table::aligned(&headings, 1, rows))?;
            writeln!(
                f,
                "a decision is a slate with {} picks; tokens are those of one decision",
                report.workload.picks
            )?;
        }
        if let Some(closeness) = &report.closeness {
            writeln!(
                f,
                "\nint8 against f32: mean divergence {:.2e} nats, same most likely token at {} of {} positions",
                closeness.mean_divergence, closeness.same_top, closeness.positions
            )?;
        }
        if !report.overhead.is_empty() {
            let rows = report.overhead.iter().map(overhead);
            write!(f, "\n{}", table::aligned(&["overhead", "at once", "picks", "us/decision"], 1, rows))?;
        }
        Ok(())
    }
}

fn throughput(name: &str, row: &Throughput) -> Vec<String> {
    vec![name.to_owned(), row.at_once.to_string(), row.tokens.to_string(), rate(row.tokens_per_second)]
}

fn decisions(report: &SpeedReport, run: &DecisionSpeed) -> Vec<String> {
    let each = |tokens: u64| format!("{:.0}", tokens as f64 / run.decisions.max(1) as f64);
    let factor = match run.variation {
        Variation::Whole => None,
        variation => report.factor(variation),
    };
    vec![
        run.variation.name().to_owned(),
        HumanCount(run.users.into()).to_string(),
        report.workload.turns.to_string(),
        rate(run.decisions_per_second),
        rate(run.decisions_per_second * report.workload.picks as f64),
        factor.map_or_else(|| "-".to_owned(), |factor| format!("{factor:.1}x")),
        each(run.new_tokens),
        each(run.cached_tokens),
        each(run.generated_tokens),
        HumanCount(run.passes).to_string(),
    ]
}

fn overhead(row: &Overhead) -> Vec<String> {
    let decision = if row.picks == 0 { "one request" } else { "with picks" };
    vec![
        decision.to_owned(),
        row.at_once.to_string(),
        row.picks.to_string(),
        format!("{:.1}", row.microseconds),
    ]
}

/// A rate with the digits that mean something.
fn rate(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { HumanCount(value as u64).to_string() }
}
