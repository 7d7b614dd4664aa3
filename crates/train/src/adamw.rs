//! `AdamW` (Loshchilov and Hutter 2019) with its moments in reach, so that a training can be taken up again.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor};
use rayon::prelude::*;

use crate::net::Net;

/// Decay of the means of gradients and of their squares.
const BETAS: (f64, f64) = (0.9, 0.95);
const EPSILON: f64 = 1e-8;

/// Running means of a parameter's gradient and of its square.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    pub(crate) mean: Vec<f32>,
    pub(crate) square: Vec<f32>,
}

/// The optimiser.
#[derive(Debug)]
pub(crate) struct AdamW {
    /// By parameter.
    pub(crate) moments: BTreeMap<String, Moments>,
}

impl AdamW {
    pub(crate) fn new(net: &Net) -> Self {
        let zero = |length: usize| Moments { mean: vec![0.0; length], square: vec![0.0; length] };
        let moments = net.parameters().iter().map(|(name, var)| (name.clone(), zero(var.elem_count())));
        Self { moments: moments.collect() }
    }

    /// One step, counted from 0. Gradients longer than `clip`, all parameters taken together, are cut to it. Gives the
    /// length before the cut.
    pub(crate) fn step(
        &mut self,
        net: &Net,
        gradients: &GradStore,
        step: u64,
        rate: f64,
        weight_decay: f64,
        clip: f64,
    ) -> Result<f64> {
        let mut all = Vec::with_capacity(net.parameters().len());
        let mut squares = 0.0;
        for parameter in net.parameters().values() {
            let gradient = match gradients.get(parameter) {
                Some(gradient) => gradient.flatten_all()?.to_vec1::<f32>()?,
                None => vec![0.0; parameter.elem_count()],
            };
            squares += gradient.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>();
            all.push(gradient);
        }
        let length = squares.sqrt();
        let scale = if length > clip { clip / length } else { 1.0 } as f32;
        let power = (step + 1) as i32;
        let correct = ((1.0 - BETAS.0.powi(power)) as f32, (1.0 - BETAS.1.powi(power)) as f32);
        let (beta, beta_square) = (BETAS.0 as f32, BETAS.1 as f32);
        for ((name, parameter), gradient) in net.parameters().iter().zip(all) {
            let Some(Moments { mean, square }) = self.moments.get_mut(name) else {
                candle_core::bail!("the optimiser does not know {name}");
            };
            // Norms are not drawn to 0.
            let decay = if parameter.rank() > 1 { (rate * weight_decay) as f32 } else { 0.0 };
            let mut values = parameter.flatten_all()?.to_vec1::<f32>()?;
            values
                .par_iter_mut()
                .zip(&gradient)
                .zip(mean.par_iter_mut().zip(square.par_iter_mut()))
                .with_min_len(1 << 14)
                .for_each(|((value, gradient), (mean, square))| {
                    let g = gradient * scale;
                    *mean = beta * *mean + (1.0 - beta) * g;
                    *square = beta_square * *square + (1.0 - beta_square) * g * g;
                    let move_by = (*mean / correct.0) / ((*square / correct.1).sqrt() + EPSILON as f32);
                    *value -= rate as f32 * move_by + decay * *value;
                });
            parameter.set(&Tensor::from_vec(values, parameter.shape(), parameter.device())?)?;
        }
        Ok(length)
    }
}
