//! `habitue evaluate`

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use habitue_core::scenario::resolve_policy;
use habitue_eval::ope::from_log::{Outcome, find_estimators};
use habitue_run::{Control, DiskSources, Evaluation, Question};
use habitue_store::RunReader;

use super::{Session, print, print_json};
use crate::failure::{Exit, Failure};
use crate::progress::Display;
use crate::{interrupt, table};

/// Estimate from a run's log what another policy would have been worth
///
/// The run is driven again from its log, and the policy is asked with which probability it would have shown what was shown;
/// a learning policy learns from the log on the way. The logged policy must have explored: its propensities weigh what it
/// logged. The run must be finished. Every estimator stands with its interval over users and with what speaks against it; see
/// docs/evaluate.md.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// The run folder
    run: PathBuf,
    /// The target policy: a policy file, a kind such as `popularity`, or a table such as
    /// `{ kind = "random" }`
    #[arg(long, value_name = "POLICY")]
    policy: String,
    /// The arm whose log is used; needed if the arms have different policies
    #[arg(long, value_name = "NAME")]
    arm: Option<String>,
    /// What is estimated: session-reward, slate-reward, return-N-days, return-gap or return-gap-N-days
    #[arg(long, value_name = "TARGET", default_value = "session-reward")]
    target: String,
    /// The estimators, `all` or names as the table shows them; several with commas or repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "all")]
    estimator: Vec<String>,
    /// Count only the first session of each user: later ones start from what the logged policy left
    #[arg(long)]
    first: bool,
    /// Seed of the slates that the policy draws for reward models and of the bootstrap; the run's if absent
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Number of threads, one per core if absent; the result does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Print one JSON object with all numbers instead of a table
    #[arg(long, conflicts_with = "md")]
    json: bool,
    /// Print Markdown with the same numbers
    #[arg(long)]
    md: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

impl EvaluateArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let outcome: Outcome = self.target.parse().map_err(|error| {
            Failure::input(format!("--target: {error}"), "see docs/evaluate.md for what each of them means")
        })?;
        let estimators = find_estimators(outcome, &self.estimator).map_err(|(name, nearest)| {
            let known = find_estimators(outcome, &[]).unwrap_or_default().join(", ");
            let near = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
            Failure::input(
                format!("--estimator: no estimator of {outcome} is called \"{name}\"{near}"),
                format!("those of {outcome} are all, {known}"),
            )
        })?;
        let run = RunReader::open(&self.run)?;
        let sources = DiskSources::new().map_err(|error| Failure::file(Path::new("."), "look at", &error))?;
        let policy = resolve_policy(&self.policy, &run.scenario().slate.scale, &sources)?;
        let question = Question {
            policy: &policy,
            arm: self.arm.as_deref(),
            outcome,
            estimators: &estimators,
            first: self.first,
            seed: self.seed,
        };
        let stop = interrupt::flag(&session.terminal, "finishing the window")?;
        let mut display = Display::new(&session.terminal, None, self.quiet);
        let threads = self.threads.map(NonZeroUsize::get);
        let control = &mut Control { threads, stop: &stop, observer: &mut display };
        let evaluation = habitue_run::evaluate(&run, &question, control);
        drop(display);
        let Some(evaluation) = evaluation? else {
            session.terminal.say("interrupted: nothing has been estimated");
            return Ok(Exit::Interrupted);
        };
        if self.json {
            print_json(&evaluation)?;
        } else if self.md {
            print(&evaluation.markdown())?;
        } else {
            print(&Shown(&evaluation))?;
        }
        Ok(Exit::Done)
    }
}

/// An evaluation, for people.
struct Shown<'a>(&'a Evaluation);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.captions().iter().try_for_each(|caption| writeln!(f, "{caption}"))?;
        writeln!(f, "\n{}", table::aligned(&Evaluation::HEAD, 1, self.0.table()))?;
        self.0.notes().iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}
