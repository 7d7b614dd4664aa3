//! The command as a user meets it.
#![allow(dead_code, clippy::unwrap_used, reason = "every test file uses a part, and may fail")]

pub(crate) mod model;

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

/// A folder with a scenario, and the command run in it.
pub(crate) struct Door {
    folder: tempfile::TempDir,
}

const SCENARIO: &str = r#"
name = "corner"
seed = 5
horizon = "8d"
window = "2h"

[catalogue]
generate = { items = 60, categories = 4, creators = 5 }

[[population]]
name = "casual"
size = 20
personas = {}

[slate]
size = 3

[[arm]]
name = "popular"
policy = { kind = "popularity", explore = { kind = "epsilon", epsilon = 0.2 } }

[[arm]]
name = "random"
policy = { kind = "random" }
"#;

impl Door {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("corner.toml"), SCENARIO).unwrap();
        Self { folder }
    }

    /// A door behind which the scenario has been run.
    pub(crate) fn after_a_run() -> Self {
        let door = Self::new();
        let done = door.habitue(&["run", "corner.toml", "--quiet"]);
        assert_eq!(done.code, 0, "{done:?}");
        door
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    /// The only run below `runs/`, from the folder.
    pub(crate) fn run(&self) -> String {
        let runs: Vec<PathBuf> =
            std::fs::read_dir(self.path().join("runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [run] = &runs[..] else { panic!("{runs:?}") };
        run.strip_prefix(self.path()).unwrap().display().to_string()
    }

    /// The command, in the folder, as a script would call it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("habitue"));
        command.current_dir(self.path()).args(args).env_remove("RUST_LOG").env_remove("NO_COLOR");
        command
    }

    pub(crate) fn habitue(&self, args: &[&str]) -> Ended {
        Ended::from(self.command(args).output().unwrap())
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// Everything that can be seen, for snapshots.
    pub(crate) fn seen(&self) -> String {
        format!("exit code {}\n--- standard output\n{}--- standard error\n{}", self.code, self.out, self.err)
    }
}

/// Compares with a snapshot in which hashes and the place of the test are blotted out.
#[allow(unused_macros, reason = "every test file uses a part")]
macro_rules! assert_seen {
    ($($snapshot:tt)*) => {
        insta::with_settings!({ filters => vec![
            (r"corner-[0-9a-f]{8}", "corner-HASH"),
            (r"/\S*/\.tmp\w+", "FOLDER"),
        ] }, { insta::assert_snapshot!($($snapshot)*) })
    };
}
#[allow(unused_imports, reason = "every test file uses a part")]
pub(crate) use assert_seen;

/// The same without the numbers, which change with the laws that users follow.
#[allow(unused_macros, reason = "every test file uses a part")]
macro_rules! assert_form {
    ($($snapshot:tt)*) => {
        insta::with_settings!({ filters => vec![
            (r"corner-[0-9a-f]{8}", "corner-HASH"),
            (r"\d[\d,.]*", "N"),
            (r"N (B|KiB|MiB)", "SIZE"),
            (r"  +", "  "),
        ] }, { insta::assert_snapshot!($($snapshot)*) })
    };
}
#[allow(unused_imports, reason = "every test file uses a part")]
pub(crate) use assert_form;
