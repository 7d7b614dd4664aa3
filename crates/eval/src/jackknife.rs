//! Means of streamed rows with intervals clustered over users, in memory that does not grow with the number of users.

use habitue_core::UserId;
use serde::Serialize;

/// Groups of users.
pub(crate) const GROUPS: usize = 64;

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

/// A statistic of all users with its interval: `without` gives it without one group of users each, `None` where it does not
/// exist. Delete-a-group jackknife, variance `(G - 1) / G * sum over g of (without g - whole)^2` of `G` groups.
pub(crate) fn jackknife(value: f64, count: u64, without: impl IntoIterator<Item = Option<f64>>) -> Share {
    let (mut squares, mut groups, mut whole) = (0.0, 0_u32, true);
    for one in without {
        groups += 1;
        match one {
            Some(one) => squares += (one - value).powi(2),
            None => whole = false,
        }
    }
    let reach = Z * (f64::from(groups.max(1) - 1) / f64::from(groups.max(1)) * squares).sqrt();
    let interval = (whole && groups > 1).then_some((value - reach, value + reach));
    Share { value, interval, count }
}

/// Sums by group of users.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    sums: Vec<(f64, u64)>,
}

impl Default for Groups {
    fn default() -> Self {
        Self { sums: vec![(0.0, 0); GROUPS] }
    }
}

impl Groups {
    /// Adds rows of a user: the sum of their values, and their number.
    pub(crate) fn add(&mut self, user: UserId, sum: f64, rows: u64) {
        let group = &mut self.sums[user.index() % GROUPS];
        group.0 += sum;
        group.1 += rows;
    }

    /// Adds the sums of others over the same rows.
    pub(crate) fn join(&mut self, others: &Self) {
        self.sums.iter_mut().zip(&others.sums).for_each(|(own, other)| own.0 += other.0);
    }

    /// The mean over rows, with its interval; `None` without rows.
    pub(crate) fn mean(&self) -> Option<Share> {
        let all = self.totals();
        if all.1 == 0 {
            return None;
        }
        let filled = self.sums.iter().filter(|group| group.1 > 0);
        let without = filled.map(|group| ratio((all.0 - group.0, all.1 - group.1)));
        Some(jackknife(all.0 / all.1 as f64, all.1, without))
    }

    /// The mean of these rows less that of others, with its interval; `None` if one of them has no rows. Rows of the same
    /// users are left out together.
    pub(crate) fn difference(&self, others: &Self) -> Option<Share> {
        let (own, other) = (self.totals(), others.totals());
        let value = ratio(own)? - ratio(other)?;
        let groups = self.sums.iter().zip(&others.sums).filter(|(one, two)| one.1 + two.1 > 0);
        let without = groups.map(|(one, two)| {
            let rest = |all: (f64, u64), group: &(f64, u64)| ratio((all.0 - group.0, all.1 - group.1));
            Some(rest(own, one)? - rest(other, two)?)
        });
        Some(jackknife(value, own.1 + other.1, without))
    }

    fn totals(&self) -> (f64, u64) {
        self.sums.iter().fold((0.0, 0), |all, group| (all.0 + group.0, all.1 + group.1))
    }
}

fn ratio((sum, rows): (f64, u64)) -> Option<f64> {
    (rows > 0).then(|| sum / rows as f64)
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

    #[test]
    fn differences_of_means_of_the_same_users_leave_them_out_together() {
        let (mut one, mut other) = (Groups::default(), Groups::default());
        for user in 0..8 {
            one.add(UserId(user), f64::from(user) + 2.0, 1);
            other.add(UserId(user), f64::from(user), 1);
        }
        let difference = one.difference(&other).unwrap();
        let (low, high) = difference.interval.unwrap();
        assert!((difference.value - 2.0).abs() < 1e-12 && (high - low).abs() < 1e-9, "{difference:?}");
        assert_eq!(one.difference(&Groups::default()), None);
    }
}
