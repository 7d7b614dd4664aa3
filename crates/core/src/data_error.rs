//! What can be wrong with a data file: a data set, a catalogue, a file of personas or friendships.

use std::fmt;
use std::path::{Path, PathBuf};

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
    /// A problem with a file.
    pub fn new(kind: DataErrorKind, file: &Path, expected: impl Into<String>) -> Self {
        let file = file.to_path_buf();
        Self { kind, file, line: None, field: None, value: None, expected: expected.into(), nearest: None }
    }

    /// In this line, counted from 1.
    #[must_use]
    pub fn at(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// In this field or column.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// With this value, which is shortened if it is long.
    #[must_use]
    pub fn value(mut self, value: impl fmt::Display) -> Self {
        const LONGEST: usize = 80;
        let value = value.to_string();
        self.value = Some(if value.chars().count() > LONGEST {
            value.chars().take(LONGEST).chain(['…']).collect()
        } else {
            value
        });
        self
    }

    /// With the valid name that may have been meant.
    #[must_use]
    pub fn nearest(mut self, nearest: Option<String>) -> Self {
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
        write!(f, "expected {}", self.expected)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean \"{nearest}\"?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_where_what_and_what_else() {
        let at = |kind| DataError::new(kind, Path::new("data/u.item"), "a whole number from 1 to 5");
        let errors = [
            DataError::new(DataErrorKind::MissingFile, Path::new("data"), "a file u.data or ratings.dat"),
            at(DataErrorKind::Range).at(12).field("rating").value(9),
            at(DataErrorKind::Type).at(3).value("tab\there \"and\" a\nline"),
            at(DataErrorKind::FieldCount).field("rating"),
            DataError::new(
                DataErrorKind::UnknownName,
                Path::new("users.jsonl"),
                "a category of the catalogue",
            )
            .at(1)
            .field("interests")
            .value("musci")
            .nearest(Some("music".to_owned())),
            at(DataErrorKind::Encoding).value("x".repeat(100)),
        ];
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
