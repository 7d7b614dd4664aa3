//! What the users of an arm contribute to a measure.

use super::error::StatsError;

/// One measure of an arm: numerator and denominator of every user. The measure is the sum of the numerators over that of the
/// denominators; a mean over users has denominators of 1. A user of whom the measure says nothing has 0 and 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    numerators: Vec<f64>,
    denominators: Vec<f64>,
}

impl Sample {
    /// The mean of one value a user; shape `(users,)`.
    ///
    /// # Errors
    /// If a value is not finite.
    pub fn values(values: &[f64]) -> Result<Self, StatsError> {
        Self::ratios(values.to_vec(), vec![1.0; values.len()])
    }

    /// The ratio of two sums over users; both of shape `(users,)`.
    ///
    /// # Errors
    /// If the shapes differ, a numerator is not finite, or a denominator is not finite or is negative.
    pub fn ratios(numerators: Vec<f64>, denominators: Vec<f64>) -> Result<Self, StatsError> {
        if denominators.len() != numerators.len() {
            let (found, expected) = (denominators.len(), numerators.len());
            return Err(StatsError::Length { what: "the array of denominators", found, expected });
        }
        let wrong =
            |what, expected, user: usize, value| Err(StatsError::Value { what, user, value, expected });
        if let Some(user) = numerators.iter().position(|value| !value.is_finite()) {
            return wrong("the value", "a finite number", user, numerators[user]);
        }
        if let Some(user) = denominators.iter().position(|value| !(value.is_finite() && *value >= 0.0)) {
            return wrong("the denominator", "a finite number of 0 or more", user, denominators[user]);
        }
        Ok(Self { numerators, denominators })
    }

    /// Number of users, those included of whom the measure says nothing.
    pub fn users(&self) -> usize {
        self.numerators.len()
    }

    /// The measure; `None` if it says nothing of anybody.
    pub fn value(&self) -> Option<f64> {
        let under = self.denominators.iter().sum::<f64>();
        (under > 0.0).then(|| self.numerators.iter().sum::<f64>() / under)
    }

    /// Whether the measure says something of this user.
    pub(super) fn counts(&self, user: usize) -> bool {
        self.denominators[user] > 0.0
    }

    /// How far each user moves the measure, times `users`: `users (n_i - R d_i) / sum d`, the linearised ratio (delta method:
    /// Deng, Knoblich and Lu, "Applying the Delta Method in Metric Analytics", KDD 2018). Of a mean over all `users` it is the
    /// deviation from the mean. Empty without a value.
    pub(super) fn moves(&self, users: usize) -> Vec<f64> {
        let Some(value) = self.value() else { return Vec::new() };
        let scale = users as f64 / self.denominators.iter().sum::<f64>();
        let terms = self.numerators.iter().zip(&self.denominators);
        terms.map(|(above, below)| (above - value * below) * scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_sample_is_refused() {
        let said = [
            Sample::values(&[1.0, f64::NAN]),
            Sample::ratios(vec![1.0], vec![1.0, 2.0]),
            Sample::ratios(vec![1.0, 1.0], vec![1.0, -2.0]),
        ]
        .map(|sample| sample.unwrap_err().to_string());
        insta::assert_snapshot!(said.join("\n"), @r"
        the value of user 1 is NaN, expected a finite number
        the array of denominators has 2 users, expected 1
        the denominator of user 1 is -2, expected a finite number of 0 or more
        ");
    }

    #[test]
    fn a_ratio_is_a_ratio_of_sums() {
        let sample = Sample::ratios(vec![2.0, 0.0, 4.0], vec![1.0, 0.0, 2.0]).unwrap();
        assert_eq!((sample.users(), sample.value()), (3, Some(2.0)));
        assert_eq!(Sample::ratios(vec![0.0], vec![0.0]).unwrap().value(), None);
    }
}
