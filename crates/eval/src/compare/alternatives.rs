//! What is compared: the arms of the runs, with the lives of their users.

use std::collections::BTreeSet;
use std::path::PathBuf;

use habitue_core::scenario::nearest;
use habitue_core::{ArmId, UserId};
use habitue_store::{RunReader, RunStatus};

use super::Alternative;
use super::error::CompareError;
use crate::report::number::days;
use crate::report::read::clock;
use crate::report::roster::Roster;
use crate::retention::{Clock, Life};

/// Users below which an alternative says little.
const FEW: usize = 30;

/// An arm with its users, in their order.
pub(super) struct Arm {
    pub(super) facts: Alternative,
    /// The run's place.
    pub(super) run: usize,
    pub(super) users: Vec<UserId>,
    pub(super) lives: Vec<Life>,
}

/// All arms of all runs, as far as all of them were observed.
pub(super) struct Alternatives {
    pub(super) all: Vec<Arm>,
    pub(super) clock: Clock,
    /// Whether what lies after the clock's end is left out.
    cut: bool,
}

pub(super) fn folder(run: &RunReader) -> String {
    run.folder().display().to_string()
}

pub(super) fn read(runs: &[RunReader]) -> Result<Alternatives, CompareError> {
    let first = runs.first().ok_or(CompareError::NoRun)?;
    once(runs)?;
    if let ([run], [arm]) = (runs, &first.scenario().arms[..]) {
        return Err(CompareError::Alone { run: folder(run), arm: arm.name.clone() });
    }
    let wrong = |run: &RunReader| {
        let run = folder(run);
        move |source| CompareError::Rows { run, source }
    };
    let clocks: Vec<Clock> =
        runs.iter().map(|run| clock(run).map_err(wrong(run))).collect::<Result<_, _>>()?;
    let cut = runs.iter().any(|run| run.status() != RunStatus::Finished);
    let end = clocks.iter().map(|clock| clock.end()).min().unwrap_or_default();
    let mut alternatives = Alternatives { all: Vec::new(), clock: Clock::new(end), cut };
    for (at, (run, names)) in runs.iter().zip(names(runs)).enumerate() {
        let roster = Roster::read(run).map_err(wrong(run))?;
        let mut lives = vec![Life::default(); roster.lives()];
        for session in run.sessions() {
            let session = session?;
            let life = roster.life(session.arm, session.user).map_err(wrong(run))?;
            if !cut || session.end <= end {
                lives[life].visit(&(&session).into(), alternatives.clock);
            }
        }
        let mut arms: Vec<Arm> =
            names.into_iter().enumerate().map(|(arm, name)| empty(run, at, arm, name)).collect();
        for (at, life) in lives.into_iter().enumerate() {
            let (ArmId(arm), user) = roster.of(at);
            arms[usize::from(arm)].users.push(user);
            arms[usize::from(arm)].lives.push(life);
        }
        for mut arm in arms {
            arm.facts.users = arm.users.len() as u64;
            arm.check()?;
            alternatives.all.push(arm);
        }
    }
    Ok(alternatives)
}

fn empty(run: &RunReader, at: usize, arm: usize, name: String) -> Arm {
    let scenario = run.scenario();
    let facts = Alternative {
        name,
        run: folder(run),
        arm: scenario.arms[arm].name.clone(),
        policy: scenario.arms[arm].policy.config.kind().to_owned(),
        seed: scenario.seed,
        status: run.status(),
        users: 0,
    };
    Arm { facts, run: at, users: Vec::new(), lives: Vec::new() }
}

impl Arm {
    fn check(&self) -> Result<(), CompareError> {
        let what = if self.users.is_empty() {
            "there are no users"
        } else if self.lives.iter().all(|life| !life.came()) {
            "no session has ended"
        } else {
            return Ok(());
        };
        Err(CompareError::Empty { run: self.facts.run.clone(), arm: self.facts.arm.clone(), what })
    }

    /// The name and the number of those who came, if they are few.
    fn few(&self) -> Option<String> {
        let came = self.lives.iter().filter(|life| life.came()).count();
        (came < FEW).then(|| format!("\"{}\" ({came})", self.facts.name))
    }
}

fn once(runs: &[RunReader]) -> Result<(), CompareError> {
    let mut known: BTreeSet<PathBuf> = BTreeSet::new();
    for run in runs {
        let real = std::fs::canonicalize(run.folder()).unwrap_or_else(|_| run.folder().to_path_buf());
        if !known.insert(real) {
            return Err(CompareError::Twice { run: folder(run) });
        }
    }
    Ok(())
}

/// The shortest names that tell all arms apart, by run.
fn names(runs: &[RunReader]) -> Vec<Vec<String>> {
    let arms = |run: &RunReader| run.scenario().arms.iter().map(|arm| arm.name.clone()).collect::<Vec<_>>();
    if let [run] = runs {
        return vec![arms(run)];
    }
    let titles: Vec<String> = runs.iter().map(|run| run.scenario().name.clone()).collect();
    let folders: Vec<String> = runs
        .iter()
        .map(|run| {
            run.folder().file_name().map_or_else(|| folder(run), |name| name.to_string_lossy().into_owned())
        })
        .collect();
    let paths: Vec<String> = runs.iter().map(folder).collect();
    let distinct = |names: &[String]| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    let labels = [titles, folders].into_iter().find(|names| distinct(names)).unwrap_or(paths);
    let single = runs.iter().all(|run| run.scenario().arms.len() == 1);
    let name = |(run, label): (&RunReader, String)| {
        if single { vec![label] } else { arms(run).iter().map(|arm| format!("{label}/{arm}")).collect() }
    };
    runs.iter().zip(labels).map(name).collect()
}

/// The place of the alternative of this name; the first without one.
pub(super) fn find(arms: &[Arm], name: Option<&str>) -> Result<usize, CompareError> {
    let Some(name) = name else { return Ok(0) };
    arms.iter().position(|arm| arm.facts.name == name).ok_or_else(|| {
        let known = || arms.iter().map(|arm| arm.facts.name.as_str());
        let quoted: Vec<String> = known().map(|name| format!("\"{name}\"")).collect();
        CompareError::Baseline {
            name: name.to_owned(),
            nearest: nearest(name, known()),
            known: quoted.join(", "),
        }
    })
}

impl Alternatives {
    /// What was looked at too early, and where few were looked at.
    pub(super) fn warnings(&self, runs: &[RunReader]) -> Vec<String> {
        let mut warnings = Vec::new();
        for run in runs.iter().filter(|run| run.status() != RunStatus::Finished) {
            warnings.push(format!(
                "{} is not finished. P-values and intervals hold for one look, at the end that was planned: who looks again and \
                 again and stops when a p-value is small will find differences that are not there.",
                folder(run)
            ));
            if run.status() == RunStatus::Partial {
                warnings.push(format!(
                    "{} has no checkpoint: what is compared is what was sealed so far.",
                    folder(run)
                ));
            }
        }
        if self.cut {
            let all = runs.first().map_or(0.0, |run| run.scenario().horizon.days());
            warnings.push(format!(
                "What is compared ends at {} of {}, as far as all runs have come.",
                days(self.clock.end().days()),
                days(all)
            ));
        }
        let few: Vec<String> = self.all.iter().filter_map(Arm::few).collect();
        if !few.is_empty() {
            warnings.push(format!(
                "Few users came to {}: intervals and p-values from so few are rough.",
                few.join(", ")
            ));
        }
        warnings
    }
}
