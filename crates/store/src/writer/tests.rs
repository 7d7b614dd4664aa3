//! Promises of the log: whole rows whatever happens, the same bytes whatever the cadence.

mod cadence;
mod damage;
mod kill;
mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use habitue_core::scenario::Scenario;
use habitue_core::{Catalogue, Persona, WindowRows};
use proptest::collection::vec;

use super::RunWriter;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::manifest::{Manifest, RunSummary};
use crate::reader::RunReader;
use crate::sample;
use crate::table::Table;

/// A disk whose steps are reported, and which does not wait for the hardware.
fn watched(observer: impl Fn() + Send + Sync + 'static) -> Disk {
    Disk { observer: Some(Arc::new(observer)) }
}

fn unwatched() -> Disk {
    watched(|| {})
}

/// What a run is made of.
struct Story {
    scenario: Scenario,
    catalogue: Catalogue,
    personas: Vec<Persona>,
    windows: Vec<WindowRows>,
    /// State of the last checkpoint that the writer has said is durable.
    saved: AtomicU8,
}

impl Story {
    fn new(rows_per_file: usize, windows: usize) -> Self {
        let (personas, windows) = sample::fixed((vec(sample::persona(), 5), sample::windows(windows)));
        Self::of(rows_per_file, personas, windows)
    }

    fn of(rows_per_file: usize, personas: Vec<Persona>, windows: Vec<WindowRows>) -> Self {
        let scenario = sample::scenario(rows_per_file);
        Self { scenario, catalogue: sample::catalogue(), personas, windows, saved: AtomicU8::new(0) }
    }

    fn begin(&self, writer: &mut RunWriter) -> Result<(), StoreError> {
        writer.begin(&self.catalogue, sample::entries(&self.personas))
    }

    /// Plays the windows from number `from` on; a checkpoint after every `every`-th, whose state is the number of
    /// windows played.
    fn play(&self, writer: &mut RunWriter, from: usize, every: usize) -> Result<(), StoreError> {
        for (at, window) in self.windows.iter().enumerate().skip(from) {
            writer.append(window.clone())?;
            if (at + 1) % every == 0 {
                writer.save(&[at as u8 + 1])?;
                self.saved.store(at as u8 + 1, Ordering::SeqCst);
            }
        }
        Ok(())
    }

    /// Plays the whole run below `root`.
    fn tell(&self, root: &Path, every: usize, disk: Disk) -> Result<Manifest, StoreError> {
        let mut writer = RunWriter::create_on(root, &self.scenario, disk)?;
        self.begin(&mut writer)?;
        self.play(&mut writer, 0, every)?;
        writer.finish(RunSummary::default())
    }

    /// Takes an interrupted run to its end.
    fn resume(&self, folder: &Path, every: usize, disk: Disk) -> Result<Manifest, StoreError> {
        let (mut writer, state) = RunWriter::resume_on(folder, disk)?;
        let from = state.as_ref().map_or(0, |state| usize::from(state[0]));
        if state.is_none() {
            self.begin(&mut writer)?;
        }
        self.play(&mut writer, from, every)?;
        writer.finish(RunSummary::default())
    }

    fn folder(&self, root: &Path) -> std::path::PathBuf {
        crate::run_folder(root, &self.scenario).unwrap()
    }

    /// All rows as text, table by table.
    fn rows(&self) -> Vec<Vec<String>> {
        fn shown<T: std::fmt::Debug>(rows: impl Iterator<Item = T>) -> Vec<String> {
            rows.map(|row| format!("{row:?}")).collect()
        }
        let windows = &self.windows;
        let users = sample::entries(&self.personas).map(|entry| crate::UserRow {
            user: entry.user,
            arm: entry.arm,
            population: entry.population,
            persona: entry.persona.clone(),
        });
        let items = self.catalogue.items().iter().chain(windows.iter().flat_map(|window| &window.items));
        let items = (0..)
            .zip(items)
            .map(|(at, item)| crate::ItemRow { id: habitue_core::ItemId(at), item: item.clone() });
        vec![
            shown(windows.iter().flat_map(|window| &window.turns)),
            shown(windows.iter().flat_map(|window| &window.sessions)),
            shown(users),
            shown(items),
            shown(windows.iter().flat_map(|window| &window.messages)),
            shown(windows.iter().flat_map(|window| &window.interventions)),
            shown(windows.iter().flat_map(|window| &window.llm_calls)),
            shown(windows.iter().flat_map(|window| &window.memories)),
        ]
    }
}

/// All rows of a run folder as text, table by table.
fn read_rows(run: &RunReader) -> Result<Vec<Vec<String>>, StoreError> {
    fn shown<T: std::fmt::Debug>(
        rows: impl Iterator<Item = Result<T, StoreError>>,
    ) -> Result<Vec<String>, StoreError> {
        rows.map(|row| row.map(|row| format!("{row:?}"))).collect()
    }
    let rows = vec![
        shown(run.turns())?,
        shown(run.sessions())?,
        shown(run.users())?,
        shown(run.items())?,
        shown(run.messages())?,
        shown(run.interventions())?,
        shown(run.llm_calls())?,
        shown(run.memories())?,
    ];
    for (table, rows) in Table::ALL.into_iter().zip(&rows) {
        assert_eq!(run.rows(table)?, rows.len() as u64, "the count of {table} is not that of its rows");
    }
    Ok(rows)
}

fn is_prefix(of: &[Vec<String>], rows: &[Vec<String>]) -> bool {
    of.iter().zip(rows).all(|(of, rows)| of.starts_with(rows))
}

/// Every file below a folder: path below it, content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                all.insert(name, fs::read(path).unwrap());
            }
        }
    }
    all
}

/// Makes a folder with these files.
fn put(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    fs::create_dir_all(folder).unwrap();
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}
