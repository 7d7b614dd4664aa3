//! Student's t between two arms: of the same users, or of different ones.

use serde::{Deserialize, Serialize};

use super::error::StatsError;
use super::sample::Sample;
use super::student;

/// How much users differ, and how many there were: what the standard error of a difference is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// The same users live in both arms.
    Paired {
        /// Users.
        users: u64,
        /// Variance of the users' differences.
        variance: f64,
    },
    /// Each arm has users of its own; the baseline first.
    Unpaired {
        /// Users by arm.
        users: [u64; 2],
        /// Variance between users by arm.
        variances: [f64; 2],
    },
}

impl Spread {
    /// The standard error of the difference with `scale` times as many users.
    pub(super) fn standard_error(self, scale: f64) -> f64 {
        let square = match self {
            Self::Paired { users, variance } => variance / users as f64,
            Self::Unpaired { users, variances } => {
                variances[0] / users[0] as f64 + variances[1] / users[1] as f64
            }
        };
        (square / scale).sqrt()
    }

    /// Degrees of freedom with `scale` times as many users; of different users Welch's and Satterthwaite's.
    pub(super) fn degrees(self, scale: f64) -> f64 {
        match self {
            Self::Paired { users, .. } => users as f64 * scale - 1.0,
            Self::Unpaired { users, variances } => {
                let of = |arm: usize| {
                    let users = users[arm] as f64 * scale;
                    (variances[arm] / users, users - 1.0)
                };
                let ((one, one_degrees), (other, other_degrees)) = (of(0), of(1));
                (one + other).powi(2) / (one * one / one_degrees + other * other / other_degrees)
            }
        }
    }

    /// Users of the smaller arm.
    pub(super) fn least_users(self) -> u64 {
        match self {
            Self::Paired { users, .. } => users,
            Self::Unpaired { users, .. } => users[0].min(users[1]),
        }
    }
}

/// What a test says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TTest {
    /// The measure of the other arm less that of the baseline.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom; `None` without any spread.
    pub degrees: Option<f64>,
    /// Probability of such a difference or a larger one, either way, if there is none. Without any spread between users it is 1
    /// for no difference, and `None` where all users differ by the same amount: then there is nothing to judge chance by.
    pub p_value: Option<f64>,
    /// What it was judged by.
    pub spread: Spread,
}

/// The paired t test: user `i` of both samples is the same user. Users of whom both samples say nothing are left out. Of a mean
/// over users it is the textbook's; of a ratio of sums it is the test of the linearised ratio.
///
/// `None` with fewer than two users, or if a sample says nothing at all.
///
/// # Errors
/// If the samples have different numbers of users.
pub fn paired(baseline: &Sample, other: &Sample) -> Result<Option<TTest>, StatsError> {
    if other.users() != baseline.users() {
        let (found, expected) = (other.users(), baseline.users());
        return Err(StatsError::Length { what: "the other arm", found, expected });
    }
    let Some((first, second)) = baseline.value().zip(other.value()) else { return Ok(None) };
    let kept = (0..other.users()).filter(|user| baseline.counts(*user) || other.counts(*user));
    let users = kept.clone().count();
    if users < 2 {
        return Ok(None);
    }
    let (one, two) = (baseline.moves(users), other.moves(users));
    let variance = kept.map(|user| (two[user] - one[user]).powi(2)).sum::<f64>() / (users - 1) as f64;
    Ok(Some(judge(first, second, Spread::Paired { users: users as u64, variance })))
}

/// Welch's t test: the two samples hold different users, who may differ more in one than in the other. Users of whom a sample
/// says nothing are left out of it.
///
/// `None` if a sample has fewer than two users of whom it says something. Welch, "The generalization of 'Student's' problem when
/// several different population variances are involved" (Biometrika, 1947).
pub fn welch(baseline: &Sample, other: &Sample) -> Option<TTest> {
    let of = |sample: &Sample| {
        let kept = (0..sample.users()).filter(|user| sample.counts(*user));
        let users = kept.clone().count();
        let moves = sample.moves(users);
        let squares: f64 = kept.map(|user| moves[user].powi(2)).sum();
        (users >= 2).then(|| (users as u64, squares / (users - 1) as f64))
    };
    let ((one, first), (two, second)) = (of(baseline)?, of(other)?);
    let spread = Spread::Unpaired { users: [one, two], variances: [first, second] };
    Some(judge(baseline.value()?, other.value()?, spread))
}

fn judge(baseline: f64, other: f64, spread: Spread) -> TTest {
    let difference = other - baseline;
    let standard_error = spread.standard_error(1.0);
    // What rounding leaves of no spread is none.
    let spreads = standard_error > 1e-13 * baseline.abs().max(other.abs());
    let degrees = spreads.then(|| spread.degrees(1.0));
    let p_value = match degrees {
        Some(degrees) => Some(student::two_sided(difference / standard_error, degrees)),
        None => (difference == 0.0).then_some(1.0),
    };
    TTest { difference, standard_error, degrees, p_value, spread }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_arms_differ_by_exactly_nothing() {
        let values: Vec<f64> = (0..40).map(|user| f64::from(user * 7 % 11).sqrt()).collect();
        let counts: Vec<f64> = (0..40).map(|user| f64::from(user % 4)).collect();
        let sample = Sample::ratios(values, counts).unwrap();
        let test = paired(&sample, &sample.clone()).unwrap().unwrap();
        assert_eq!((test.difference, test.standard_error, test.p_value), (0.0, 0.0, Some(1.0)));
        // Users of whom nothing is said are not counted.
        assert_eq!(test.spread, Spread::Paired { users: 30, variance: 0.0 });
    }

    #[test]
    fn without_spread_chance_cannot_be_judged() {
        let [two, three] = [2.1, 3.3].map(|value| Sample::values(&[value; 7]).unwrap());
        for test in [paired(&two, &three).unwrap(), welch(&two, &three)] {
            let test = test.unwrap();
            assert!((test.difference - 1.2).abs() < 1e-12);
            assert_eq!((test.degrees, test.p_value), (None, None));
        }
        assert_eq!(welch(&two, &two).unwrap().p_value, Some(1.0));
    }

    #[test]
    fn pairs_see_what_strangers_do_not() {
        // Users differ much from each other, and a little between arms.
        let one: Vec<f64> = (0..30).map(|user| f64::from(user * 13 % 30)).collect();
        let two: Vec<f64> =
            (0..30).map(|user| f64::from(user * 13 % 30) + 0.5 + 0.1 * f64::from(user % 3)).collect();
        let (one, two) = (Sample::values(&one).unwrap(), Sample::values(&two).unwrap());
        let p = |test: Option<TTest>| test.unwrap().p_value.unwrap();
        assert!(p(paired(&one, &two).unwrap()) < 1e-10 && p(welch(&one, &two)) > 0.5);
    }

    #[test]
    fn too_few_users_are_not_tested() {
        let [none, one, two] = [0, 1, 2].map(|users| Sample::values(&[1.0, 4.0][..users]).unwrap());
        assert_eq!(paired(&one, &one), Ok(None));
        assert_eq!(paired(&none, &none), Ok(None));
        assert_eq!((welch(&one, &two), welch(&two, &none)), (None, None));
        assert_eq!(paired(&one, &two).unwrap_err().to_string(), "the other arm has 2 users, expected 1");
    }
}
