//! Maximum likelihood of a temperature and offsets.

/// Newton steps that are tried before giving up.
const STEPS: usize = 100;
/// Halvings of a step that does not help.
const HALVINGS: usize = 40;
/// Offsets beyond this mean that the likelihood has no maximum.
const FAR: f64 = 100.0;

/// Observed choices among the same options, with the log-probabilities a model gave them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choices {
    /// Number of options.
    pub options: usize,
    /// Natural logarithms, finite; shape `[choices, options]`, row-major.
    pub logs: Vec<f64>,
    /// What should have been chosen; shape `[choices]`.
    pub chosen: Vec<usize>,
}

/// A fitted calibration: an option is chosen in proportion to exp(`slope` ln p + its offset).
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// 1 / temperature.
    pub slope: f64,
    /// By option; 0 for the first.
    pub offsets: Vec<f64>,
    /// Mean negative log-likelihood of a choice, natural logarithm.
    pub loss: f64,
}

/// Sums over choices at one point of the parameters (slope, offsets of all options but the first).
struct Point {
    loss: f64,
    gradient: Vec<f64>,
    /// Shape `[parameters, parameters]`.
    curvature: Vec<Vec<f64>>,
}

impl Choices {
    /// The mean negative log-likelihood of a choice with this slope and these offsets.
    pub fn loss(&self, slope: f64, offsets: &[f64]) -> f64 {
        let parameters: Vec<f64> = [slope].into_iter().chain(offsets.iter().skip(1).copied()).collect();
        self.point(&parameters).loss / self.chosen.len().max(1) as f64
    }

    /// Slope and offsets of the greatest likelihood, by Newton's method with halved steps. The negative log-likelihood is
    /// convex (multinomial logistic regression on the logarithms), so there is at most one minimum. With a `slope` only
    /// the offsets are fitted.
    ///
    /// # Errors
    /// In words, if there is no choice, an option is never chosen, or the likelihood has no maximum because the model tells
    /// what was chosen from what was not without a mistake.
    pub fn fit(&self, slope: Option<f64>) -> Result<Fitted, String> {
        if let Some(never) = (0..self.options).find(|option| !self.chosen.contains(option)) {
            return Err(format!("option {never} is never chosen, expected each at least once"));
        }
        let mut parameters = vec![0.0; self.options];
        parameters[0] = slope.unwrap_or(1.0);
        let free = usize::from(slope.is_some())..self.options;
        let mut point = self.point(&parameters);
        for _ in 0..STEPS {
            let matrix: Vec<Vec<f64>> =
                free.clone().map(|row| point.curvature[row][free.clone()].to_vec()).collect();
            let Some(step) = solve(matrix, point.gradient[free.clone()].to_vec()) else {
                return Err(
                    "the model's probabilities hardly vary, which leaves the temperature open".to_owned()
                );
            };
            let decrement: f64 = step.iter().zip(&point.gradient[free.clone()]).map(|(a, b)| a * b).sum();
            if decrement < 1e-12 * self.chosen.len() as f64 {
                let offsets = [0.0].into_iter().chain(parameters[1..].iter().copied()).collect();
                return Ok(Fitted {
                    slope: parameters[0],
                    offsets,
                    loss: point.loss / self.chosen.len() as f64,
                });
            }
            let mut scale = 1.0;
            let better = (0..HALVINGS).find_map(|_| {
                let mut next = parameters.clone();
                next[free.clone()].iter_mut().zip(&step).for_each(|(value, step)| *value -= scale * step);
                let found = self.point(&next);
                let enough = found.loss <= point.loss - 1e-4 * scale * decrement;
                scale *= 0.5;
                enough.then_some((next, found))
            });
            let Some(found) = better else { break };
            (parameters, point) = found;
            if point.loss < 1e-9 * self.chosen.len() as f64
                || parameters.iter().any(|value| value.abs() > FAR)
            {
                break;
            }
        }
        Err("the likelihood has no maximum within reach: liked and other items are told apart without a mistake, or by so \
             little that the parameters run away"
            .to_owned())
    }

    fn point(&self, parameters: &[f64]) -> Point {
        let size = self.options;
        let mut point =
            Point { loss: 0.0, gradient: vec![0.0; size], curvature: vec![vec![0.0; size]; size] };
        for (logs, &chosen) in self.logs.chunks_exact(size.max(1)).zip(&self.chosen) {
            let score = |option: usize| {
                parameters[0] * logs[option] + if option > 0 { parameters[option] } else { 0.0 }
            };
            let largest = (0..size).map(score).fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = (0..size).map(|option| (score(option) - largest).exp()).collect();
            let total: f64 = weights.iter().sum();
            let shares: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
            point.loss += total.ln() + largest - score(chosen);
            // What parameter k multiplies in the score of an option: its logarithm, or whether it is option k.
            let feature = |parameter: usize, option: usize| match parameter {
                0 => logs[option],
                parameter => f64::from(u8::from(parameter == option)),
            };
            let mean =
                |parameter| (0..size).map(|option| shares[option] * feature(parameter, option)).sum::<f64>();
            let means: Vec<f64> = (0..size).map(mean).collect();
            for a in 0..size {
                point.gradient[a] += means[a] - feature(a, chosen);
                for b in 0..size {
                    let product = |option| shares[option] * feature(a, option) * feature(b, option);
                    point.curvature[a][b] += (0..size).map(product).sum::<f64>() - means[a] * means[b];
                }
            }
        }
        point
    }
}

/// The solution of `matrix x = right` by elimination with pivots; `None` if the matrix is singular.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    let scale = matrix.iter().flatten().fold(0.0_f64, |most, value| most.max(value.abs()));
    for at in 0..size {
        let pivot = (at..size).max_by(|a, b| matrix[*a][at].abs().total_cmp(&matrix[*b][at].abs()))?;
        if matrix[pivot][at].abs() <= 1e-13 * scale {
            return None;
        }
        matrix.swap(at, pivot);
        right.swap(at, pivot);
        for row in at + 1..size {
            let factor = matrix[row][at] / matrix[at][at];
            let (above, below) = matrix.split_at_mut(row);
            below[0][at..].iter_mut().zip(&above[at][at..]).for_each(|(one, other)| *one -= factor * other);
            right[row] -= factor * right[at];
        }
    }
    for at in (0..size).rev() {
        let after: f64 = (at + 1..size).map(|column| matrix[at][column] * right[column]).sum();
        right[at] = (right[at] - after) / matrix[at][at];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use habitue_core::{Purpose, Streams};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use rand::RngExt;

    use super::*;

    /// Choices drawn from a model's probabilities after a calibration.
    fn drawn(count: usize, slope: f64, offsets: &[f64], seed: u64) -> Choices {
        let mut stream = Streams::new(seed).stream(Purpose::Decision, 0, 0);
        let mut choices = Choices { options: offsets.len(), ..Choices::default() };
        for _ in 0..count {
            let raw: Vec<f64> = offsets.iter().map(|_| stream.random_range(-2.0..2.0)).collect();
            let total: f64 = raw.iter().map(|raw: &f64| raw.exp()).sum();
            let logs: Vec<f64> = raw.iter().map(|raw| raw - total.ln()).collect();
            let weights: Vec<f64> =
                logs.iter().zip(offsets).map(|(log, offset)| (slope * log + offset).exp()).collect();
            let mut point = stream.random_range(0.0..weights.iter().sum());
            let chosen = weights.iter().position(|weight| {
                point -= weight;
                point < 0.0
            });
            choices.chosen.push(chosen.unwrap_or(offsets.len() - 1));
            choices.logs.extend(logs);
        }
        choices
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 24, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn planted_temperatures_and_offsets_are_recovered(
            temperature in 0.4..3.0_f64, offset in -1.5..1.5_f64, third in prop::option::of(-1.0..1.0_f64),
            seed in 0..1000_u64,
        ) {
            let offsets: Vec<f64> = [0.0, offset].into_iter().chain(third).collect();
            let choices = drawn(12_000, 1.0 / temperature, &offsets, seed);
            let fitted = choices.fit(None).unwrap();
            prop_assert!((fitted.slope * temperature - 1.0).abs() < 0.2, "{fitted:?}");
            for (found, planted) in fitted.offsets.iter().zip(&offsets) {
                prop_assert!((found - planted).abs() < 0.15, "{fitted:?}");
            }
            prop_assert!(fitted.loss <= choices.loss(1.0 / temperature, &offsets) + 1e-12);
            // At the maximum of the likelihood, options are chosen as often as they were.
            let again = Choices { chosen: choices.chosen.clone(), ..choices.clone() };
            prop_assert_eq!(again.fit(Some(fitted.slope)).map(|one| (one.loss - fitted.loss).abs() < 1e-9), Ok(true));
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        let apart = Choices {
            options: 2,
            logs: vec![-0.1, -2.4, -0.2, -1.7, -1.8, -0.2, -2.4, -0.1],
            chosen: vec![0, 0, 1, 1],
        };
        assert!(apart.fit(None).unwrap_err().contains("without a mistake"));
        let same = Choices { options: 2, logs: [0.5_f64.ln(); 8].into(), chosen: vec![0, 1, 1, 1] };
        assert!(same.fit(None).unwrap_err().contains("hardly vary"));
        // The offsets alone still can: odds of 3 to 1.
        assert!((same.fit(Some(1.0)).unwrap().offsets[1] - 3.0_f64.ln()).abs() < 1e-5);
        let never = Choices { chosen: vec![1; 4], ..same };
        assert_eq!(never.fit(None).unwrap_err(), "option 0 is never chosen, expected each at least once");
    }
}
