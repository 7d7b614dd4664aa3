//! The log-rank test: do arms lose their users equally fast?

use serde::{Deserialize, Serialize};

use super::chi_square::upper_tail;
use super::survival::{Lifetime, SurvivalError, sorted};

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogRank {
    /// The test statistic, chi-square under equality.
    pub statistic: f64,
    /// Its degrees of freedom: groups with users, less one.
    pub degrees: usize,
    /// Probability of such a statistic or a larger one if the groups do not differ.
    pub p_value: f64,
}

/// Observed less expected churn of every group, and its covariance.
struct Scores {
    difference: Vec<f64>,
    covariance: Vec<Vec<f64>>,
}

/// The log-rank test of equal survival of two groups or more: at every time `t` of a churn the `d` users who churn are
/// expected in group `g` in proportion to those at risk, `E_g = d n_g / n`; the statistic is `(O - E)' V^-1 (O - E)` with the
/// hypergeometric covariance `V_gh = sum over t of d (n - d) / (n - 1) * n_g / n * ([g = h] - n_h / n)` (Mantel, 1966; Peto and
/// Peto, JRSS A, 1972). It takes users as independent, within groups and between them.
///
/// `None` if fewer than two groups have users, or nobody churned.
///
/// # Errors
/// If a lifetime is negative or not finite; the index counts within its group.
pub fn log_rank(groups: &[Vec<Lifetime>]) -> Result<Option<LogRank>, SurvivalError> {
    let groups: Vec<Vec<Lifetime>> = groups
        .iter()
        .filter(|group| !group.is_empty())
        .map(|group| sorted(group))
        .collect::<Result<_, _>>()?;
    if groups.len() < 2 {
        return Ok(None);
    }
    let scores = scores(&groups);
    // The differences sum to zero: the last group says nothing new.
    let degrees = groups.len() - 1;
    let Some(solution) = solve(&scores.covariance, &scores.difference, degrees) else { return Ok(None) };
    let statistic: f64 = solution.iter().zip(&scores.difference).map(|(one, other)| one * other).sum();
    Ok(Some(LogRank { statistic, degrees, p_value: upper_tail(statistic, degrees) }))
}

fn scores(groups: &[Vec<Lifetime>]) -> Scores {
    let k = groups.len();
    let mut scores = Scores { difference: vec![0.0; k], covariance: vec![vec![0.0; k]; k] };
    let mut times: Vec<f64> =
        groups.iter().flatten().filter(|life| life.churned).map(|life| life.days).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut passed = vec![0; k];
    for time in times {
        let (mut risk, mut churned) = (vec![0.0; k], vec![0.0; k]);
        for (at, group) in groups.iter().enumerate() {
            passed[at] += group[passed[at]..].iter().take_while(|life| life.days < time).count();
            let now = group[passed[at]..].iter().take_while(|life| life.days <= time);
            churned[at] = now.filter(|life| life.churned).count() as f64;
            risk[at] = (group.len() - passed[at]) as f64;
        }
        let (all, gone) = (risk.iter().sum::<f64>(), churned.iter().sum::<f64>());
        let spread = if all > 1.0 { gone * (all - gone) / (all - 1.0) } else { 0.0 };
        for g in 0..k {
            scores.difference[g] += churned[g] - gone * risk[g] / all;
            for h in 0..k {
                let same = f64::from(g == h);
                scores.covariance[g][h] += spread * risk[g] / all * (same - risk[h] / all);
            }
        }
    }
    scores
}

/// Solves the first `n` equations by elimination with pivots; `None` if they do not determine the solution.
fn solve(matrix: &[Vec<f64>], right: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> =
        (0..n).map(|row| matrix[row][..n].iter().copied().chain([right[row]]).collect()).collect();
    let scale = (0..n).map(|at| matrix[at][at]).fold(0.0, f64::max);
    for column in 0..n {
        let pivot = (column..n).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        if rows[column][column].abs() <= 1e-12 * scale {
            return None;
        }
        let (above, below) = rows.split_at_mut(column + 1);
        let lead = &above[column];
        for row in below {
            let factor = row[column] / lead[column];
            row[column..].iter_mut().zip(&lead[column..]).for_each(|(value, by)| *value -= factor * by);
        }
    }
    let mut solution = vec![0.0; n];
    for at in (0..n).rev() {
        let known: f64 = (at + 1..n).map(|later| rows[at][later] * solution[later]).sum();
        solution[at] = (rows[at][n] - known) / rows[at][at];
    }
    Some(solution)
}

/// P-values of several tests, adjusted so that the chance of any false alarm stays below the level (Holm, 1979).
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let (mut adjusted, mut least) = (vec![0.0; p_values.len()], 0.0_f64);
    for (rank, at) in order.into_iter().enumerate() {
        least = least.max((p_values[at] * (p_values.len() - rank) as f64).min(1.0));
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(lives: &[(f64, bool)]) -> Vec<Lifetime> {
        lives.iter().map(|(days, churned)| Lifetime { days: *days, churned: *churned }).collect()
    }

    #[test]
    fn two_groups_by_hand() {
        // Times 1 (2 and 2 at risk), 2 (1 and 2), 3 (1 and 1).
        let one = group(&[(1.0, true), (3.0, true)]);
        let other = group(&[(2.0, true), (4.0, false)]);
        let test = log_rank(&[one, other]).unwrap().unwrap();
        let difference = 2.0 - (0.5 + 1.0 / 3.0 + 0.5);
        let variance = 0.25 + 2.0 / 9.0 + 0.25;
        assert!((test.statistic - difference * difference / variance).abs() < 1e-12);
        assert_eq!(test.degrees, 1);
    }

    #[test]
    fn groups_alike_do_not_differ() {
        let one = group(&[(1.0, true), (2.0, true), (5.0, false)]);
        let test = log_rank(&[one.clone(), one.clone(), one]).unwrap().unwrap();
        assert!(test.statistic.abs() < 1e-12 && (test.p_value - 1.0).abs() < 1e-12 && test.degrees == 2);
    }

    #[test]
    fn nothing_to_compare_is_no_test() {
        let one = group(&[(1.0, true)]);
        assert_eq!(log_rank(&[one.clone(), Vec::new()]).unwrap(), None);
        assert_eq!(log_rank(&[group(&[(1.0, false)]), group(&[(2.0, false)])]).unwrap(), None);
        assert!(log_rank(&[one, group(&[(f64::NAN, true)])]).is_err());
    }

    #[test]
    fn holm_by_hand() {
        let adjusted = holm(&[0.01, 0.04, 0.03]);
        let expected = [0.03, 0.06, 0.06];
        assert!(
            adjusted.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-12),
            "{adjusted:?}"
        );
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
