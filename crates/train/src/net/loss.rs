//! The loss: cross-entropy at the places where something is decided or written.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::slices;
use crate::forest::Target;

/// What one row of logits should be.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// A distribution over a few tokens, among which alone the logits are normalised.
    Choice(Target),
    /// One token of all.
    Word { token: u32, weight: f32 },
}

/// Weighted mean cross-entropy over rows of logits, shape `[rows, vocabulary]` to `[]`.
#[derive(Clone)]
pub(super) struct CrossEntropy {
    pub(super) wanted: Arc<Vec<Wanted>>,
    pub(super) vocabulary: usize,
}

impl Wanted {
    pub(super) const fn weight(&self) -> f32 {
        match self {
            Self::Choice(target) => target.weight,
            Self::Word { weight, .. } => *weight,
        }
    }

    /// The row's cross-entropy, in nats. Adds the gradient, times `factor`, to `gradient` if there is one.
    fn row(&self, logits: &[f32], factor: f32, gradient: Option<&mut [f32]>) -> f32 {
        match self {
            Self::Choice(target) => {
                let of = |token: u32| logits[token as usize];
                let most = target.next.iter().map(|(token, _)| of(*token)).fold(f32::MIN, f32::max);
                let sum: f32 = target.next.iter().map(|(token, _)| (of(*token) - most).exp()).sum();
                let log_sum = most + sum.ln();
                if let Some(gradient) = gradient {
                    for (token, share) in &target.next {
                        gradient[*token as usize] += factor * ((of(*token) - log_sum).exp() - share);
                    }
                }
                target.next.iter().map(|(token, share)| share * (log_sum - of(*token))).sum()
            }
            Self::Word { token, .. } => {
                let most = logits.iter().copied().fold(f32::MIN, f32::max);
                let sum: f32 = logits.iter().map(|logit| (logit - most).exp()).sum();
                let log_sum = most + sum.ln();
                if let Some(gradient) = gradient {
                    for (gradient, logit) in gradient.iter_mut().zip(logits) {
                        *gradient += factor * (logit - log_sum).exp();
                    }
                    gradient[*token as usize] -= factor;
                }
                log_sum - logits[*token as usize]
            }
        }
    }
}

impl CrossEntropy {
    fn total_weight(&self) -> f32 {
        self.wanted.iter().map(Wanted::weight).sum::<f32>().max(f32::MIN_POSITIVE)
    }

    /// By row, in nats.
    pub(super) fn rows(&self, logits: &[f32]) -> Vec<f32> {
        let rows = logits.par_chunks(self.vocabulary).zip(self.wanted.par_iter());
        rows.map(|(logits, wanted)| wanted.row(logits, 0.0, None)).collect()
    }
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let rows = self.rows(slices::of(storage, layout)?);
        let sum: f32 = rows.iter().zip(&*self.wanted).map(|(row, wanted)| row * wanted.weight()).sum();
        Ok((CpuStorage::F32(vec![sum / self.total_weight()]), Shape::from(())))
    }

    fn bwd(&self, logits: &Tensor, _loss: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let scale = gradient.to_scalar::<f32>()? / self.total_weight();
        let dx = slices::on(logits, |logits| {
            let mut dx = vec![0.0; logits.len()];
            dx.par_chunks_mut(self.vocabulary)
                .zip(logits.par_chunks(self.vocabulary))
                .zip(self.wanted.par_iter())
                .for_each(|((dx, logits), wanted)| {
                    wanted.row(logits, scale * wanted.weight(), Some(dx));
                });
            Ok(dx)
        })?;
        Ok(Some(Tensor::from_vec(dx, logits.shape(), logits.device())?))
    }
}
