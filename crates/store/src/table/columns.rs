//! Building record batches from columns, and columns from record batches.

use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float32Array, Int32Array, ListArray, RecordBatch, StringArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field};

use super::Table;
use habitue_core::scenario::nearest;

use crate::error::StoreError;

/// Columns of one table in the order of its schema.
pub(crate) struct Columns {
    table: Table,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    pub(crate) fn new(table: Table) -> Self {
        Self { table, arrays: Vec::with_capacity(table.schema().fields().len()) }
    }

    pub(crate) fn push(&mut self, array: impl Array + 'static) {
        self.arrays.push(Arc::new(array));
    }

    /// Numbers that stand for names. `what` is for the message if a number has none.
    pub(crate) fn push_names(
        &mut self,
        what: &'static str,
        keys: Int32Array,
        names: &[impl AsRef<str>],
    ) -> Result<(), StoreError> {
        let wrong = keys.iter().flatten().find(|key| !usize::try_from(*key).is_ok_and(|at| at < names.len()));
        if let Some(key) = wrong {
            let expected = format!("a number below {}", names.len());
            return Err(StoreError::Unknown { what, found: key.to_string(), expected });
        }
        let values = StringArray::from_iter_values(names);
        let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values))
            .map_err(|error| StoreError::Encode { table: self.table.name(), problem: error.to_string() })?;
        self.push(array);
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<RecordBatch, StoreError> {
        RecordBatch::try_new(self.table.schema(), self.arrays)
            .map_err(|error| StoreError::Encode { table: self.table.name(), problem: error.to_string() })
    }
}

/// Lists under construction: where each ends, and which are null.
pub(crate) struct Lists {
    ends: Vec<i32>,
    valid: Option<Vec<bool>>,
}

impl Lists {
    /// Lists none of which is null.
    pub(crate) fn new(rows: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self { ends, valid: None }
    }

    /// Lists any of which may be null.
    pub(crate) fn nullable(rows: usize) -> Self {
        Self { valid: Some(Vec::with_capacity(rows)), ..Self::new(rows) }
    }

    /// The list that began where the last one ended ends here; `end` counts all values so far.
    pub(crate) fn end(&mut self, end: usize, valid: bool) {
        self.ends.push(end as i32);
        if let Some(flags) = &mut self.valid {
            flags.push(valid);
        }
    }

    /// A list column of these values.
    pub(crate) fn of(&self, values: ArrayRef, element_nullable: bool) -> Result<ListArray, StoreError> {
        let field = Arc::new(Field::new("item", values.data_type().clone(), element_nullable));
        let nulls = self.valid.as_ref().map(|flags| NullBuffer::from(flags.as_slice()));
        let offsets = OffsetBuffer::new(self.ends.clone().into());
        ListArray::try_new(field, offsets, values, nulls)
            .map_err(|error| StoreError::Encode { table: "list", problem: error.to_string() })
    }

    /// A column of lists of text.
    pub(crate) fn of_texts<'a>(
        rows: impl Iterator<Item = impl Iterator<Item = &'a str>>,
    ) -> Result<ListArray, StoreError> {
        let mut lists = Self::new(rows.size_hint().0);
        let mut texts = Vec::new();
        for row in rows {
            texts.extend(row);
            lists.end(texts.len(), true);
        }
        lists.of(Arc::new(StringArray::from(texts)), false)
    }
}

/// The type of a list column.
pub(super) fn list(of: DataType, element_nullable: bool) -> DataType {
    DataType::List(Arc::new(Field::new("item", of, element_nullable)))
}

/// The type of a column of names.
pub(super) fn names() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// The name that a number stands for.
pub(super) fn name_of<'a>(what: &'static str, known: &'a [String], at: usize) -> Result<&'a str, StoreError> {
    known.get(at).map(String::as_str).ok_or_else(|| StoreError::Unknown {
        what,
        found: at.to_string(),
        expected: format!("a number below {}", known.len()),
    })
}

/// A batch that is being decoded, with the file for messages.
pub(crate) struct Frame<'a> {
    batch: &'a RecordBatch,
    file: &'a Path,
}

impl<'a> Frame<'a> {
    /// A batch of the table; checks that it has the table's columns.
    pub(crate) fn new(table: Table, batch: &'a RecordBatch, file: &'a Path) -> Result<Self, StoreError> {
        check_columns(table, &batch.schema(), file)?;
        Ok(Self { batch, file })
    }

    pub(crate) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// A column of this array type.
    pub(crate) fn get<T: Array + 'static>(&self, column: &str) -> Result<&'a T, StoreError> {
        let array = self.batch.column_by_name(column).and_then(|array| array.as_any().downcast_ref());
        array.ok_or_else(|| StoreError::Column {
            path: self.file.to_path_buf(),
            column: column.to_owned(),
            problem: "is missing or has another type".to_owned(),
        })
    }

    /// A column of lists of this array type.
    pub(crate) fn lists<T: Array + 'static>(
        &self,
        column: &'static str,
    ) -> Result<ListsOf<'a, T>, StoreError> {
        let lists: &ListArray = self.get(column)?;
        let values = lists.values().as_any().downcast_ref().ok_or_else(|| StoreError::Column {
            path: self.file.to_path_buf(),
            column: column.to_owned(),
            problem: "has elements of another type".to_owned(),
        })?;
        Ok(ListsOf { lists, values })
    }

    /// A column of lists of names, as positions among the known names.
    pub(crate) fn name_lists(
        &self,
        column: &'static str,
        known: &[String],
    ) -> Result<Vec<Vec<usize>>, StoreError> {
        let lists: ListsOf<'_, StringArray> = self.lists(column)?;
        let by_name = index(known);
        (0..self.rows())
            .map(|row| {
                let range = lists.range(row).unwrap_or_default();
                range.map(|at| self.find(row, column, lists.values.value(at), &by_name)).collect()
            })
            .collect()
    }

    /// A column of names, as positions among the known names.
    pub(crate) fn names(
        &self,
        column: &'static str,
        known: &[impl AsRef<str>],
    ) -> Result<Vec<Option<usize>>, StoreError> {
        let array: &DictionaryArray<Int32Type> = self.get(column)?;
        let values =
            array.values().as_any().downcast_ref::<StringArray>().ok_or_else(|| StoreError::Column {
                path: self.file.to_path_buf(),
                column: column.to_owned(),
                problem: "has names that are not text".to_owned(),
            })?;
        let by_name = index(known);
        let positions: Vec<Option<usize>> =
            (0..values.len()).map(|at| by_name.get(values.value(at)).copied()).collect();
        (0..self.rows())
            .map(|row| match array.key(row) {
                None => Ok(None),
                Some(key) => positions.get(key).copied().flatten().map(Some).ok_or_else(|| {
                    let name = if key < values.len() { values.value(key) } else { "?" };
                    self.unknown_name(row, column, name)
                }),
            })
            .collect()
    }

    /// As [`Self::names`], of a column that is never null.
    pub(crate) fn names_of_all(
        &self,
        column: &'static str,
        known: &[impl AsRef<str>],
    ) -> Result<Vec<usize>, StoreError> {
        let names = self.names(column, known)?;
        let absent = || "a name".to_owned();
        names
            .into_iter()
            .enumerate()
            .map(|(row, name)| name.ok_or_else(|| self.wrong(row, column, "null", absent())))
            .collect()
    }

    fn find(
        &self,
        row: usize,
        column: &'static str,
        name: &str,
        known: &std::collections::BTreeMap<&str, usize>,
    ) -> Result<usize, StoreError> {
        known.get(name).copied().ok_or_else(|| self.unknown_name(row, column, name))
    }

    fn unknown_name(&self, row: usize, column: &'static str, name: &str) -> StoreError {
        self.wrong(
            row,
            column,
            format!("\"{name}\""),
            "a name that the scenario or the catalogue declares".to_owned(),
        )
    }

    /// An error about one cell.
    pub(crate) fn wrong(
        &self,
        row: usize,
        column: &'static str,
        found: impl std::fmt::Display,
        expected: String,
    ) -> StoreError {
        StoreError::Row { path: self.file.to_path_buf(), row, column, found: found.to_string(), expected }
    }
}

fn index<S: AsRef<str>>(known: &[S]) -> std::collections::BTreeMap<&str, usize> {
    known.iter().enumerate().map(|(at, name)| (name.as_ref(), at)).collect()
}

/// A list column with its values.
pub(crate) struct ListsOf<'a, T> {
    lists: &'a ListArray,
    /// The elements of all lists.
    pub(crate) values: &'a T,
}

impl<T> ListsOf<'_, T> {
    /// Where in `values` the row's list lies; `None` for a null.
    pub(crate) fn range(&self, row: usize) -> Option<std::ops::Range<usize>> {
        let offsets = self.lists.value_offsets();
        self.lists.is_valid(row).then(|| offsets[row] as usize..offsets[row + 1] as usize)
    }
}

impl ListsOf<'_, Float32Array> {
    /// The row's numbers.
    pub(crate) fn numbers(&self, row: usize) -> Option<Vec<f32>> {
        self.range(row).map(|range| self.values.values()[range].to_vec())
    }
}

impl ListsOf<'_, StringArray> {
    /// The row's texts; none for a null.
    pub(crate) fn texts(&self, row: usize) -> Vec<String> {
        self.range(row).unwrap_or_default().map(|at| self.values.value(at).to_owned()).collect()
    }
}

/// Checks names, types and nullability of all columns of a table.
pub(crate) fn check_columns(
    table: Table,
    found: &arrow_schema::Schema,
    file: &Path,
) -> Result<(), StoreError> {
    let error = |column: &str, problem: String| {
        Err(StoreError::Column { path: file.to_path_buf(), column: column.to_owned(), problem })
    };
    for expected in table.schema().fields() {
        let Some((_, field)) = found.fields().find(expected.name()) else {
            let nearest = nearest(expected.name(), found.fields().iter().map(|field| field.name().as_str()));
            let hint = nearest.map_or_else(String::new, |name| format!("; the nearest is \"{name}\""));
            return error(expected.name(), format!("is missing{hint}"));
        };
        if field.data_type() != expected.data_type() {
            let problem = format!("has type {}, expected {}", field.data_type(), expected.data_type());
            return error(expected.name(), problem);
        }
        if field.is_nullable() && !expected.is_nullable() {
            return error(expected.name(), "may be null, expected one that may not".to_owned());
        }
    }
    Ok(())
}
