//! What a run folder says about itself: the resolved scenario and the manifest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use habitue_core::scenario::Scenario;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::table::Table;

/// The resolved scenario.
pub(crate) const SCENARIO: &str = "scenario.json";
/// Written last: a run with a manifest is finished.
pub(crate) const MANIFEST: &str = "manifest.json";
/// BLAKE3 sums of all other files that stay, as `b3sum` prints and checks them.
pub(crate) const CHECKSUMS: &str = "checksums.txt";

/// Version of the layout of run folders.
pub const FORMAT: u32 = 1;

/// What `finish` is told about the run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunSummary {
    /// Real time the run took, the time before resumptions included.
    pub wall: Duration,
    /// Anything else worth keeping: models and their hashes, calibration, policy updates.
    pub details: BTreeMap<String, serde_json::Value>,
}

/// A file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    /// Name in the table's folder.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// Size.
    pub bytes: u64,
    /// BLAKE3 sum, hexadecimal.
    pub blake3: String,
}

/// A table of a finished run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSummary {
    /// Name and version of the schema.
    pub schema: String,
    /// Number of rows.
    pub rows: u64,
    /// The files, in order.
    pub files: Vec<FileSummary>,
}

/// What a finished run says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout of run folders.
    pub format: u32,
    /// Version of the program that finished the run.
    pub habitue: String,
    /// Name of the run.
    pub name: String,
    /// BLAKE3 sum of `scenario.json`, hexadecimal.
    pub scenario_hash: String,
    /// Seed of the run.
    pub seed: u64,
    /// The tables.
    pub tables: BTreeMap<Table, TableSummary>,
    /// Real time the run took, in seconds.
    pub wall_seconds: f64,
    /// Anything else worth keeping.
    pub details: BTreeMap<String, serde_json::Value>,
}

/// The scenario as `scenario.json` has it.
pub(crate) fn scenario_json(scenario: &Scenario) -> Result<Vec<u8>, StoreError> {
    to_json(scenario, "scenario")
}

pub(crate) fn to_json(value: &impl Serialize, what: &'static str) -> Result<Vec<u8>, StoreError> {
    let mut json = serde_json::to_vec_pretty(value)
        .map_err(|error| StoreError::Encode { table: what, problem: error.to_string() })?;
    json.push(b'\n');
    Ok(json)
}

/// Hash that identifies a scenario: the BLAKE3 sum of its `scenario.json`, hexadecimal.
///
/// # Errors
/// If the scenario holds a path that is not Unicode.
pub fn scenario_hash(scenario: &Scenario) -> Result<String, StoreError> {
    Ok(hash(&scenario_json(scenario)?))
}

/// A BLAKE3 sum, hexadecimal.
pub(crate) fn hash(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}

/// The folder of a scenario's run below `root`: the scenario's name and the first eight digits of its hash.
///
/// # Errors
/// As for [`scenario_hash`].
pub fn run_folder(root: &Path, scenario: &Scenario) -> Result<PathBuf, StoreError> {
    let hash = scenario_hash(scenario)?;
    Ok(root.join(format!("{}-{}", scenario.name, &hash[..8])))
}

/// The scenario in a run folder, and its hash.
pub(crate) fn read_scenario(folder: &Path) -> Result<(Scenario, String), StoreError> {
    match read_json(&folder.join(SCENARIO))? {
        Some((scenario, bytes)) => Ok((scenario, hash(&bytes))),
        None => Err(StoreError::NotARun { path: folder.to_path_buf(), missing: SCENARIO }),
    }
}

/// The manifest of a run and its bytes; `None` if the run is not finished.
///
/// # Errors
/// If it is damaged, or gone from a run that was finished: the list of checksums has it, and there is no checkpoint.
pub(crate) fn read_manifest(folder: &Path) -> Result<Option<(Manifest, Vec<u8>)>, StoreError> {
    let path = folder.join(MANIFEST);
    let manifest = read_json(&path)?;
    let listed = || -> Result<bool, StoreError> {
        Ok(read_checksums(folder)?.iter().any(|(file, _)| file == MANIFEST))
    };
    if manifest.is_none() && !folder.join(crate::checkpoint::FOLDER).exists() && listed()? {
        // The run may have been finished just now.
        let now = read_json(&path)?;
        return now.map(Some).ok_or_else(|| StoreError::damaged(&path, "it is missing"));
    }
    Ok(manifest)
}

/// The error for a scenario that is not the one the run began with.
pub(crate) fn scenario_changed(folder: &Path) -> StoreError {
    StoreError::damaged(&folder.join(SCENARIO), "it is not the scenario that the run began with")
}

/// Whether the list of checksums, which may lack it, has the scenario with this hash.
pub(crate) fn check_scenario(folder: &Path, hash: &str) -> Result<(), StoreError> {
    let changed = |(file, sum): &(String, String)| file == SCENARIO && sum != hash;
    if read_checksums(folder)?.iter().any(changed) { Err(scenario_changed(folder)) } else { Ok(()) }
}

/// Reads a JSON document of the run folder, with its bytes; `None` if it is not there.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<(T, Vec<u8>)>, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path, "read")(error)),
    };
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        let (line, column) = (inner.line(), inner.column());
        // serde_json repeats the position at the end of its message.
        let text = inner.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        let problem = if field == "." { text.to_owned() } else { format!("{field}: {text}") };
        StoreError::Document { path: path.to_path_buf(), line, column, problem }
    })?;
    Ok(Some((document, bytes)))
}

/// The lines of `checksums.txt`: (file below the run folder, sum). A torn last line is left out.
pub(crate) fn read_checksums(folder: &Path) -> Result<Vec<(String, String)>, StoreError> {
    let path = folder.join(CHECKSUMS);
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io(&path, "read")(error)),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .enumerate()
        .map(|(at, line)| {
            line.split_once("  ").map(|(sum, file)| (file.to_owned(), sum.to_owned())).ok_or_else(|| {
                let problem = format!("line {} is not \"<BLAKE3 sum>  <file>\"", at + 1);
                StoreError::damaged(&path, problem)
            })
        })
        .collect()
}

/// A line of `checksums.txt`.
pub(crate) fn checksum_line(file: &str, sum: &str) -> String {
    format!("{sum}  {file}\n")
}
