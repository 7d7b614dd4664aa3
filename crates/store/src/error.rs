//! What can go wrong with run folders and data files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use habitue_core::DataError;

/// An error of this crate. Its text names the file, the place, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is not a run.
    #[error("{}: not a run folder: it has no {missing}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// The file that makes a folder a run.
        missing: &'static str,
    },
    /// The folder for a new run already holds one.
    #[error("{}: there is a run already; resume it, remove it, or choose another output folder", path.display())]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes the run.
    #[error("{}: another process is writing this run", path.display())]
    RunBusy {
        /// The folder.
        path: PathBuf,
    },
    /// A finished run cannot be resumed.
    #[error("{}: the run is finished, there is nothing to resume", path.display())]
    RunFinished {
        /// The folder.
        path: PathBuf,
    },
    /// A JSON document of the run folder cannot be read.
    #[error("{}:{line}:{column}: {problem}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// A table was written by another version.
    #[error("{}: the table has schema {found}, this version of habitue reads \"{expected}\"", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A table lacks a column or has one of another type.
    #[error("{}: column \"{column}\" {problem}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file is missing, truncated or changed.
    #[error("{}: the file is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it shows.
        problem: String,
    },
    /// A row of a table makes no sense.
    #[error("{}, row {row}, column \"{column}\": found {found}, expected {expected}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Row in the batch, from 0.
        row: usize,
        /// The column.
        column: &'static str,
        /// What stands there.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A row to be written refers to something unknown.
    #[error("cannot log {what} {found}: expected {expected}")]
    Unknown {
        /// What is referred to.
        what: &'static str,
        /// The reference.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The writer was used in the wrong order.
    #[error("the run writer was misused: {0}")]
    Misuse(&'static str),
    /// The writer failed earlier.
    #[error("the log is closed because writing it failed before")]
    Closed,
    /// No table, user or format of this name.
    #[error("there is no {what} \"{name}\"{}", nearest_hint(nearest.as_deref()))]
    NoSuch {
        /// What was looked for.
        what: &'static str,
        /// The name.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// A data file, mapping or catalogue cannot be read.
    #[error(transparent)]
    Data(#[from] Box<DataError>),
    /// Encoding a table failed.
    #[error("cannot encode table {table}: {problem}")]
    Encode {
        /// The table.
        table: &'static str,
        /// What the encoder said.
        problem: String,
    },
}

impl StoreError {
    /// Adapter for `map_err` on file operations.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, action, source }
    }

    pub(crate) fn damaged(path: &Path, problem: impl fmt::Display) -> Self {
        Self::Damaged { path: path.to_path_buf(), problem: problem.to_string() }
    }
}

impl From<DataError> for StoreError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}

fn nearest_hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean \"{nearest}\"?"))
}
