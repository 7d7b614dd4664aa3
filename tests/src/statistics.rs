//! Means and how sure they are.

/// A mean over independent units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

impl Mean {
    /// Lower end of the 99% interval (normal approximation).
    pub fn low(self) -> f64 {
        self.value - 2.576 * self.error
    }

    /// Upper end of the 99% interval.
    pub fn high(self) -> f64 {
        self.value + 2.576 * self.error
    }
}

/// Mean of the values with its standard error.
pub fn mean(values: &[f64]) -> Mean {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|each| (each - value).powi(2)).sum::<f64>() / (count - 1.0);
    Mean { value, error: (variance / count).sqrt() }
}
