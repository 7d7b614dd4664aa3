//! How many users it takes to see a difference.

use serde::{Deserialize, Serialize};

use super::student;
use super::t_test::Spread;

/// Most users that are looked for.
const MOST: f64 = 1e12;

/// What is asked of an experiment.
///
/// The power of a t test against a true difference `d` is the probability that a noncentral t with `d / standard error` lies
/// beyond the critical value of the level (Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988, chapter 2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// Chance of calling no difference a difference, two-sided; above 0, below 1.
    pub level: f64,
    /// Chance of seeing a difference that is there; above `level`, below 1.
    pub power: f64,
}

impl Default for Power {
    /// Level 0.05, power 0.8: Cohen's conventions.
    fn default() -> Self {
        Self { level: 0.05, power: 0.8 }
    }
}

impl Power {
    /// Chance of seeing a true difference of this size with the users there were.
    pub fn of(self, spread: Spread, difference: f64) -> f64 {
        self.at(spread, difference, 1.0)
    }

    /// Fewest users with whom a true difference of this size is seen with the power asked for; of arms with different users both
    /// arms together, shared out as they were. `None` without a difference or without spread, and if it is beyond 10^12.
    pub fn users_needed(self, spread: Spread, difference: f64) -> Option<u64> {
        let error = spread.standard_error(1.0);
        if !(difference.is_finite() && difference != 0.0 && error.is_finite() && error > 0.0) {
            return None;
        }
        let least = spread.least_users() as f64;
        // Scales on which the smaller arm has 2 users, and too many.
        let (mut low, mut high) = (2.0 / least, MOST / least);
        if self.at(spread, difference, high) < self.power {
            return None;
        }
        if self.at(spread, difference, low) >= self.power {
            high = low;
        }
        while high > low * (1.0 + 1e-12) {
            let middle = (low * high).sqrt();
            if middle <= low || middle >= high {
                break;
            }
            if self.at(spread, difference, middle) < self.power { low = middle } else { high = middle }
        }
        // A whole number that the search missed by a rounding is that number.
        let whole = |users: u64| (users as f64 * high - 1e-6).ceil() as u64;
        Some(match spread {
            Spread::Paired { users, .. } => whole(users),
            Spread::Unpaired { users, .. } => whole(users[0]) + whole(users[1]),
        })
    }

    /// The smallest true difference that is seen with the power asked for by the users there were; `None` without spread.
    pub fn visible(self, spread: Spread) -> Option<f64> {
        let error = spread.standard_error(1.0);
        if !(error.is_finite() && error > 0.0) {
            return None;
        }
        let (mut low, mut high) = (0.0, error);
        while self.of(spread, high) < self.power {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.of(spread, middle) < self.power { low = middle } else { high = middle }
        }
        Some(high)
    }

    fn at(self, spread: Spread, difference: f64, scale: f64) -> f64 {
        let error = spread.standard_error(scale);
        let degrees = spread.degrees(scale).max(1.0);
        if !(error > 0.0 && degrees.is_finite()) {
            return if difference == 0.0 { self.level } else { 1.0 };
        }
        student::noncentral_beyond(student::critical(self.level, degrees), degrees, difference / error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPREAD: Spread = Spread::Unpaired { users: [300, 100], variances: [4.0, 1.0] };

    #[test]
    fn planning_and_looking_back_agree() {
        let power = Power::default();
        let visible = power.visible(SPREAD).unwrap();
        assert!((power.of(SPREAD, visible) - 0.8).abs() < 1e-9);
        assert_eq!(power.users_needed(SPREAD, visible), Some(400));
        // Half the effect takes about four times the users.
        let half = power.users_needed(SPREAD, -visible / 2.0).unwrap();
        assert!((1_570..1_600).contains(&half), "{half}");
        assert!((power.of(SPREAD, 0.0) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn without_a_difference_no_number_of_users_is_enough() {
        let power = Power::default();
        let still = Spread::Paired { users: 9, variance: 0.0 };
        assert_eq!((power.users_needed(SPREAD, 0.0), power.users_needed(SPREAD, 1e-9)), (None, None));
        assert_eq!((power.users_needed(SPREAD, f64::NAN), power.users_needed(still, 1.0)), (None, None));
        assert_eq!((power.visible(still), power.of(still, 1.0)), (None, 1.0));
        assert_eq!(power.users_needed(Spread::Paired { users: 9, variance: 1.0 }, 1e9), Some(2));
    }
}
