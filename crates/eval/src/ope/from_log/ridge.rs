//! Ridge regression by normal equations.

/// The normal equations of a linear model with `width` features, and their Cholesky factor.
pub(super) struct Ridge {
    width: usize,
    /// Lower triangle of the factor, row by row; shape `(width, width)`.
    factor: Vec<f64>,
}

impl Ridge {
    /// Takes the features of the rows at hand, each of shape `(width,)`. The penalty of a coefficient is the mean square
    /// of its feature: as much as one more observation in which the coefficient is 0, whatever the feature's unit.
    pub(super) fn new<'a>(width: usize, rows: impl Iterator<Item = &'a [f32]>) -> Self {
        let (mut gram, mut count) = (vec![0.0; width * width], 0.0f64);
        for row in rows {
            count += 1.0;
            for (i, own) in row.iter().enumerate().filter(|(_, own)| **own != 0.0) {
                for (j, other) in row[..=i].iter().enumerate() {
                    gram[i * width + j] += f64::from(*own) * f64::from(*other);
                }
            }
        }
        for i in 0..width {
            let own = &mut gram[i * width + i];
            // A feature that is always 0 gets the coefficient 0.
            *own = if *own > 0.0 { *own * (1.0 + 1.0 / count) } else { 1.0 };
        }
        Self { width, factor: cholesky(gram, width) }
    }

    /// The coefficients for outcomes given as the sums over rows of feature times outcome; shape `(width,)`.
    pub(super) fn solve(&self, mut moments: Vec<f64>) -> Vec<f64> {
        let (width, factor) = (self.width, &self.factor);
        for i in 0..width {
            let known: f64 = (0..i).map(|j| factor[i * width + j] * moments[j]).sum();
            moments[i] = (moments[i] - known) / factor[i * width + i];
        }
        for i in (0..width).rev() {
            let known: f64 = (i + 1..width).map(|j| factor[j * width + i] * moments[j]).sum();
            moments[i] = (moments[i] - known) / factor[i * width + i];
        }
        moments
    }
}

/// The lower factor of a symmetric matrix given by its lower triangle. What collinear features leave of a pivot, which
/// the penalty keeps above 0 but for rounding, is held at a billionth of the diagonal.
fn cholesky(mut matrix: Vec<f64>, width: usize) -> Vec<f64> {
    for i in 0..width {
        let diagonal = matrix[i * width + i];
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| matrix[i * width + k] * matrix[j * width + k]).sum();
            let rest = matrix[i * width + j] - known;
            matrix[i * width + j] =
                if i == j { rest.max(1e-9 * diagonal).sqrt() } else { rest / matrix[j * width + j] };
        }
    }
    matrix
}

/// The prediction of a linear model.
pub(super) fn predict(coefficients: &[f64], features: &[f32]) -> f64 {
    coefficients.iter().zip(features).map(|(own, feature)| own * f64::from(*feature)).sum()
}

/// Adds an outcome's products with the features to the moments.
pub(super) fn add_moments(moments: &mut [f64], features: &[f32], outcome: f64) {
    moments.iter_mut().zip(features).for_each(|(own, feature)| *own += f64::from(*feature) * outcome);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[[f32; 3]], outcomes: &[f64]) -> Vec<f64> {
        let ridge = Ridge::new(3, rows.iter().map(<[f32; 3]>::as_slice));
        let mut moments = vec![0.0; 3];
        rows.iter().zip(outcomes).for_each(|(row, outcome)| add_moments(&mut moments, row, *outcome));
        ridge.solve(moments)
    }

    #[test]
    fn many_rows_give_the_law_behind_them() {
        let rows: Vec<[f32; 3]> = (0..4000).map(|i| [1.0, (i % 7) as f32, (i % 11) as f32 / 3.0]).collect();
        let law = |row: &[f32; 3]| 2.0 - 0.5 * f64::from(row[1]) + 3.0 * f64::from(row[2]);
        let outcomes: Vec<f64> = rows.iter().map(law).collect();
        for (found, expected) in fit(&rows, &outcomes).into_iter().zip([2.0, -0.5, 3.0]) {
            assert!((found - expected).abs() < 0.01, "{found} {expected}");
        }
    }

    #[test]
    fn features_without_a_say_and_copies_of_others_do_no_harm() {
        let rows: Vec<[f32; 3]> = (0..100).map(|i| [1.0, 0.0, 1.0 + 0.0 * i as f32]).collect();
        let found = fit(&rows, &[6.0; 100]);
        assert!(found[1].abs() < 1e-12 && (found[0] + found[2] - 6.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn one_row_pulls_half_of_the_way() {
        let found = fit(&[[1.0, 0.0, 0.0]], &[6.0]);
        assert!((found[0] - 3.0).abs() < 1e-12);
    }
}
