//! Numbers of rounds that estimates share instead of copying them.

use std::fmt;
use std::ops::{Index, Range};
use std::sync::Arc;

/// One number for each round: every so many values of an array that others may read as well.
#[derive(Clone)]
pub struct Column {
    values: Arc<Vec<f64>>,
    first: usize,
    step: usize,
}

impl Column {
    /// Column `place` of rows of `width` values.
    pub(super) fn of_rows(values: Arc<Vec<f64>>, place: usize, width: usize) -> Self {
        Self { values, first: place, step: width }
    }

    /// The number of rounds.
    pub fn len(&self) -> usize {
        self.values.len() / self.step
    }

    /// Whether there is no round.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers, in order of rounds.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.range(0..self.len())
    }

    /// The numbers of these rounds.
    pub(super) fn range(&self, rounds: Range<usize>) -> impl Iterator<Item = f64> + '_ {
        let values = &self.values[rounds.start * self.step..rounds.end * self.step];
        values.chunks_exact(self.step).map(|row| row[self.first])
    }
}

impl From<Arc<Vec<f64>>> for Column {
    fn from(values: Arc<Vec<f64>>) -> Self {
        Self { values, first: 0, step: 1 }
    }
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Self {
        Arc::new(values).into()
    }
}

impl Index<usize> for Column {
    type Output = f64;

    fn index(&self, round: usize) -> &f64 {
        &self.values[round * self.step + self.first]
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "numbers that are copied, not computed")]

    use super::*;

    #[test]
    fn a_column_of_rows_reads_its_place_in_each() {
        let rows = Arc::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let column = Column::of_rows(Arc::clone(&rows), 1, 3);
        assert_eq!(column, Column::from(vec![2.0, 5.0]));
        assert_eq!((column.len(), column[1]), (2, 5.0));
        assert_eq!(format!("{column:?}"), "[2.0, 5.0]");
        assert_ne!(column, Column::from(rows));
    }
}
