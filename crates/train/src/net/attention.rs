//! Causal attention over trees of tokens, with rotary positions, forwards and backwards.
//!
//! A token sees its ancestors and itself, and as many tokens as its position says: so the scores of a head fit a matrix
//! of one row per token and one column per position. A segment's keys are seen by its own rows and by those of all that
//! continues it, which are contiguous: one matrix product each.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::NdTensorView;

use super::slices;
use crate::forest::Segment;

/// What attention needs to know of a forest.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) positions: Vec<u32>,
    pub(super) segments: Vec<Segment>,
    /// One more than the largest position.
    pub(super) span: usize,
}

/// Attention on `[q, k, v]` side by side: shape `[tokens, 3 heads head_dim]` to `[tokens, heads head_dim]`.
#[derive(Clone)]
pub(super) struct TreeAttention {
    pub(super) plan: Arc<Plan>,
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    pub(super) theta: f32,
}

/// One head's matrices, each of shape `[tokens, head_dim]`; queries are rotated and scaled, keys rotated.
struct Head {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
}

/// A matrix within a slice: rows, columns, and the distances between them.
#[derive(Clone, Copy)]
struct Matrix<'a>(&'a [f32], [usize; 2], [usize; 2]);

impl<'a> Matrix<'a> {
    /// Rows of a dense matrix of so many columns.
    const fn rows(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self(data, [rows, columns], [columns, 1])
    }

    const fn transposed(self) -> Self {
        Self(self.0, [self.1[1], self.1[0]], [self.2[1], self.2[0]])
    }

    fn view(self) -> Result<NdTensorView<'a, f32, 2>> {
        let used = (self.1[0] - 1) * self.2[0] + (self.1[1] - 1) * self.2[1] + 1;
        NdTensorView::from_data_with_strides(self.1, &self.0[..used], self.2)
            .map_err(candle_core::Error::wrap)
    }
}

/// out = a b + beta out
fn product(
    gemm: &GemmExecutor<f32, f32, f32>,
    out: &mut [f32],
    a: Matrix<'_>,
    b: Matrix<'_>,
    beta: f32,
) -> Result<()> {
    let options = GemmOptions { beta, ..GemmOptions::default() };
    let (a, b) = (a.view()?, b.view()?);
    match gemm.gemm(out, GemmInputA::Unpacked(a), GemmInputB::Unpacked(b), options) {
        Ok(()) => Ok(()),
        Err(error) => bail!("a matrix product of attention: {error}"),
    }
}

impl TreeAttention {
    const fn width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Cosines and sines by token and pair, shape `[tokens, head_dim / 2]`.
    fn angles(&self) -> Vec<(f32, f32)> {
        let half = self.head_dim / 2;
        let rate = |pair: usize| self.theta.powf(-(2.0 * pair as f32) / self.head_dim as f32);
        let rates: Vec<f32> = (0..half).map(rate).collect();
        let table: Vec<(f32, f32)> = (0..self.plan.span)
            .flat_map(|position| rates.iter().map(move |rate| (position as f32 * rate).sin_cos()))
            .map(|(sin, cos)| (cos, sin))
            .collect();
        let of = |position: &u32| &table[*position as usize * half..][..half];
        self.plan.positions.iter().flat_map(of).copied().collect()
    }

    fn head(&self, qkv: &[f32], head: usize, angles: &[(f32, f32)]) -> Head {
        let (d, width) = (self.head_dim, self.width());
        let tokens = self.plan.positions.len();
        let scale = (d as f32).sqrt().recip();
        let mut parts = Head { q: vec![0.0; tokens * d], k: vec![0.0; tokens * d], v: vec![0.0; tokens * d] };
        for token in 0..tokens {
            let row = &qkv[token * 3 * width..][..3 * width];
            let angles = &angles[token * d / 2..][..d / 2];
            let own = token * d..(token + 1) * d;
            rotate(&row[head * d..][..d], angles, scale, 1.0, &mut parts.q[own.clone()]);
            rotate(&row[width + head * d..][..d], angles, 1.0, 1.0, &mut parts.k[own.clone()]);
            parts.v[own].copy_from_slice(&row[2 * width + head * d..][..d]);
        }
        parts
    }

    /// The attention weights of a head, shape `[tokens, span]`; what a token does not see is 0.
    fn weights(&self, gemm: &GemmExecutor<f32, f32, f32>, head: &Head) -> Result<Vec<f32>> {
        let (d, span) = (self.head_dim, self.plan.span);
        let mut weights = vec![0.0; self.plan.positions.len() * span];
        let mut scores = Vec::new();
        for segment in &self.plan.segments {
            let rows = segment.end - segment.start;
            scores.resize(rows * segment.len, 0.0);
            let queries = Matrix::rows(&head.q[segment.start * d..], rows, d);
            let keys = Matrix::rows(&head.k[segment.start * d..], segment.len, d);
            product(gemm, &mut scores, queries, keys.transposed(), 0.0)?;
            let column = self.plan.positions[segment.start] as usize;
            for (row, scores) in scores.chunks(segment.len).enumerate() {
                let seen = segment.len.min(row + 1);
                weights[(segment.start + row) * span + column..][..seen].copy_from_slice(&scores[..seen]);
            }
        }
        for (row, position) in weights.chunks_mut(span).zip(&self.plan.positions) {
            let seen = &mut row[..=*position as usize];
            let most = seen.iter().copied().fold(f32::MIN, f32::max);
            let mut sum = 0.0;
            for score in &mut *seen {
                *score = (*score - most).exp();
                sum += *score;
            }
            let share = 1.0 / sum;
            for score in seen {
                *score *= share;
            }
        }
        Ok(weights)
    }

    /// The part of the weights that belongs to a segment's keys: rows of its own and of all that continues it.
    fn part<'a>(&self, weights: &'a [f32], segment: &Segment) -> Matrix<'a> {
        let span = self.plan.span;
        let column = self.plan.positions[segment.start] as usize;
        let rows = segment.end - segment.start;
        Matrix(&weights[segment.start * span + column..], [rows, segment.len], [span, 1])
    }

    fn forward(&self, qkv: &[f32]) -> Result<Vec<f32>> {
        let (d, width, tokens) = (self.head_dim, self.width(), self.plan.positions.len());
        let angles = self.angles();
        let heads = (0..self.heads).into_par_iter().map(|head| {
            let gemm = GemmExecutor::default();
            let parts = self.head(qkv, head, &angles);
            let weights = self.weights(&gemm, &parts)?;
            let mut out = vec![0.0; tokens * d];
            for segment in &self.plan.segments {
                let values = Matrix::rows(&parts.v[segment.start * d..], segment.len, d);
                let out = &mut out[segment.start * d..segment.end * d];
                product(&gemm, out, self.part(&weights, segment), values, 1.0)?;
            }
            Ok(out)
        });
        let heads: Vec<Vec<f32>> = heads.collect::<Result<_>>()?;
        let mut out = vec![0.0; tokens * width];
        for (token, row) in out.chunks_mut(width).enumerate() {
            for (out, head) in row.chunks_mut(d).zip(&heads) {
                out.copy_from_slice(&head[token * d..][..d]);
            }
        }
        Ok(out)
    }

    /// The gradient of one head, as `[q, k, v]` of shape `[tokens, head_dim]` each, before the rotation is undone.
    fn backward_head(&self, parts: &Head, out: &[f32]) -> Result<Head> {
        let (d, span, tokens) = (self.head_dim, self.plan.span, self.plan.positions.len());
        let gemm = GemmExecutor::default();
        let mut weights = self.weights(&gemm, parts)?;
        let mut back = Head { q: vec![0.0; tokens * d], k: vec![0.0; tokens * d], v: vec![0.0; tokens * d] };
        let mut slopes = vec![0.0; tokens * span];
        let mut products = Vec::new();
        for segment in &self.plan.segments {
            let (start, len, rows) = (segment.start, segment.len, segment.end - segment.start);
            let gradient = Matrix::rows(&out[start * d..], rows, d);
            let values = &mut back.v[start * d..(start + len) * d];
            product(&gemm, values, self.part(&weights, segment).transposed(), gradient, 0.0)?;
            products.resize(rows * len, 0.0);
            let values = Matrix::rows(&parts.v[start * d..], len, d);
            product(&gemm, &mut products, gradient, values.transposed(), 0.0)?;
            let column = self.plan.positions[start] as usize;
            for (row, products) in products.chunks(len).enumerate() {
                let seen = len.min(row + 1);
                slopes[(start + row) * span + column..][..seen].copy_from_slice(&products[..seen]);
            }
        }
        // Through the softmax: w (s - sum w s).
        for ((weights, slopes), position) in
            weights.chunks_mut(span).zip(slopes.chunks(span)).zip(&self.plan.positions)
        {
            let seen = *position as usize + 1;
            let mean: f32 = weights[..seen].iter().zip(&slopes[..seen]).map(|(w, s)| w * s).sum();
            for (weight, slope) in weights[..seen].iter_mut().zip(&slopes[..seen]) {
                *weight *= slope - mean;
            }
        }
        for segment in &self.plan.segments {
            let (start, len, rows) = (segment.start, segment.len, segment.end - segment.start);
            let part = self.part(&weights, segment);
            let keys = Matrix::rows(&parts.k[start * d..], len, d);
            product(&gemm, &mut back.q[start * d..segment.end * d], part, keys, 1.0)?;
            let queries = Matrix::rows(&parts.q[start * d..], rows, d);
            product(&gemm, &mut back.k[start * d..(start + len) * d], part.transposed(), queries, 0.0)?;
        }
        Ok(back)
    }

    fn backward(&self, qkv: &[f32], out: &[f32]) -> Result<Vec<f32>> {
        let (d, width, tokens) = (self.head_dim, self.width(), self.plan.positions.len());
        let angles = self.angles();
        let heads = (0..self.heads).into_par_iter().map(|head| {
            let own: Vec<f32> = out.chunks(width).flat_map(|row| &row[head * d..][..d]).copied().collect();
            self.backward_head(&self.head(qkv, head, &angles), &own)
        });
        let heads: Vec<Head> = heads.collect::<Result<_>>()?;
        let scale = (d as f32).sqrt().recip();
        let mut gradient = vec![0.0; tokens * 3 * width];
        for (token, row) in gradient.chunks_mut(3 * width).enumerate() {
            let angles = &angles[token * d / 2..][..d / 2];
            let own = token * d..(token + 1) * d;
            for (head, back) in heads.iter().enumerate() {
                rotate(&back.q[own.clone()], angles, scale, -1.0, &mut row[head * d..][..d]);
                rotate(&back.k[own.clone()], angles, 1.0, -1.0, &mut row[width + head * d..][..d]);
                row[2 * width + head * d..][..d].copy_from_slice(&back.v[own.clone()]);
            }
        }
        Ok(gradient)
    }
}

/// Rotary position (Su et al. 2021) in Llama's order: number i is paired with number i + half. `turn` is 1, or -1 to
/// undo it.
fn rotate(x: &[f32], angles: &[(f32, f32)], scale: f32, turn: f32, out: &mut [f32]) {
    let half = x.len() / 2;
    for (i, &(cos, sin)) in angles.iter().enumerate() {
        let (a, b) = (x[i] * scale, x[i + half] * scale);
        out[i] = a * cos - b * sin * turn;
        out[i + half] = b * cos + a * sin * turn;
    }
}

impl CustomOp1 for TreeAttention {
    fn name(&self) -> &'static str {
        "tree-attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = self.forward(slices::of(storage, layout)?)?;
        Ok((CpuStorage::F32(out), Shape::from((self.plan.positions.len(), self.width()))))
    }

    fn bwd(&self, qkv: &Tensor, _out: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let back = slices::on(qkv, |qkv| slices::on(gradient, |gradient| self.backward(qkv, gradient)))?;
        Ok(Some(Tensor::from_vec(back, qkv.shape(), qkv.device())?))
    }
}
