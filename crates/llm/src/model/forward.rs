//! One forward pass over the packed rows of many sequences.

use std::ops::Range;

use rayon::prelude::*;

use super::attention::{self, Tile};
use super::linear::Quantised;
use super::{Layer, Model};
use crate::cache::{PAGE, Pages};
use crate::engine::{Logits, TokenSet};
use crate::error::LlmError;
use crate::kernel::{add_rows, rms_norm, silu_multiply};

/// Rows that a thread takes through a layer's matrices together.
const CHUNK: usize = 64;

/// Rows a thread from which on threads share rows; below, they share the columns of each matrix.
const ROWS_A_THREAD: usize = 40;

/// A token to compute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub token: u32,
    pub position: u32,
    /// Whether its keys and values are new.
    pub store: bool,
}

/// Rows of one sequence.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// In the batch; positions rise.
    pub rows: Range<usize>,
    /// Pages of the sequence up to its last row.
    pub pages: Vec<u32>,
}

/// Logits to return.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub row: usize,
    pub tokens: TokenSet,
}

/// The work of one pass.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) rows: Vec<Row>,
    pub(super) segments: Vec<Segment>,
    pub(super) outputs: Vec<Output>,
    /// By row.
    owner: Vec<u32>,
    pub(super) tiles: Vec<Tile>,
}

impl Batch {
    /// Adds rows of a sequence; the outputs' rows count from its first.
    pub(crate) fn push(&mut self, rows: &[Row], pages: Vec<u32>, outputs: impl IntoIterator<Item = Output>) {
        let start = self.rows.len();
        self.rows.extend_from_slice(rows);
        self.owner.resize(self.rows.len(), self.segments.len() as u32);
        self.segments.push(Segment { rows: start..self.rows.len(), pages });
        self.outputs.extend(outputs.into_iter().map(|output| Output { row: start + output.row, ..output }));
    }

    /// Rows in it.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn segment(&self, row: usize) -> &Segment {
        &self.segments[self.owner[row] as usize]
    }
}

/// Buffers of a thread.
#[derive(Debug, Default)]
pub(super) struct Room {
    quantised: Quantised,
    normed: Vec<f32>,
    gathered: Vec<f32>,
    projected: Vec<f32>,
    gate_up: Vec<f32>,
    active: Vec<f32>,
}

/// Attention's output, `(kv_heads, rows, width)`.
struct Attended<'a> {
    values: &'a [f32],
    rows: usize,
    width: usize,
}

impl Model {
    /// Computes a batch: writes its new keys and values, returns the logits of its outputs.
    pub(crate) fn forward(&self, mut batch: Batch, pages: &mut Pages) -> Result<Vec<Logits>, LlmError> {
        batch.tiles = attention::tiles(&batch, self.config.heads / self.config.kv_heads);
        self.threads.install(|| self.pass(&batch, pages))
    }

    fn pass(&self, batch: &Batch, pages: &mut Pages) -> Result<Vec<Logits>, LlmError> {
        let (config, count) = (&self.config, batch.rows.len());
        if count == 0 {
            return Ok(Vec::new());
        }
        let hidden = config.hidden;
        let mut x = vec![0.0; count * hidden];
        for (row, x) in batch.rows.iter().zip(x.chunks_exact_mut(hidden)) {
            match &self.embedding {
                Some(table) => table.row(row.token as usize, x),
                None => self.head.row(row.token as usize, x),
            }
        }
        let mut qkv = vec![0.0; count * self.layers[0].qkv.outputs()];
        let mut attended = vec![0.0; count * config.heads * config.head_dim];
        self.stage(None, self.layers.first(), batch, &attended, &mut x, &mut qkv)?;
        for (index, layer) in self.layers.iter().enumerate() {
            self.store(index, batch, &qkv, pages);
            self.attend(index, pages.layer(index), batch, &qkv, &mut attended);
            match self.layers.get(index + 1) {
                Some(next) => self.stage(Some(layer), Some(next), batch, &attended, &mut x, &mut qkv)?,
                None => return self.outputs(layer, batch, &attended, &x),
            }
        }
        Ok(Vec::new())
    }

    /// What lies between two attentions: the rest of layer `done`, then queries, keys and values of layer `next`.
    /// Rows do not see each other here, so threads take rows where there are many, and columns where there are few.
    fn stage(
        &self,
        done: Option<&Layer>,
        next: Option<&Layer>,
        batch: &Batch,
        attended: &[f32],
        x: &mut [f32],
        qkv: &mut [f32],
    ) -> Result<(), LlmError> {
        let count = batch.rows.len();
        let attended = self.attended(attended, count);
        let stage = |first: usize, x: &mut [f32], qkv: &mut [f32], spread: bool| {
            let mut room = self.rooms.lock().ok().and_then(|mut rooms| rooms.pop()).unwrap_or_default();
            let rows = first..first + x.len() / self.config.hidden;
            if let Some(layer) = done {
                self.finish(layer, &attended, rows.clone(), x, &mut room, spread)?;
            }
            if let Some(layer) = next {
                self.begin(layer, batch, rows, x, qkv, &mut room, spread)?;
            }
            if let Ok(mut rooms) = self.rooms.lock() {
                rooms.push(room);
            }
            Ok(())
        };
        let threads = self.threads.current_num_threads();
        if threads == 1 || count < threads * ROWS_A_THREAD {
            return stage(0, x, qkv, threads > 1);
        }
        let chunk = count.div_ceil(threads).min(CHUNK);
        let width = qkv.len() / count;
        x.par_chunks_mut(chunk * self.config.hidden)
            .zip(qkv.par_chunks_mut(chunk * width))
            .with_max_len(1)
            .enumerate()
            .try_for_each(|(index, (x, qkv))| stage(index * chunk, x, qkv, false))
    }

    fn attended<'a>(&self, values: &'a [f32], rows: usize) -> Attended<'a> {
        let width = self.config.heads / self.config.kv_heads * self.config.head_dim;
        Attended { values, rows, width }
    }

    /// Output projection and feed-forward layer, added to the residual stream of the given rows.
    fn finish(
        &self,
        layer: &Layer,
        attended: &Attended<'_>,
        rows: impl Iterator<Item = usize>,
        x: &mut [f32],
        room: &mut Room,
        spread: bool,
    ) -> Result<(), LlmError> {
        let (hidden, inner) = (self.config.hidden, self.config.intermediate);
        let count = x.len() / hidden;
        let Room { quantised, normed, gathered, projected, gate_up, active } = room;
        gathered.clear();
        for row in rows {
            for head in attended.values.chunks_exact(attended.rows * attended.width) {
                gathered.extend_from_slice(&head[row * attended.width..(row + 1) * attended.width]);
            }
        }
        projected.resize(count * hidden, 0.0);
        layer.output.apply(gathered, projected, quantised, spread)?;
        add_rows(x, projected);
        self.norm(x, &layer.mlp_norm, normed);
        gate_up.resize(count * 2 * inner, 0.0);
        layer.gate_up.apply(normed, gate_up, quantised, spread)?;
        active.resize(count * inner, 0.0);
        for (both, active) in gate_up.chunks_exact(2 * inner).zip(active.chunks_exact_mut(inner)) {
            let (gate, up) = both.split_at(inner);
            silu_multiply(gate, up, active);
        }
        layer.down.apply(active, projected, quantised, spread)?;
        add_rows(x, projected);
        Ok(())
    }

    /// Queries, keys and values, rotated to their positions.
    #[expect(clippy::too_many_arguments, reason = "the rows of one stage, in and out")]
    fn begin(
        &self,
        layer: &Layer,
        batch: &Batch,
        rows: Range<usize>,
        x: &[f32],
        qkv: &mut [f32],
        room: &mut Room,
        spread: bool,
    ) -> Result<(), LlmError> {
        let config = &self.config;
        self.norm(x, &layer.attention_norm, &mut room.normed);
        layer.qkv.apply(&room.normed, qkv, &mut room.quantised, spread)?;
        let width = config.head_dim;
        let mut buffer = vec![0.0; width];
        for (row, qkv) in batch.rows[rows].iter().zip(qkv.chunks_exact_mut(layer.qkv.outputs())) {
            let heads = qkv.chunks_exact_mut(width).take(config.heads + config.kv_heads);
            for (index, head) in heads.enumerate() {
                if let Some((queries, keys)) = &layer.qk_norms {
                    let weight = if index < config.heads { queries } else { keys };
                    buffer.copy_from_slice(head);
                    rms_norm(&buffer, weight, config.norm_epsilon, head);
                }
                self.rope.rotate(head, row.position as usize);
            }
        }
        Ok(())
    }

    fn norm(&self, x: &[f32], weight: &[f32], out: &mut Vec<f32>) {
        let hidden = self.config.hidden;
        out.resize(x.len(), 0.0);
        for (x, out) in x.chunks_exact(hidden).zip(out.chunks_exact_mut(hidden)) {
            rms_norm(x, weight, self.config.norm_epsilon, out);
        }
    }

    /// Writes the new keys and values of a layer.
    fn store(&self, layer: usize, batch: &Batch, qkv: &[f32], pages: &mut Pages) {
        let (config, width) = (&self.config, self.config.head_dim);
        let stride = self.layers[layer].qkv.outputs();
        let padded = width.next_multiple_of(16);
        let layer = pages.layer_mut(layer);
        let (keys, values) = (&mut layer.keys, &mut layer.values);
        // Calls `write(page, slot, row, kv_head)` for every new row and head.
        let each = |mut write: Box<dyn FnMut(u32, usize, usize, usize) + Send + '_>| {
            for segment in &batch.segments {
                for index in segment.rows.clone().filter(|&index| batch.rows[index].store) {
                    let position = batch.rows[index].position as usize;
                    for head in 0..config.kv_heads {
                        write(segment.pages[position / PAGE], position % PAGE, index, head);
                    }
                }
            }
        };
        let first_key = config.heads * width;
        let first_value = first_key + config.kv_heads * width;
        rayon::join(
            || {
                each(Box::new(|page, slot, row, head| {
                    let key = &qkv[row * stride + first_key + head * width..][..width];
                    keys.write(page, head * width * PAGE + slot, PAGE, key);
                }));
            },
            || {
                each(Box::new(|page, slot, row, head| {
                    let value = &qkv[row * stride + first_value + head * width..][..width];
                    values.write(page, (head * PAGE + slot) * padded, 1, value);
                }));
            },
        );
    }

    /// Finishes the last layer for the rows whose logits are wanted, and computes those.
    fn outputs(
        &self,
        layer: &Layer,
        batch: &Batch,
        attended: &[f32],
        x: &[f32],
    ) -> Result<Vec<Logits>, LlmError> {
        let hidden = self.config.hidden;
        let mut rows: Vec<usize> = batch.outputs.iter().map(|output| output.row).collect();
        rows.sort_unstable();
        rows.dedup();
        let mut room = self.rooms.lock().ok().and_then(|mut rooms| rooms.pop()).unwrap_or_default();
        let mut last: Vec<f32> =
            rows.iter().flat_map(|row| &x[row * hidden..(row + 1) * hidden]).copied().collect();
        let attended = self.attended(attended, batch.rows.len());
        let mut normed = Vec::new();
        if !rows.is_empty() {
            self.finish(layer, &attended, rows.iter().copied(), &mut last, &mut room, true)?;
            self.norm(&last, &self.norm, &mut normed);
        }
        let mut logits = vec![Logits::new(); batch.outputs.len()];
        let mut whole = Vec::new();
        for (index, output) in batch.outputs.iter().enumerate() {
            let at = rows.partition_point(|&row| row < output.row);
            match &output.tokens {
                TokenSet::All => whole.push((index, at)),
                TokenSet::Only(tokens) => {
                    let row = &normed[at * hidden..(at + 1) * hidden];
                    logits[index] = self.head.some(row, tokens, &mut room.quantised)?;
                }
            }
        }
        // The whole head in groups of rows, so that its output stays small.
        for group in whole.chunks(CHUNK) {
            let mut input = Vec::with_capacity(group.len() * hidden);
            for (_, at) in group {
                input.extend_from_slice(&normed[at * hidden..(at + 1) * hidden]);
            }
            let all = self.head.all(&input, &mut room.quantised)?;
            for ((index, _), row) in group.iter().zip(all.chunks_exact(self.config.vocabulary)) {
                logits[*index] = row.to_vec();
            }
        }
        if let Ok(mut rooms) = self.rooms.lock() {
            rooms.push(room);
        }
        Ok(logits)
    }
}
