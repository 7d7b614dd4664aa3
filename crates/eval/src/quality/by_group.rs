//! Counts of many things by group of users, for statistics of all of them together.

use habitue_core::UserId;

use super::Share;
use crate::jackknife::{GROUPS, jackknife};

/// Counters by group of users, item and arm that are kept at most; with more items there are fewer groups, and wider
/// intervals.
const CELLS: usize = 1 << 24;

/// Counts or masses of many things, by group of users.
#[derive(Debug, Clone)]
pub(super) struct ByGroup<T> {
    groups: usize,
    /// Shape `[groups, things]`.
    cells: Vec<T>,
    things: usize,
}

impl<T: Copy + Default + Into<f64>> ByGroup<T> {
    /// For so many things, if there are `copies` such tables.
    pub(super) fn new(things: usize, copies: usize) -> Self {
        let groups = (CELLS / (things * copies).max(1)).clamp(1, GROUPS);
        Self { groups, cells: vec![T::default(); groups * things], things }
    }

    pub(super) fn at(&mut self, user: UserId, thing: usize) -> &mut T {
        &mut self.cells[user.index() % self.groups * self.things + thing]
    }

    fn groups(&self) -> impl Iterator<Item = &[T]> {
        self.cells.chunks_exact(self.things.max(1))
    }

    pub(super) fn totals(&self) -> Vec<f64> {
        let mut totals = vec![0.0; self.things];
        for group in self.groups() {
            totals.iter_mut().zip(group).for_each(|(sum, own)| *sum += (*own).into());
        }
        totals
    }

    /// A statistic of the totals, with its interval; `rows` is what it is taken over.
    pub(super) fn statistic(&self, rows: u64, of: impl Fn(&[f64]) -> Option<f64>) -> Option<Share> {
        let totals = self.totals();
        let value = of(&totals)?;
        let nothing = |group: &&[T]| group.iter().all(|one| (*one).into() <= 0.0);
        let filled = self.groups().filter(|group| !nothing(group));
        let without = filled.map(|group| {
            let rest: Vec<f64> = totals.iter().zip(group).map(|(all, own)| all - (*own).into()).collect();
            of(&rest)
        });
        Some(jackknife(value, rows, without))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_leave_out_one_group_at_a_time() {
        let mut counts = ByGroup::<u32>::new(2, 1);
        for (user, thing) in [(0, 0), (1, 0), (1, 1), (2, 1)] {
            *counts.at(UserId(user), thing) += 2;
        }
        let share = |totals: &[f64]| Some(totals[0] / (totals[0] + totals[1]));
        let found = counts.statistic(8, share).unwrap();
        // Without users 0, 1 and 2: 1/3, 1/2, 2/3.
        let reach = 1.959_963_984_540_054 * (2.0 / 3.0 * 2.0 / 36.0_f64).sqrt();
        let (low, high) = found.interval.unwrap();
        assert!((found.value - 0.5).abs() < 1e-12 && found.count == 8);
        assert!((low - 0.5 + reach).abs() < 1e-12 && (high - 0.5 - reach).abs() < 1e-12);
    }

    #[test]
    fn many_things_have_fewer_groups() {
        let counts = ByGroup::<u32>::new(CELLS / 4, 1);
        assert_eq!(counts.groups, 4);
        assert_eq!(ByGroup::<u32>::new(0, 1).statistic(0, |_| Some(1.0)).unwrap().interval, None);
    }
}
