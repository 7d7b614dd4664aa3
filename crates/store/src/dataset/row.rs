//! One line of a data file, cut into fields.

use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use habitue_core::{DataError, DataErrorKind};

use crate::error::StoreError;

/// One line of a data file, cut into fields.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) file: &'a Path,
    /// Line, from 1.
    pub(super) line: u64,
    columns: &'a [&'a str],
    cells: &'a [&'a str],
}

impl<'a> Row<'a> {
    /// The field in this column, without the blanks around it.
    pub(super) fn cell(&self, column: usize) -> &'a str {
        self.cells[column].trim()
    }

    /// The field in this column, which must not be empty.
    pub(super) fn required(&self, column: usize, expected: &str) -> Result<&'a str, DataError> {
        match self.cell(column) {
            "" => {
                let error = DataError::new(
                    DataErrorKind::EmptyField,
                    self.file,
                    format!("{expected}, found nothing"),
                );
                Err(error.at(self.line).field(self.columns[column]))
            }
            cell => Ok(cell),
        }
    }

    /// The number in this column, which must lie in the range.
    pub(super) fn number<T: FromStr + PartialOrd>(
        &self,
        column: usize,
        range: RangeInclusive<T>,
        expected: &str,
    ) -> Result<T, DataError> {
        let cell = self.required(column, expected)?;
        let number: T = cell.parse().map_err(|_| self.wrong(DataErrorKind::Type, column, expected))?;
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(self.wrong(DataErrorKind::Range, column, expected))
        }
    }

    /// The number in this column, if there is one.
    pub(super) fn optional_number<T: FromStr + PartialOrd>(
        &self,
        column: usize,
        range: RangeInclusive<T>,
        expected: &str,
    ) -> Result<Option<T>, DataError> {
        if self.cell(column).is_empty() { Ok(None) } else { self.number(column, range, expected).map(Some) }
    }

    /// An error about the field in this column.
    pub(super) fn wrong(&self, kind: DataErrorKind, column: usize, expected: impl Into<String>) -> DataError {
        DataError::new(kind, self.file, expected)
            .at(self.line)
            .field(self.columns[column])
            .value(self.cell(column))
    }
}

/// Calls `each` for every line of a text whose fields are separated by `separator`. Lines without any character are
/// left out.
pub(super) fn each_line(
    file: &Path,
    lines: impl Iterator<Item = (u64, impl AsRef<str>)>,
    separator: &str,
    columns: &[&str],
    mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for (line, text) in lines {
        if text.as_ref().is_empty() {
            continue;
        }
        let cells: Vec<&str> = text.as_ref().split(separator).collect();
        check_count(file, line, columns, cells.len())?;
        each(&Row { file, line, columns, cells: &cells })?;
    }
    Ok(())
}

/// Calls `each` for every word of a line but the first, together with the first. Lines without any character are left
/// out.
pub(super) fn each_of_list<'a>(
    file: &Path,
    lines: impl Iterator<Item = (u64, &'a str)>,
    columns: &[&str; 2],
    mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for (line, text) in lines {
        let mut words = text.split_whitespace();
        let Some(first) = words.next() else { continue };
        for word in words {
            each(&Row { file, line, columns, cells: &[first, word] })?;
        }
    }
    Ok(())
}

/// Calls `each` for every record of a text of comma-separated values, the first of which names the columns. The
/// columns are given to `start`, what comes of it to `each`.
pub(super) fn each_record<T>(
    file: &Path,
    text: &str,
    delimiter: u8,
    start: impl FnOnce(&[&str]) -> Result<T, StoreError>,
    mut each: impl FnMut(&T, &Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let unreadable = |error: &csv::Error| DataError::new(DataErrorKind::Type, file, error.to_string());
    let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
    let columns: Vec<&str> = header.iter().map(str::trim).collect();
    if columns.iter().all(|name| name.is_empty()) {
        let expected = "a first line that names the columns";
        return Err(DataError::new(DataErrorKind::Empty, file, expected).at(1).into());
    }
    check_unique(file, &columns)?;
    let wanted = start(&columns)?;
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| unreadable(&error))? {
        let cells: Vec<&str> = record.iter().collect();
        let line = record.position().map_or(0, csv::Position::line);
        check_count(file, line, &columns, cells.len())?;
        each(&wanted, &Row { file, line, columns: &columns, cells: &cells })?;
    }
    Ok(())
}

/// Column names must differ, but for unnamed ones.
pub(super) fn check_unique(file: &Path, columns: &[&str]) -> Result<(), DataError> {
    for (at, name) in columns.iter().enumerate() {
        if !name.is_empty() && columns[..at].contains(name) {
            let error = DataError::new(DataErrorKind::Header, file, "every column once");
            return Err(error.at(1).value(name));
        }
    }
    Ok(())
}

fn check_count(file: &Path, line: u64, columns: &[&str], found: usize) -> Result<(), DataError> {
    if found == columns.len() {
        return Ok(());
    }
    let names: Vec<&str> =
        columns.iter().map(|name| if name.is_empty() { "(unnamed)" } else { name }).collect();
    let expected = format!("{} fields ({}), found {found}", columns.len(), names.join(", "));
    Err(DataError::new(DataErrorKind::FieldCount, file, expected).at(line))
}
