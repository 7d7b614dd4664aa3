//! A small town: scenarios for the tests of this crate, and what is done with them.
#![allow(dead_code, clippy::unwrap_used, reason = "every test file uses a part, and may fail")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use habitue_core::scenario::{MemorySources, Scenario, Typed, resolve};
use habitue_core::{SessionRecord, Turn, WindowRows};
use habitue_run::{Control, Observer, Outcome, Progress, RunError, Unobserved};
use habitue_store::{RunReader, RunSummary, RunWriter, Table, UserEntry};

pub(crate) const TOWN: &str = r#"
name = "town"
seed = 11
horizon = "9d"
window = "2h"

[catalogue]
generate = { items = 120, categories = 6, category_skew = 0.7, creators = 8, published_later = 0.1 }

[[population]]
name = "casual"
size = 30
personas = {}

[[population]]
name = "keen"
size = 10
personas = {}

[social]
graph = { kind = "random", mean_degree = 3.0 }

[slate]
size = 4

[reward]
click = 1.0
like = 2.0
return_within = { days = 1, value = 0.5 }

[[arm]]
name = "popular"
policy = { kind = "popularity", explore = { kind = "plackett-luce", temperature = 0.5 } }

[[arm]]
name = "mf"
policy = { kind = "bpr-mf", factors = 4, epochs = 2, explore = { kind = "epsilon", epsilon = 0.2 } }
"#;

/// Everything that can be done to a world.
pub(crate) const UPHEAVAL: &str = r#"
[[intervention]]
at = "1d"
kind = "add-items"
items = [{ id = "new-1", title = "New", categories = ["category-1", "gardening"], creator = "newcomer" }]

[[intervention]]
at = "2d"
kind = "remove-items"
items = ["item-3", "item-4"]

[[intervention]]
at = "3d"
kind = "creator-post"
creator = "creator-2"
item = { id = "post-1", title = "Post", categories = ["category-0"] }

[[intervention]]
at = "4d"
kind = "swap-policy"
arm = "mf"
policy = { kind = "linucb", explore = { kind = "epsilon", epsilon = 0.1 } }

[[intervention]]
at = "5d 12h"
kind = "outage"
duration = "6h"
arm = "popular"

[[intervention]]
at = "6d"
kind = "need-shock"
category = "category-2"
share = 0.5

[[intervention]]
at = "7d"
kind = "edit-persona"
users = ["casual-1", "keen-2"]
interests = { category-5 = 1.0 }
"#;

/// The scenario of a text, with values set as on the command line.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let typed = Typed { file: Path::new("/town.toml"), sets: &sets, seed: None, data: None };
    resolve(&typed, &MemorySources::new().with("/town.toml", text))
        .unwrap_or_else(|problems| panic!("{}", problems.render()))
}

/// The town in another design, window, ...
pub(crate) fn town(sets: &[&str]) -> Scenario {
    scenario(TOWN, sets)
}

/// The town with the example of a policy in another process in its first arm; `None` where there is no Python.
pub(crate) fn with_a_process() -> Option<Scenario> {
    let there = std::process::Command::new("python3").arg("--version").output().is_ok();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/external_popularity.py");
    let script = script.canonicalize().unwrap().display().to_string();
    let policy = format!("arm.0.policy={{ kind = \"external\", command = [\"python3\", {script:?}] }}");
    there.then(|| town(&[&policy, "horizon=\"2d\""]))
}

/// Runs to the end on two threads.
pub(crate) fn run(scenario: &Scenario, root: &Path) -> Outcome {
    try_run(scenario, root).unwrap()
}

pub(crate) fn try_run(scenario: &Scenario, root: &Path) -> Result<Outcome, RunError> {
    drive(2, |control| habitue_run::start(scenario, root, control))
}

pub(crate) fn drive<T>(
    threads: usize,
    go: impl FnOnce(&mut Control<'_>) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let stop = AtomicBool::new(false);
    go(&mut Control { threads: Some(threads), stop: &stop, observer: &mut Unobserved })
}

/// Asks a run to stop after so many windows of this process.
pub(crate) struct StopAfter<'a> {
    pub(crate) windows: u64,
    pub(crate) stop: &'a AtomicBool,
}

impl Observer for StopAfter<'_> {
    fn progress(&mut self, _: &Progress) {
        self.windows -= 1;
        if self.windows == 0 {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Drives until it is asked to stop after so many windows.
pub(crate) fn interrupted(
    windows: u64,
    go: impl FnOnce(&mut Control<'_>) -> Result<Outcome, RunError>,
) -> Result<Outcome, RunError> {
    let stop = AtomicBool::new(false);
    let mut observer = StopAfter { windows, stop: &stop };
    go(&mut Control { threads: Some(2), stop: &stop, observer: &mut observer })
}

/// The folder of an outcome.
pub(crate) fn folder(outcome: &Outcome) -> PathBuf {
    outcome.folder.clone().unwrap()
}

/// The bytes of all tables, by file.
pub(crate) fn tables(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for table in Table::ALL {
        for entry in std::fs::read_dir(run.join(table.name())).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(run).unwrap().display().to_string();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    files
}

/// Writes a run anew with some of its rows changed, as somebody would who knows how to make the checksums fit.
pub(crate) fn forged(
    run: &Path,
    root: &Path,
    turns: impl FnOnce(&mut Vec<Turn>),
    sessions: impl FnOnce(&mut Vec<SessionRecord>),
) -> PathBuf {
    let run = RunReader::open(run).unwrap();
    let mut writer = RunWriter::create(root, run.scenario()).unwrap();
    let users: Vec<_> = run.users().map(Result::unwrap).collect();
    let entries = users.iter().map(|row| UserEntry {
        user: row.user,
        arm: row.arm,
        population: row.population,
        persona: &row.persona,
    });
    writer.begin(&run.catalogue().unwrap(), entries).unwrap();
    let mut rows = WindowRows {
        turns: run.turns().map(Result::unwrap).collect(),
        sessions: run.sessions().map(Result::unwrap).collect(),
        ..WindowRows::default()
    };
    turns(&mut rows.turns);
    sessions(&mut rows.sessions);
    writer.append(rows).unwrap();
    let folder = writer.folder().to_path_buf();
    writer.finish(RunSummary::default()).unwrap();
    folder
}
