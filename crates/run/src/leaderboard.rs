//! Leaderboards: every policy of a suite in every scenario with every seed, and what came of it side by side.
//!
//! Everything is kept in one folder: the suite as it was typed, the run folders, the result. A run that is finished is
//! not made again, one that was begun is resumed: the same call goes on wherever an earlier one ended, and gives the
//! same result.

mod figure;
mod markdown;
mod ranking;
mod student;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use habitue_core::scenario::{Scenario, Suite};
use habitue_store::{RunReader, RunStatus, StoreError, run_folder};
use serde::Serialize;

use crate::drive::{Control, Ending, Observer, Unobserved, resume, start};
use crate::error::RunError;
use crate::summary::{ArmSummary, summary_of};
pub use figure::Figure;
pub use ranking::{InScenario, Ranking, Standing};

/// What a suite has given.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Leaderboard {
    /// Name of the suite.
    pub name: String,
    /// Names of the scenarios, as in the suite.
    pub scenarios: Vec<String>,
    /// The seeds, as in the suite.
    pub seeds: Vec<u64>,
    /// By metric, as in the suite.
    pub rankings: Vec<Ranking>,
    /// The runs: by scenario, then policy, then seed.
    pub runs: Vec<SuiteRun>,
}

/// A run of a suite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuiteRun {
    /// The scenario's name in the suite.
    pub scenario: String,
    /// The policy's.
    pub policy: String,
    /// The seed.
    pub seed: u64,
    /// Name of the run folder.
    pub folder: String,
    /// Version of the program that finished the run.
    pub habitue: String,
    /// What came of it.
    pub summary: ArmSummary,
}

/// How a suite ended.
#[derive(Debug, Clone, PartialEq)]
pub enum SuiteEnding {
    /// All runs are finished, and the leaderboard is written.
    Finished(Box<Leaderboard>),
    /// It was asked to stop; the same call goes on.
    Interrupted {
        /// Runs that are finished.
        finished: usize,
        /// Runs of the suite.
        of: usize,
    },
}

/// How far a run of a suite had come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// It is new.
    Nothing,
    /// It was begun, and is resumed.
    Begun,
    /// It is finished, and is not made again.
    Finished,
}

/// Who is told how a suite goes.
pub trait SuiteObserver: Observer {
    /// The turn has come to a run: its number from 1, how many there are, its name, and how far it had come.
    fn run(&mut self, _number: usize, _of: usize, _name: &str, _before: Before) {}
}

impl SuiteObserver for Unobserved {}

/// How a suite is played. Nothing here changes the result.
pub struct SuiteControl<'a> {
    /// Number of threads; `None` takes one per core.
    pub threads: Option<usize>,
    /// Once true, the run at hand stops with a checkpoint, and the suite with it.
    pub stop: &'a AtomicBool,
    /// Who is told.
    pub observer: &'a mut dyn SuiteObserver,
}

/// The folder of a suite below `root`.
pub fn suite_folder(root: &Path, suite: &Suite) -> PathBuf {
    root.join(&suite.name)
}

/// Plays a suite and writes its leaderboard. In its folder, [`suite_folder`], stand `suite.toml` as it was typed, the run
/// folders below `runs/`, and at the end `leaderboard.json` and `leaderboard.md`.
///
/// All pairs of scenario and policy have their run with the first seed before the second begins, so that what does not
/// fit together shows early.
///
/// # Errors
/// [`RunError::InSuite`] if a run fails; what is finished is kept. Otherwise if the folder cannot be written.
pub fn play_suite(
    suite: &Suite,
    root: &Path,
    control: &mut SuiteControl<'_>,
) -> Result<SuiteEnding, RunError> {
    if root.exists() && !root.is_dir() {
        return Err(RunError::NotAFolder { path: root.to_path_buf() });
    }
    let folder = suite_folder(root, suite);
    let runs = folder.join("runs");
    fs::create_dir_all(&runs).map_err(|error| refused(&runs, "make", error))?;
    write(&folder.join("suite.toml"), &suite.text)?;
    let cells = cells(suite);
    let of = cells.len();
    let mut made = Vec::with_capacity(of);
    for (at, cell) in cells.iter().enumerate() {
        let inside = |source| RunError::InSuite { run: cell.run.name.clone(), source: Box::new(source) };
        made.extend(cell.play(&runs, at + 1, of, control).map_err(inside)?);
    }
    if made.len() < of {
        return Ok(SuiteEnding::Interrupted { finished: made.len(), of });
    }
    let board = Leaderboard::new(suite, made);
    write(&folder.join("leaderboard.json"), &board.json())?;
    write(&folder.join("leaderboard.md"), &board.markdown())?;
    Ok(SuiteEnding::Finished(Box::new(board)))
}

impl Leaderboard {
    /// The leaderboard of a suite from its runs, in whatever order they come.
    pub fn new(suite: &Suite, mut runs: Vec<SuiteRun>) -> Self {
        let scenarios: Vec<String> = suite.scenarios.iter().map(|(name, _)| name.clone()).collect();
        let policies: Vec<String> = suite.policies.iter().map(|(name, _)| name.clone()).collect();
        let position = |names: &[String], wanted: &str| names.iter().position(|name| name == wanted);
        runs.sort_by_key(|run| {
            let seed = suite.seeds.iter().position(|seed| *seed == run.seed);
            (position(&scenarios, &run.scenario), position(&policies, &run.policy), seed)
        });
        let rank = |metric| Ranking::new(suite, metric, &runs);
        let rankings = suite.metrics.iter().map(|metric| rank(*metric)).collect();
        Self { name: suite.name.clone(), scenarios, seeds: suite.seeds.clone(), rankings, runs }
    }

    /// Versions of the program that finished the runs; more than one are a reason for doubt.
    pub fn versions(&self) -> Vec<&str> {
        let mut versions: Vec<&str> = self.runs.iter().map(|run| run.habitue.as_str()).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    }

    /// What a reader must know before believing the rest, if there is anything.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let versions = self.versions();
        if versions.len() > 1 {
            warnings.push(format!(
                "The runs were made by different versions of Habitué ({}): remove those of the older one and play the \
                 suite again.",
                versions.join(", ")
            ));
        }
        if self.seeds.len() == 1 {
            warnings.push("With a single seed there are no intervals: differences may be luck.".to_owned());
        }
        for ranking in &self.rankings {
            let (name, blocks) = (ranking.metric.name(), ranking.blocks);
            if ranking.ranked < blocks {
                let left = blocks - ranking.ranked;
                warnings.push(format!(
                    "{name}: {left} of {blocks} comparisons (scenario and seed) are not ranked, because not every policy \
                     has a value there."
                ));
            }
        }
        warnings
    }

    fn json(&self) -> String {
        // Names, numbers and texts: nothing that could not be written as JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// A run to be made.
struct Cell {
    scenario: String,
    policy: String,
    run: Scenario,
}

/// All runs of a suite, in the order in which they are made.
fn cells(suite: &Suite) -> Vec<Cell> {
    let mut cells = Vec::new();
    for seed in &suite.seeds {
        for (scenario_at, (scenario, _)) in suite.scenarios.iter().enumerate() {
            for (policy_at, (policy, _)) in suite.policies.iter().enumerate() {
                let run = suite.run(scenario_at, policy_at, *seed);
                cells.extend(run.map(|run| Cell { scenario: scenario.clone(), policy: policy.clone(), run }));
            }
        }
    }
    cells
}

impl Cell {
    /// Makes the run as far as it is not made; `None` if the suite was asked to stop before its end.
    fn play(
        &self,
        runs: &Path,
        number: usize,
        of: usize,
        control: &mut SuiteControl<'_>,
    ) -> Result<Option<SuiteRun>, RunError> {
        let folder = run_folder(runs, &self.run)?;
        let before = match RunReader::open(&folder) {
            Ok(run) if run.status() == RunStatus::Finished => Before::Finished,
            Ok(_) => Before::Begun,
            Err(StoreError::NotARun { .. }) => Before::Nothing,
            Err(error) => return Err(error.into()),
        };
        if before != Before::Finished && control.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        control.observer.run(number, of, &self.run.name, before);
        let mut drive =
            Control { threads: control.threads, stop: control.stop, observer: &mut *control.observer };
        let outcome = match before {
            Before::Finished => None,
            Before::Begun => Some(resume(&folder, &mut drive)?),
            Before::Nothing => Some(start(&self.run, runs, &mut drive)?),
        };
        if outcome.is_some_and(|outcome| matches!(outcome.ending, Ending::Interrupted(_))) {
            return Ok(None);
        }
        self.read(&folder).map(Some)
    }

    /// What came of the finished run.
    fn read(&self, folder: &Path) -> Result<SuiteRun, RunError> {
        let run = RunReader::open(folder)?;
        let summary = summary_of(&run)?.arms.into_iter().find(|arm| arm.arm == self.policy);
        let (Some(manifest), Some(summary)) = (run.manifest(), summary) else {
            let problem = "it does not say what came of the policy's arm";
            let error = io::Error::new(io::ErrorKind::InvalidData, problem);
            return Err(refused(&folder.join("manifest.json"), "use", error));
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(SuiteRun {
            scenario: self.scenario.clone(),
            policy: self.policy.clone(),
            seed: self.run.seed,
            folder: name,
            habitue: manifest.habitue.clone(),
            summary,
        })
    }
}

fn write(path: &Path, text: &str) -> Result<(), RunError> {
    fs::write(path, text).map_err(|error| refused(path, "write", error))
}

fn refused(path: &Path, action: &'static str, source: io::Error) -> RunError {
    RunError::Io { path: path.to_path_buf(), action, source }
}

#[cfg(test)]
mod tests;
