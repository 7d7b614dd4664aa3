//! Kaplan-Meier survival.

use serde::{Deserialize, Serialize};

use super::Z;

/// How long a user was observed, and whether it ended with churn or with the end of what was observed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lifetime {
    /// From the first arrival. Unit: days.
    pub days: f64,
    /// Whether the user churned then; otherwise the lifetime is censored.
    pub churned: bool,
}

/// A lifetime that is none.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("lifetime {index} is {days} days, expected a finite number of at least 0")]
pub struct SurvivalError {
    /// Which, counted from 0.
    pub index: usize,
    /// Its value.
    pub days: f64,
}

/// The curve at one moment at which somebody churned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The moment. Unit: days.
    pub days: f64,
    /// Users who were still there just before it.
    pub at_risk: u64,
    /// Users who churned at it.
    pub churned: u64,
    /// Share of users who are still there after it.
    pub survival: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
}

/// The Kaplan-Meier estimate of the share of users who are still there after a time:
/// `S(t) = prod over t_i <= t of (1 - d_i / n_i)`, with `d_i` churned of `n_i` at risk at `t_i` (Kaplan and Meier, JASA
/// 1958). A lifetime that is censored at `t_i` counts as at risk at `t_i`.
///
/// Its interval has level [`LEVEL`](super::LEVEL), from Greenwood's variance on the log-log scale, so that it stays within
/// 0 and 1: `S^exp(±z sqrt(V) / ln S)`, `V = sum of d_i / (n_i (n_i - d_i))` (Greenwood, 1926; Kalbfleisch and Prentice,
/// "The Statistical Analysis of Failure Time Data", 2002, section 1.4). It takes users as independent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct KaplanMeier {
    /// Where the curve falls, in order of time.
    pub steps: Vec<Step>,
    /// Number of users.
    pub users: u64,
    /// The longest time that was observed of anybody. Unit: days. Beyond it nothing is known.
    pub until: f64,
}

impl KaplanMeier {
    /// The curve of these users.
    ///
    /// # Errors
    /// If a lifetime is negative or not finite.
    pub fn new(lifetimes: &[Lifetime]) -> Result<Self, SurvivalError> {
        let sorted = sorted(lifetimes)?;
        let mut curve = Self {
            users: sorted.len() as u64,
            until: sorted.last().map_or(0.0, |last| last.days),
            ..Self::default()
        };
        let (mut survival, mut variance) = (1.0, 0.0);
        let mut at = 0;
        while at < sorted.len() {
            let days = sorted[at].days;
            let end = at + sorted[at..].iter().take_while(|life| life.days.total_cmp(&days).is_eq()).count();
            let churned = sorted[at..end].iter().filter(|life| life.churned).count() as u64;
            let at_risk = (sorted.len() - at) as u64;
            if churned > 0 {
                let (left, risk) = ((at_risk - churned) as f64, at_risk as f64);
                survival *= left / risk;
                variance += churned as f64 / (risk * left);
                let (low, high) = bounds(survival, variance);
                curve.steps.push(Step { days, at_risk, churned, survival, low, high });
            }
            at = end;
        }
        Ok(curve)
    }

    /// Survival and its interval after so many days; `None` beyond what was observed.
    pub fn at(&self, days: f64) -> Option<(f64, f64, f64)> {
        let passed = self.steps.partition_point(|step| step.days <= days);
        let step = passed.checked_sub(1).map(|at| self.steps[at]);
        (self.users > 0 && days <= self.until)
            .then(|| step.map_or((1.0, 1.0, 1.0), |step| (step.survival, step.low, step.high)))
    }

    /// The time after which at most half of the users are still there; `None` if it was not observed. Unit: days.
    pub fn median(&self) -> Option<f64> {
        self.steps.iter().find(|step| step.survival <= 0.5).map(|step| step.days)
    }

    /// Users who churned.
    pub fn churned(&self) -> u64 {
        self.steps.iter().map(|step| step.churned).sum()
    }
}

/// Lifetimes in order of time.
pub(super) fn sorted(lifetimes: &[Lifetime]) -> Result<Vec<Lifetime>, SurvivalError> {
    let wrong = |life: &Lifetime| !(life.days >= 0.0 && life.days.is_finite());
    if let Some(index) = lifetimes.iter().position(wrong) {
        return Err(SurvivalError { index, days: lifetimes[index].days });
    }
    let mut sorted = lifetimes.to_vec();
    sorted.sort_by(|one, other| one.days.total_cmp(&other.days));
    Ok(sorted)
}

fn bounds(survival: f64, variance: f64) -> (f64, f64) {
    if survival <= 0.0 {
        return (0.0, 0.0);
    }
    let log = survival.ln();
    let power = |z: f64| survival.powf((z * variance.sqrt() / log).exp());
    (power(-Z), power(Z))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lives(lives: &[(f64, bool)]) -> Vec<Lifetime> {
        lives.iter().map(|(days, churned)| Lifetime { days: *days, churned: *churned }).collect()
    }

    #[test]
    fn a_curve_by_hand() {
        let curve = KaplanMeier::new(&lives(&[
            (3.0, true),
            (1.0, true),
            (2.0, false),
            (3.0, false),
            (5.0, true),
            (3.0, true),
            (7.0, false),
            (1.0, false),
        ]))
        .unwrap();
        let steps: Vec<_> = curve.steps.iter().map(|step| (step.days, step.at_risk, step.churned)).collect();
        // Who is censored at the moment of a churn is still at risk at it.
        assert_eq!(steps, [(1.0, 8, 1), (3.0, 5, 2), (5.0, 2, 1)]);
        let expected = [7.0 / 8.0, 7.0 / 8.0 * 3.0 / 5.0, 7.0 / 8.0 * 3.0 / 5.0 / 2.0];
        for (step, expected) in curve.steps.iter().zip(expected) {
            assert!((step.survival - expected).abs() < 1e-15);
            assert!(
                0.0 < step.low && step.low < step.survival && step.survival < step.high && step.high < 1.0
            );
        }
        assert_eq!((curve.median(), curve.churned(), curve.until), (Some(5.0), 4, 7.0));
        assert_eq!(curve.at(0.5), Some((1.0, 1.0, 1.0)));
        assert_eq!(curve.at(4.0).map(|at| at.0), Some(curve.steps[1].survival));
        assert_eq!(curve.at(7.5), None);
    }

    #[test]
    fn without_churn_everybody_stays_and_with_nothing_but_churn_nobody() {
        let stay = KaplanMeier::new(&lives(&[(2.0, false), (3.0, false)])).unwrap();
        assert_eq!((stay.steps.len(), stay.at(3.0), stay.median()), (0, Some((1.0, 1.0, 1.0)), None));
        let gone = KaplanMeier::new(&lives(&[(2.0, true)])).unwrap();
        assert_eq!(gone.at(2.0), Some((0.0, 0.0, 0.0)));
        assert_eq!(KaplanMeier::new(&[]).unwrap().at(0.0), None);
    }

    #[test]
    fn impossible_lifetimes_are_named() {
        for days in [-1.0, f64::NAN, f64::INFINITY] {
            let error = KaplanMeier::new(&lives(&[(1.0, true), (days, true)])).unwrap_err();
            assert!(error.to_string().starts_with("lifetime 1 is"), "{error}");
        }
    }
}
