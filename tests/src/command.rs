//! The command, run as a user runs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command with a folder of its own for runs.
pub struct Habitue {
    binary: PathBuf,
    folder: tempfile::TempDir,
}

impl Habitue {
    /// The binary is what `env!("CARGO_BIN_EXE_habitue-under-test")` says in a test.
    pub fn new(binary: &str) -> Self {
        Self { binary: binary.into(), folder: tempfile::tempdir().unwrap() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command that starts in the root of the repository.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(repository()).env_remove("RUST_LOG");
        command
    }

    /// Runs it to its end.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a scenario into a folder of this name and gives the run's folder.
    pub fn run(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let out = self.folder().join(name);
        let output = self.output(&[&["run", "--quiet", "--out", out.to_str().unwrap()], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        run_in(&out)
    }

    /// A file of this content in the folder.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// The one run in a folder of runs.
fn run_in(out: &Path) -> PathBuf {
    let mut runs: Vec<PathBuf> = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

/// Every file of every table of a run, by name, with its bytes.
pub fn tables(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for table in habitue_store::Table::ALL {
        for entry in fs::read_dir(run.join(table.name())).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(run).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A folder of real data, if it is there; else says that the test is skipped.
pub fn data(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("HABITUE_TEST_DATA")
        .map_or_else(|| repository().join("../shared/data"), PathBuf::from);
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: {} is not there", folder.display());
    }
    None
}
