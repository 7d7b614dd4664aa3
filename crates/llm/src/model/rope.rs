//! Rotary position embedding from a table.

use std::f64::consts::PI;

use crate::config::{Rope, RopeScaling};

/// Cosines and sines of all positions.
#[derive(Debug)]
pub(crate) struct RopeTable {
    /// `(positions, 2, head_dim / 2)`: cosines, then sines.
    values: Vec<f32>,
    half: usize,
}

/// Angle per position of each pair of dimensions, and the factor on cosines and sines.
fn frequencies(rope: &Rope, head_dim: usize) -> (Vec<f64>, f64) {
    let base = |pair: usize| rope.theta.powf(-((2 * pair) as f64) / head_dim as f64);
    let plain: Vec<f64> = (0..head_dim / 2).map(base).collect();
    match rope.scaling {
        RopeScaling::None => (plain, 1.0),
        RopeScaling::Linear { factor } => (plain.iter().map(|x| x / factor).collect(), 1.0),
        RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => {
            let context = original_context as f64;
            let scale = |&x: &f64| {
                let wavelength = 2.0 * PI / x;
                if wavelength > context / low_freq_factor {
                    x / factor
                } else if wavelength < context / high_freq_factor {
                    x
                } else {
                    let smooth =
                        (context / wavelength - low_freq_factor) / (high_freq_factor - low_freq_factor);
                    (1.0 - smooth) * x / factor + smooth * x
                }
            };
            (plain.iter().map(scale).collect(), 1.0)
        }
        RopeScaling::Yarn { factor, original_context, beta_fast, beta_slow, attention_factor } => {
            let width = head_dim as f64;
            // The dimension that rotates `count` times within the original context.
            let dimension = |count: f64| {
                width * (original_context as f64 / (count * 2.0 * PI)).ln() / (2.0 * rope.theta.ln())
            };
            let low = dimension(beta_fast).floor().max(0.0);
            let mut high = dimension(beta_slow).ceil().min(width - 1.0);
            if high <= low {
                high = low + 0.001;
            }
            let scale = |(pair, x): (usize, &f64)| {
                let slow = ((pair as f64 - low) / (high - low)).clamp(0.0, 1.0);
                x / factor * slow + x * (1.0 - slow)
            };
            let stretched = if factor > 1.0 { 0.1 * factor.ln() + 1.0 } else { 1.0 };
            (plain.iter().enumerate().map(scale).collect(), attention_factor.unwrap_or(stretched))
        }
    }
}

impl RopeTable {
    pub(crate) fn new(rope: &Rope, head_dim: usize, positions: usize) -> Self {
        let (frequencies, factor) = frequencies(rope, head_dim);
        let half = head_dim / 2;
        let mut values = Vec::with_capacity(positions * head_dim);
        for position in 0..positions {
            // The angle in 32 bits, as the models were trained.
            let angles = || frequencies.iter().map(|&x| f64::from(position as f32 * x as f32));
            values.extend(angles().map(|angle| (angle.cos() * factor) as f32));
            values.extend(angles().map(|angle| (angle.sin() * factor) as f32));
        }
        Self { values, half }
    }

    /// Cosines and sines, each `(positions, head_dim / 2)`.
    pub(super) fn columns(&self) -> (Vec<f32>, Vec<f32>) {
        let rows = self.values.chunks_exact(2 * self.half).map(|row| row.split_at(self.half));
        let (cosines, sines): (Vec<&[f32]>, Vec<&[f32]>) = rows.unzip();
        (cosines.concat(), sines.concat())
    }

    /// Rotates one head's vector to a position: pair `(x[i], x[i + half])` by angle `i`.
    pub(crate) fn rotate(&self, head: &mut [f32], position: usize) {
        let row = &self.values[position * 2 * self.half..][..2 * self.half];
        let (cosines, sines) = row.split_at(self.half);
        let (first, second) = head.split_at_mut(self.half);
        for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cosines).zip(sines) {
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_keep_lengths_and_depend_on_distance() {
        let table = RopeTable::new(&Rope { theta: 10_000.0, scaling: RopeScaling::None }, 8, 40);
        let vector: Vec<f32> = (0..8).map(|k| k as f32 - 3.0).collect();
        let at = |position| {
            let mut turned = vector.clone();
            table.rotate(&mut turned, position);
            turned
        };
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        assert_eq!(at(0), vector);
        assert!((dot(&at(17), &at(17)) - dot(&vector, &vector)).abs() < 1e-4);
        assert!((dot(&at(5), &at(9)) - dot(&at(25), &at(29))).abs() < 1e-3);
    }

    #[test]
    fn llama3_scaling_leaves_short_waves_alone() {
        let scaling = RopeScaling::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_context: 8192,
        };
        let plain = frequencies(&Rope { theta: 500_000.0, scaling: RopeScaling::None }, 64).0;
        let scaled = frequencies(&Rope { theta: 500_000.0, scaling }, 64).0;
        assert!((plain[0] - scaled[0]).abs() < 1e-12);
        assert!((plain[31] / scaled[31] - 8.0).abs() < 1e-9);
    }
}
