//! Means of streamed rows with intervals clustered over users, in memory that does not grow with the number of users.

use habitue_core::UserId;
use serde::Serialize;

/// Groups of users.
const GROUPS: usize = 64;

/// The standard normal quantile of 0.975.
const Z: f64 = 1.959_963_984_540_054;

/// A ratio of sums with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Sum of the numerators over sum of the denominators.
    pub value: f64,
    /// Its interval, level 0.95; `None` if all of it comes from one group of users.
    pub interval: Option<(f64, f64)>,
    /// Rows that it is taken over.
    pub count: u64,
}

/// Sums by group of users.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    sums: Vec<(f64, u64)>,
}

impl Default for Groups {
    fn default() -> Self {
        Self { sums: vec![(0.0, 0); GROUPS] }
    }
}

impl Groups {
    /// Adds rows of a user: the sum of their values, and their number.
    pub(super) fn add(&mut self, user: UserId, sum: f64, rows: u64) {
        let group = &mut self.sums[user.index() % GROUPS];
        group.0 += sum;
        group.1 += rows;
    }

    /// Adds the sums of others over the same rows.
    pub(super) fn join(&mut self, others: &Self) {
        self.sums.iter_mut().zip(&others.sums).for_each(|(own, other)| own.0 += other.0);
    }

    /// The mean over rows; `None` without rows. Interval: delete-a-group jackknife, variance
    /// `(G - 1) / G * sum over g of (mean without g - mean)^2` of `G` groups.
    pub(super) fn mean(&self) -> Option<Share> {
        let (sum, rows) = self.sums.iter().fold((0.0, 0), |all, group| (all.0 + group.0, all.1 + group.1));
        if rows == 0 {
            return None;
        }
        let value = sum / rows as f64;
        let filled: Vec<_> = self.sums.iter().filter(|group| group.1 > 0).collect();
        let groups = filled.len() as f64;
        let without = |group: &(f64, u64)| (sum - group.0) / (rows - group.1) as f64;
        let squares: f64 = if filled.len() > 1 {
            filled.iter().map(|group| (without(group) - value).powi(2)).sum()
        } else {
            0.0
        };
        let reach = Z * ((groups - 1.0) / groups * squares).sqrt();
        Some(Share {
            value,
            interval: (filled.len() > 1).then_some((value - reach, value + reach)),
            count: rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_row_a_user_it_is_the_textbook_interval() {
        let mut groups = Groups::default();
        let values = [1.0, 2.0, 3.0, 6.0];
        values.iter().zip(0..).for_each(|(value, user)| groups.add(UserId(user), *value, 1));
        let mean = groups.mean().unwrap();
        let error = (14.0_f64 / 3.0 / 4.0).sqrt();
        let (low, high) = mean.interval.unwrap();
        assert!((mean.value - 3.0).abs() < 1e-12 && mean.count == 4);
        assert!(
            (high - 3.0 - 1.959_963_984_540_054 * error).abs() < 1e-9 && (low + high - 6.0).abs() < 1e-12
        );
    }

    #[test]
    fn rows_of_one_user_are_one_group() {
        let mut groups = Groups::default();
        assert_eq!(groups.mean(), None);
        for _ in 0..5 {
            groups.add(UserId(64), 1.0, 2);
        }
        assert_eq!(groups.mean(), Some(Share { value: 0.5, interval: None, count: 10 }));
    }
}
