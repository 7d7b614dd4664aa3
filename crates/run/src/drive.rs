//! From a scenario to a finished run: windows, log, checkpoints, interruption, resumption.

mod checkpoint;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use habitue_core::scenario::Scenario;
use habitue_core::{ArmId, SimTime, UserId};
use habitue_policies::OpenModels;
use habitue_sim::Simulation;
use habitue_store::{
    Manifest, RunReader, RunStatus, RunSummary, RunWriter, StoreError, UserEntry, run_folder,
};

use crate::build::{self, Zoo};
use crate::error::RunError;
use crate::play::{self, Play};
use crate::summary::{Summary, Tally};
use checkpoint::{Clock, Schedule};

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Simulated time played.
    pub now: SimTime,
    /// Simulated time at which the run ends.
    pub horizon: SimTime,
    /// Windows played.
    pub windows: u64,
    /// Turns, those before a resumption included.
    pub turns: u64,
    /// Sessions that ended, those before a resumption included.
    pub sessions: u64,
    /// Turns since this process took the run up.
    pub new_turns: u64,
    /// Real time since this process took the run up.
    pub elapsed: Duration,
}

/// Who is told how a run goes. Both methods do nothing unless they are overridden.
pub trait Observer: Send {
    /// The run folder is there.
    fn opened(&mut self, _folder: &Path) {}

    /// A window has been played. Called often: windows may be as short as a turn.
    fn progress(&mut self, _progress: &Progress) {}
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// How a run is driven. Nothing here changes what is logged.
pub struct Control<'a> {
    /// Number of threads; `None` takes one per core.
    pub threads: Option<usize>,
    /// Once true, the run stops at the end of the window it is in, with a checkpoint.
    pub stop: &'a AtomicBool,
    /// Who is told.
    pub observer: &'a mut dyn Observer,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// At its horizon. The manifest is there unless logging is off.
    Finished(Option<Box<Manifest>>),
    /// Before: it was asked to stop, made a checkpoint (unless logging is off) and can be resumed from there.
    Interrupted(SimTime),
}

/// What driving a run gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// The run folder; `None` with logging off.
    pub folder: Option<PathBuf>,
    /// What came of it so far.
    pub summary: Summary,
    /// Windows played, those before resumptions included.
    pub windows: u64,
    /// Real time, that before resumptions included.
    pub wall: Duration,
    /// Threads used by this process.
    pub threads: usize,
}

/// Runs a scenario to its horizon. The run folder is made inside `root` and named by [`habitue_store::run_folder`].
///
/// # Errors
/// If the scenario cannot be built, its run folder holds a run already, or something fails on the way; then the run can
/// be resumed from its last checkpoint.
pub fn start(scenario: &Scenario, root: &Path, control: &mut Control<'_>) -> Result<Outcome, RunError> {
    if scenario.log.enabled {
        // Before the work of building, not after it.
        refuse_another(scenario, root)?;
    }
    with_threads(control, |control| {
        from_the_start(scenario, || RunWriter::create(root, scenario), None, control)
    })
}

/// Runs a scenario in which a person takes a user's place. All others live as always; the person's turns are logged with
/// a decider of their own and without probabilities. The run is called `NAME-played`, so that it has a folder of its own,
/// and cannot be resumed: the log does not say what the person would have done.
///
/// # Errors
/// As [`start`], and if there is no such user or every user lives in every arm.
pub fn start_played(
    scenario: &Scenario,
    root: &Path,
    play: Play<'_>,
    control: &mut Control<'_>,
) -> Result<Outcome, RunError> {
    let scenario = &Scenario { name: format!("{}-played", scenario.name), ..scenario.clone() };
    if scenario.log.enabled {
        refuse_another(scenario, root)?;
    }
    with_threads(control, |control| {
        from_the_start(scenario, || RunWriter::create(root, scenario), Some(play), control)
    })
}

/// Resumes an interrupted run from its newest checkpoint, or from its start if it has none.
///
/// Items and users come from the run's own tables; without a checkpoint everything is built anew from the scenario.
///
/// # Errors
/// If the folder is no run, or a finished one, or damaged; otherwise as [`start`].
pub fn resume(folder: &Path, control: &mut Control<'_>) -> Result<Outcome, RunError> {
    play::refuse_played(folder)?;
    with_threads(control, |control| {
        let (writer, state) = RunWriter::resume(folder)?;
        let scenario = writer.scenario().clone();
        match state {
            None => from_the_start(&scenario, || Ok(writer), None, control),
            Some(state) => from_a_checkpoint(&scenario, writer, &state, control),
        }
    })
}

fn refuse_another(scenario: &Scenario, root: &Path) -> Result<(), RunError> {
    if root.exists() && !root.is_dir() {
        return Err(RunError::NotAFolder { path: root.to_path_buf() });
    }
    let folder = run_folder(root, scenario)?;
    match RunReader::open(&folder) {
        Ok(run) => Err(RunError::Exists { folder, finished: run.status() == RunStatus::Finished }),
        Err(StoreError::NotARun { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn with_threads<T: Send>(
    control: &mut Control<'_>,
    work: impl FnOnce(&mut Control<'_>) -> Result<T, RunError> + Send,
) -> Result<T, RunError> {
    let threads =
        control.threads.unwrap_or_else(|| available_parallelism().map_or(1, std::num::NonZero::get));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|source| RunError::Threads { threads, source })?;
    pool.install(|| work(control))
}

fn from_the_start(
    scenario: &Scenario,
    open: impl FnOnce() -> Result<RunWriter, StoreError>,
    play: Option<Play<'_>>,
    control: &mut Control<'_>,
) -> Result<Outcome, RunError> {
    let open_models = OpenModels::default();
    let (mut parts, held_out) = build::parts_and_held_out(scenario, &open_models)?;
    let played = play.map(|play| play.begin(scenario, &mut parts)).transpose()?;
    let friends = build::friends_to_keep(scenario, &parts);
    let populations = parts.populations.clone();
    let maker = Box::new(Zoo::new(scenario, held_out.clone(), open_models));
    let simulation = Simulation::new(scenario.clone(), parts, maker).map_err(RunError::Build)?;
    // Only now, so that a scenario that cannot be built leaves no folder behind.
    let log = if scenario.log.enabled {
        let mut writer = open()?;
        if let Some(friends) = friends {
            build::keep_friends(writer.folder(), &friends)?;
        }
        if build::held_out::is_wanted(scenario) {
            let (catalogue, personas) = (simulation.catalogue(), simulation.personas());
            build::held_out::keep(writer.folder(), &held_out, catalogue, personas)?;
        }
        if let Some(key) = &played {
            play::keep(writer.folder(), key)?;
        }
        let users = simulation.personas().iter().zip(populations).zip(0..);
        let users = users.map(|((persona, population), user)| {
            let user = UserId(user);
            UserEntry { user, arm: simulation.arm_of(user), population, persona }
        });
        writer.begin(simulation.catalogue(), users)?;
        Some(writer)
    } else {
        None
    };
    tracing::info!(
        name = scenario.name,
        seed = scenario.seed,
        users = simulation.personas().len(),
        items = simulation.catalogue().len(),
        arms = scenario.arms.len(),
        threads = rayon::current_num_threads(),
        version = env!("CARGO_PKG_VERSION"),
        "the run starts"
    );
    let tally = tally(scenario, &simulation);
    Drive::new(scenario, simulation, log, tally, Clock::default()).play(control)
}

fn from_a_checkpoint(
    scenario: &Scenario,
    writer: RunWriter,
    state: &[u8],
    control: &mut Control<'_>,
) -> Result<Outcome, RunError> {
    let folder = writer.folder().to_path_buf();
    let unusable = |problem: String| RunError::Checkpoint { folder: folder.clone(), problem };
    let (clock, counts, snapshot) = checkpoint::unpack(state).map_err(unusable)?;
    let reader = RunReader::open(&folder)?;
    let open_models = OpenModels::default();
    let models = build::models(scenario, &open_models)?;
    let parts = build::parts_of(&reader, reader.catalogue()?, models)?;
    drop(reader);
    let maker = Box::new(Zoo::of_run(&folder, scenario, &parts, open_models)?);
    let simulation = Simulation::restore(scenario.clone(), parts, maker, snapshot)?;
    let mut tally = tally(scenario, &simulation);
    if !tally.restore(counts) {
        return Err(unusable("its counters are those of another run".to_owned()));
    }
    let threads = rayon::current_num_threads();
    tracing::info!(time = %simulation.now(), threads, "the run goes on from a checkpoint");
    Drive::new(scenario, simulation, Some(writer), tally, clock).play(control)
}

fn tally(scenario: &Scenario, simulation: &Simulation) -> Tally {
    let users = 0..simulation.personas().len() as u32;
    Tally::new(scenario, users.map(|user| simulation.arm_of(UserId(user))))
}

/// A run on its way.
struct Drive<'a> {
    scenario: &'a Scenario,
    simulation: Simulation,
    /// `None` with logging off.
    log: Option<RunWriter>,
    tally: Tally,
    before: Clock,
    started: Instant,
    turns_before: u64,
    windows: u64,
}

impl<'a> Drive<'a> {
    fn new(
        scenario: &'a Scenario,
        simulation: Simulation,
        log: Option<RunWriter>,
        tally: Tally,
        before: Clock,
    ) -> Self {
        let turns_before = tally.progress().0;
        Self {
            scenario,
            simulation,
            log,
            windows: before.windows,
            tally,
            before,
            started: Instant::now(),
            turns_before,
        }
    }

    fn play(mut self, control: &mut Control<'_>) -> Result<Outcome, RunError> {
        if let Some(log) = &self.log {
            control.observer.opened(log.folder());
        }
        let mut schedule = Schedule::new(self.scenario.checkpoints);
        while let Some(rows) = self.simulation.advance()? {
            self.windows += 1;
            self.tally.window(&rows)?;
            if let Some(log) = &mut self.log {
                log.append(rows)?;
            }
            control.observer.progress(&self.progress());
            let stop = control.stop.load(Ordering::Relaxed);
            if schedule.window_ends() || stop {
                self.checkpoint()?;
                schedule.made();
            }
            if stop {
                let now = self.simulation.now();
                tracing::info!(time = %now, "the run was asked to stop");
                return Ok(self.outcome(Ending::Interrupted(now)));
            }
        }
        self.finish()
    }

    fn progress(&self) -> Progress {
        let (turns, sessions) = self.tally.progress();
        Progress {
            now: self.simulation.now(),
            horizon: SimTime::ZERO + self.scenario.horizon,
            windows: self.windows,
            turns,
            sessions,
            new_turns: turns - self.turns_before,
            elapsed: self.started.elapsed(),
        }
    }

    fn wall(&self) -> Duration {
        self.before.wall + self.started.elapsed()
    }

    fn checkpoint(&mut self) -> Result<(), RunError> {
        let clock = Clock { windows: self.windows, wall: self.wall() };
        let Some(log) = &mut self.log else { return Ok(()) };
        let snapshot = self.simulation.snapshot()?;
        let state = checkpoint::pack(&clock, self.tally.counts(), &snapshot)
            .map_err(|problem| RunError::Checkpoint { folder: log.folder().to_path_buf(), problem })?;
        drop(snapshot);
        log.save(&state)?;
        tracing::info!(time = %self.simulation.now(), bytes = state.len(), "checkpoint");
        Ok(())
    }

    fn finish(self) -> Result<Outcome, RunError> {
        let mut outcome = self.outcome(Ending::Finished(None));
        let mut details = outcome.details();
        details.extend(self.accounts());
        if let Some(log) = self.log {
            let manifest = log.finish(RunSummary { wall: outcome.wall, details })?;
            outcome.ending = Ending::Finished(Some(Box::new(manifest)));
            outcome.wall = self.before.wall + self.started.elapsed();
        }
        let seconds = outcome.wall.as_secs_f64();
        tracing::info!(windows = outcome.windows, seconds, "the run is finished");
        Ok(outcome)
    }

    /// What user models have to say for the manifest, by the names of their populations.
    fn accounts(&self) -> Option<(String, serde_json::Value)> {
        let models = self.scenario.populations.iter().zip(self.simulation.user_models());
        let accounts: serde_json::Map<String, serde_json::Value> = models
            .filter_map(|(population, model)| Some((population.name.clone(), model.account()?)))
            .collect();
        (!accounts.is_empty()).then(|| ("models".to_owned(), accounts.into()))
    }

    fn outcome(&self, ending: Ending) -> Outcome {
        let updates = self.simulation.policy_updates();
        let updates = |arm: ArmId| updates.get(arm.index()).map(|(_, updates)| *updates);
        Outcome {
            ending,
            folder: self.log.as_ref().map(|log| log.folder().to_path_buf()),
            summary: self.tally.summary(updates),
            windows: self.windows,
            wall: self.wall(),
            threads: rayon::current_num_threads(),
        }
    }
}

impl Outcome {
    /// What the manifest keeps of it.
    fn details(&self) -> BTreeMap<String, serde_json::Value> {
        let summary = serde_json::to_value(&self.summary).unwrap_or_default();
        [(Summary::DETAIL.to_owned(), summary), ("windows".to_owned(), self.windows.into())].into()
    }
}
