//! What can go wrong with run folders and data files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

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

/// The kind of a problem in a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataErrorKind {
    /// A file of the layout is not there.
    MissingFile,
    /// The bytes are not text in an expected encoding.
    Encoding,
    /// The file has no data.
    Empty,
    /// A column is missing from the header.
    MissingColumn,
    /// A header field is malformed.
    Header,
    /// A line has too few or too many fields.
    FieldCount,
    /// A required field is empty.
    EmptyField,
    /// A field is not of its type.
    Type,
    /// A number lies outside its range.
    Range,
    /// An id stands twice.
    Duplicate,
    /// An id refers to nothing.
    Dangling,
    /// Times run backwards where they must not.
    Order,
    /// A name is not one of the known names.
    UnknownName,
    /// Two fields contradict each other.
    Contradiction,
}

/// A problem in a data file: where, what was found, what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// What kind of problem.
    pub kind: DataErrorKind,
    /// The file or folder.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: Option<u64>,
    /// The field or column.
    pub field: Option<String>,
    /// The value found there.
    pub value: Option<String>,
    /// What was expected instead.
    pub expected: String,
    /// The nearest valid name.
    pub nearest: Option<String>,
}

impl DataError {
    pub(crate) fn new(kind: DataErrorKind, file: &Path, expected: impl Into<String>) -> Self {
        let file = file.to_path_buf();
        Self { kind, file, line: None, field: None, value: None, expected: expected.into(), nearest: None }
    }

    pub(crate) fn at(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    pub(crate) fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    pub(crate) fn value(mut self, value: impl fmt::Display) -> Self {
        const LONGEST: usize = 80;
        let value = value.to_string();
        self.value = Some(if value.chars().count() > LONGEST {
            value.chars().take(LONGEST).chain(['…']).collect()
        } else {
            value
        });
        self
    }

    pub(crate) fn nearest(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": ")?;
        match (&self.field, &self.value) {
            (Some(field), Some(value)) => write!(f, "{field} is \"{}\", ", value.escape_debug())?,
            (Some(field), None) => write!(f, "{field}: ")?,
            (None, Some(value)) => write!(f, "found \"{}\", ", value.escape_debug())?,
            (None, None) => {}
        }
        write!(f, "expected {}{}", self.expected, nearest_hint(self.nearest.as_deref()))
    }
}

impl std::error::Error for DataError {}

fn nearest_hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean \"{nearest}\"?"))
}

/// The known name most like `name`, if any is like it (Jaro-Winkler similarity of at least 0.7, case ignored).
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&wanted, &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, known)| known.to_owned())
}
