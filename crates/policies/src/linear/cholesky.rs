//! Cholesky factorisation of small symmetric positive definite matrices.

/// Lower triangular L with L L' = A.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cholesky {
    size: usize,
    /// Row-major, zeros above the diagonal.
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix`, shape `[size, size]`, row-major, of which the lower half is read.
    ///
    /// A matrix that rounding has made singular gets the least pivot that keeps the factor finite; ridge penalties keep
    /// the matrices of this crate away from that.
    pub(crate) fn new(matrix: Vec<f64>, size: usize) -> Self {
        let mut lower = matrix;
        for row in 0..size {
            for column in 0..=row {
                let (a, b) = (row * size, column * size);
                let known: f64 = (0..column).map(|at| lower[a + at] * lower[b + at]).sum();
                let left = lower[a + column] - known;
                lower[a + column] =
                    if row == column { left.max(f64::MIN_POSITIVE).sqrt() } else { left / lower[b + column] };
            }
            lower[row * size + row + 1..(row + 1) * size].fill(0.0);
        }
        Self { size, lower }
    }

    /// A^-1 b.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let size = self.size;
        let mut x = b.to_vec();
        for row in 0..size {
            let known: f64 = (0..row).map(|at| self.lower[row * size + at] * x[at]).sum();
            x[row] = (x[row] - known) / self.lower[row * size + row];
        }
        self.back(&mut x);
        x
    }

    /// L'^-1 e: for standard normal e, a draw from N(0, A^-1).
    pub(crate) fn back(&self, x: &mut [f64]) {
        let size = self.size;
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size).map(|at| self.lower[at * size + row] * x[at]).sum();
            x[row] = (x[row] - known) / self.lower[row * size + row];
        }
    }

    /// A^-1, shape `[size, size]`, row-major.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let mut inverse = Vec::with_capacity(self.size * self.size);
        let mut unit = vec![0.0; self.size];
        for column in 0..self.size {
            unit[column] = 1.0;
            inverse.extend(self.solve(&unit));
            unit[column] = 0.0;
        }
        inverse
    }
}
