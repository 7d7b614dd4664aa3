//! An estimate's terms summed over each user's rounds.

use super::super::error::{OpeError, check_length};
use super::super::estimate::Estimate;
use super::super::sums::sum_pair;

/// A row for each user, in order of user id: rounds, sum of the plain mean's terms, then numerator and denominator of
/// each ratio.
pub(super) struct Clusters {
    rows: Vec<f64>,
    width: usize,
}

impl Clusters {
    pub(super) fn new(estimate: &Estimate, users: &[u32]) -> Result<Self, OpeError> {
        let rounds: &[f64] = &estimate.rounds;
        check_length("users", users.len(), rounds.len())?;
        let mut ids = users.to_vec();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < 2 {
            let (name, value) = ("number of users", ids.len() as f64);
            return Err(OpeError::Parameter { name, value, expected: "at least 2 for an interval" });
        }
        let n = users.len() as f64;
        let scales: Vec<f64> = estimate
            .ratios
            .iter()
            .map(|ratio| n / sum_pair(&ratio.numerator, &ratio.denominator).1)
            .collect();
        let width = 2 + 2 * estimate.ratios.len();
        let mut rows = vec![0.0; width * ids.len()];
        for (i, user) in users.iter().enumerate() {
            let place = ids.partition_point(|id| id < user);
            let row = &mut rows[place * width..][..width];
            row[0] += 1.0;
            row[1] += rounds[i];
            for (k, ratio) in estimate.ratios.iter().enumerate() {
                row[1] -= ratio.numerator[i] * scales[k];
                row[2 + 2 * k] += ratio.numerator[i];
                row[3 + 2 * k] += ratio.denominator[i];
            }
        }
        Ok(Self { rows, width })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len() / self.width
    }

    fn row(&self, user: usize) -> &[f64] {
        &self.rows[user * self.width..][..self.width]
    }

    fn totals(&self, users: impl Iterator<Item = usize>) -> Vec<f64> {
        let mut totals = vec![0.0; self.width];
        for user in users {
            totals.iter_mut().zip(self.row(user)).for_each(|(total, value)| *total += value);
        }
        totals
    }

    /// The estimate from these users' rounds; none where a ratio has no weight.
    pub(super) fn value(&self, users: impl Iterator<Item = usize>) -> Option<f64> {
        let totals = self.totals(users);
        let mut value = totals[1] / totals[0];
        for ratio in totals[2..].chunks_exact(2) {
            if ratio[1] <= 0.0 {
                return None;
            }
            value += ratio[0] / ratio[1];
        }
        Some(value)
    }

    /// The cluster-robust standard error of the linearised estimate.
    pub(super) fn standard_error(&self) -> f64 {
        let totals = self.totals(0..self.len());
        // A sum A / B moves by (a - A / B * b) / B with a user's a and b; the plain mean is the ratio of its terms to
        // the rounds.
        let moves = |user: usize| {
            let row = self.row(user);
            let plain = (row[1] - totals[1] / totals[0] * row[0]) / totals[0];
            let ratios = row[2..].chunks_exact(2).zip(totals[2..].chunks_exact(2));
            plain + ratios.map(|(row, total)| (row[0] - total[0] / total[1] * row[1]) / total[1]).sum::<f64>()
        };
        let squares: f64 = (0..self.len()).map(|user| moves(user).powi(2)).sum();
        let users = self.len() as f64;
        (squares * users / (users - 1.0)).sqrt()
    }
}
