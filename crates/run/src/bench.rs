//! How fast whole runs are: figures of `habitue bench`.

mod memory;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use habitue_core::scenario::{MemorySources, Problems, Scenario, Typed, resolve};
use serde::Serialize;

use crate::drive::{Control, Ending, Outcome, start};
use crate::error::RunError;

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchOptions {
    /// Numbers of users, each measured with and without logging.
    pub users: Vec<u32>,
    /// Simulated days.
    pub days: f64,
    /// Items in the catalogue, which is drawn.
    pub items: u32,
}

impl Default for BenchOptions {
    fn default() -> Self {
        Self { users: vec![10_000, 100_000, 1_000_000], days: 1.0, items: 10_000 }
    }
}

impl BenchOptions {
    /// Done in seconds: enough to see that everything works, too little for figures that mean something.
    pub fn quick() -> Self {
        Self { users: vec![200, 2_000], items: 1_000, ..Self::default() }
    }
}

/// Figures of all runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bench {
    /// The runs, in the order in which they were made.
    pub runs: Vec<Measured>,
    /// Whether it was stopped before all were made.
    pub interrupted: bool,
}

/// Figures of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Users.
    pub users: u32,
    /// Items.
    pub items: u32,
    /// Simulated days.
    pub days: f64,
    /// Threads.
    pub threads: usize,
    /// Whether everything was logged, with default settings.
    pub logged: bool,
    /// Turns.
    pub turns: u64,
    /// Real seconds from the start until the world was built and all users admitted.
    pub setup_seconds: f64,
    /// Real seconds from then to the end, the sealed log included.
    pub seconds: f64,
    /// Turns a second, set-up not counted.
    pub turns_per_second: f64,
    /// Microseconds a turn, set-up not counted.
    pub microseconds_per_turn: f64,
    /// The most memory the process held during the run; `None` where the system does not say.
    pub peak_memory_bytes: Option<u64>,
    /// Bytes of the table of turns on disk, a turn.
    pub bytes_per_turn: Option<f64>,
}

impl Bench {
    /// Time per turn of the largest run over that of the smallest, with or without logging.
    pub fn growth(&self, logged: bool) -> Option<f64> {
        let mut runs = self.runs.iter().filter(|run| run.logged == logged);
        let first = runs.next()?;
        let last = runs.next_back()?;
        Some(last.microseconds_per_turn / first.microseconds_per_turn)
    }
}

/// Runs worlds of growing size: slates of ten, `choice` users with default parameters, a popularity policy, windows of
/// an hour. Logs are written to the system's folder for temporary files and removed.
///
/// # Errors
/// If there are no users, items or days, or a run fails.
pub fn bench(options: &BenchOptions, control: &mut Control<'_>) -> Result<Bench, RunError> {
    let mut bench = Bench { runs: Vec::new(), interrupted: false };
    for users in &options.users {
        for logged in [false, true] {
            let scenario = scenario(options, *users, logged)?;
            match measure(&scenario, options, *users, control)? {
                Some(measured) => bench.runs.push(measured),
                None => return Ok(Bench { interrupted: true, ..bench }),
            }
        }
    }
    Ok(bench)
}

/// `None` if the run was stopped.
fn measure(
    scenario: &Scenario,
    options: &BenchOptions,
    users: u32,
    control: &mut Control<'_>,
) -> Result<Option<Measured>, RunError> {
    let folder = tempfile::tempdir().map_err(|source| RunError::Io {
        path: std::env::temp_dir(),
        action: "make a folder in",
        source,
    })?;
    memory::forget_peak();
    let started = Instant::now();
    let outcome = start(scenario, folder.path(), control)?;
    let total = started.elapsed();
    let peak_memory_bytes = memory::peak();
    if control.stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let turns: u64 = outcome.summary.arms.iter().map(|arm| arm.turns).sum();
    let seconds = outcome.wall.as_secs_f64();
    Ok(Some(Measured {
        users,
        items: options.items,
        days: options.days,
        threads: outcome.threads,
        logged: scenario.log.enabled,
        turns,
        setup_seconds: total.saturating_sub(outcome.wall).as_secs_f64(),
        seconds,
        turns_per_second: turns as f64 / seconds,
        microseconds_per_turn: 1e6 * seconds / turns as f64,
        peak_memory_bytes,
        bytes_per_turn: bytes_per_turn(&outcome, turns),
    }))
}

fn bytes_per_turn(outcome: &Outcome, turns: u64) -> Option<f64> {
    let Ending::Finished(Some(manifest)) = &outcome.ending else { return None };
    let table = manifest.tables.get(&habitue_store::Table::Turns)?;
    let bytes: u64 = table.files.iter().map(|file| file.bytes).sum();
    Some(bytes as f64 / turns as f64)
}

fn scenario(options: &BenchOptions, users: u32, logged: bool) -> Result<Scenario, RunError> {
    let BenchOptions { items, days, .. } = options;
    let seconds = days * 86_400.0;
    let text = format!(
        "name = \"bench\"\nseed = 1\nhorizon = \"{seconds:.0}s\"\n\
         [catalogue]\ngenerate = {{ items = {items}, categories = 20, category_skew = 0.8 }}\n\
         [[population]]\nname = \"user\"\nsize = {users}\npersonas = {{}}\n\
         [[arm]]\nname = \"popularity\"\npolicy = {{ kind = \"popularity\" }}\n\
         [log]\nenabled = {logged}\n"
    );
    let file = Path::new("/bench.toml");
    let typed = Typed { file, sets: &[], seed: None, data: None };
    resolve(&typed, &MemorySources::new().with(file, text)).map_err(|problems: Problems| {
        let first = problems.problems.first();
        RunError::Field {
            field: first.map(|problem| problem.path.clone()).unwrap_or_default(),
            value: first.and_then(|problem| problem.value.clone()).unwrap_or_default(),
            expected: first.and_then(|problem| problem.expected.clone()).unwrap_or_default(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::drive::Unobserved;

    fn measured(options: &BenchOptions, stop: bool) -> Result<Bench, RunError> {
        let stop = AtomicBool::new(stop);
        bench(options, &mut Control { threads: Some(2), stop: &stop, observer: &mut Unobserved })
    }

    #[test]
    fn every_size_is_measured_with_and_without_logging() {
        let options = BenchOptions { users: vec![20, 40], days: 0.5, items: 100 };
        let bench = measured(&options, false).unwrap();
        let [off, on, _, larger] = &bench.runs[..] else { panic!("{bench:?}") };
        assert_eq!((off.users, off.logged, on.users, on.logged), (20, false, 20, true));
        assert!(off.turns > 0 && off.turns == on.turns && larger.turns > on.turns);
        assert!(off.bytes_per_turn.is_none());
        assert!(on.bytes_per_turn.is_some_and(|bytes| bytes > 10.0));
        assert!((on.microseconds_per_turn * on.turns_per_second - 1e6).abs() < 1.0);
        let growth = larger.microseconds_per_turn / on.microseconds_per_turn;
        assert_eq!(bench.growth(true), Some(growth));
        if cfg!(target_os = "linux") {
            assert!(on.peak_memory_bytes.is_some_and(|bytes| bytes > 1 << 20));
        }
    }

    #[test]
    fn it_stops_when_asked_to_and_says_what_cannot_be_measured() {
        let options = BenchOptions { users: vec![20], days: 1.0, items: 100 };
        let bench = measured(&options, true).unwrap();
        assert!(bench.interrupted && bench.runs.is_empty());
        for (wrong, says) in [
            (BenchOptions { users: vec![0], ..options.clone() }, "size"),
            (BenchOptions { items: 0, ..options.clone() }, "items"),
            (BenchOptions { days: 0.0, ..options.clone() }, "horizon"),
        ] {
            let error = measured(&wrong, false).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
