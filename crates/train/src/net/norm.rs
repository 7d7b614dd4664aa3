//! Root-mean-square norm (Zhang and Sennrich 2019) with its gradient in one pass.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::slices;

/// y = w x / sqrt(mean(x^2) + epsilon), by row. Arguments: x of shape `[rows, width]`, w of shape `[width]`.
pub(super) struct RmsNorm {
    pub(super) epsilon: f32,
}

impl RmsNorm {
    /// 1 / sqrt(mean(x^2) + epsilon)
    fn scale(&self, row: &[f32]) -> f32 {
        let squares: f32 = row.iter().map(|x| x * x).sum();
        (squares / row.len() as f32 + self.epsilon).sqrt().recip()
    }
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (xs, ws) = (slices::of(x, x_layout)?, slices::of(w, w_layout)?);
        let mut out = vec![0.0; xs.len()];
        out.par_chunks_mut(ws.len()).zip(xs.par_chunks(ws.len())).for_each(|(out, row)| {
            let scale = self.scale(row);
            for ((out, x), w) in out.iter_mut().zip(row).zip(ws) {
                *out = x * scale * w;
            }
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let width = w.elem_count();
        let (dx, dw) = slices::on(x, |xs| {
            slices::on(w, |ws| {
                slices::on(gradient, |gs| {
                    let mut dx = vec![0.0; xs.len()];
                    dx.par_chunks_mut(width).zip(xs.par_chunks(width)).zip(gs.par_chunks(width)).for_each(
                        |((dx, row), g)| {
                            let scale = self.scale(row);
                            let dot: f32 = row.iter().zip(g).zip(ws).map(|((x, g), w)| x * g * w).sum();
                            let pull = dot * scale * scale / width as f32;
                            for (((dx, x), g), w) in dx.iter_mut().zip(row).zip(g).zip(ws) {
                                *dx = scale * (g * w - x * pull);
                            }
                        },
                    );
                    let mut dw = vec![0.0; width];
                    for (row, g) in xs.chunks(width).zip(gs.chunks(width)) {
                        let scale = self.scale(row);
                        for ((dw, x), g) in dw.iter_mut().zip(row).zip(g) {
                            *dw += x * g * scale;
                        }
                    }
                    Ok((dx, dw))
                })
            })
        })?;
        let tensor = |data: Vec<f32>, like: &Tensor| Tensor::from_vec(data, like.shape(), like.device());
        Ok((Some(tensor(dx, x)?), Some(tensor(dw, w)?)))
    }
}
