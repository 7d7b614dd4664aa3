//! The gate of the feed-forward layer: `SwiGLU` (Shazeer 2020).

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::slices;

/// silu(a) b for rows `[a, b]`: shape `[rows, 2 width]` to `[rows, width]`.
pub(super) struct SwiGlu {
    pub(super) width: usize,
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

impl CustomOp1 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let xs = slices::of(storage, layout)?;
        let rows = xs.len() / (2 * self.width);
        let mut out = vec![0.0; rows * self.width];
        out.par_chunks_mut(self.width).zip(xs.par_chunks(2 * self.width)).for_each(|(out, row)| {
            let (gate, up) = row.split_at(self.width);
            for ((out, a), b) in out.iter_mut().zip(gate).zip(up) {
                *out = a * sigmoid(*a) * b;
            }
        });
        Ok((CpuStorage::F32(out), Shape::from((rows, self.width))))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let dx = slices::on(x, |xs| {
            slices::on(gradient, |gs| {
                let mut dx = vec![0.0; xs.len()];
                dx.par_chunks_mut(2 * self.width)
                    .zip(xs.par_chunks(2 * self.width))
                    .zip(gs.par_chunks(self.width))
                    .for_each(|((dx, row), g)| {
                        let (gate, up) = row.split_at(self.width);
                        let (d_gate, d_up) = dx.split_at_mut(self.width);
                        let pairs = d_gate.iter_mut().zip(d_up).zip(gate.iter().zip(up).zip(g));
                        for ((d_gate, d_up), ((a, b), g)) in pairs {
                            let s = sigmoid(*a);
                            *d_up = g * a * s;
                            *d_gate = g * b * s * (1.0 + a * (1.0 - s));
                        }
                    });
                Ok(dx)
            })
        })?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
