//! Attention over pages, for many sequences at once.

use std::ops::Range;

use rayon::prelude::*;
use rten_simd::SimdOp;

use super::Model;
use super::forward::{Batch, Segment};
use crate::cache::{LayerPages, PAGE};
use crate::kernel::{AttendRun, BLOCK};

/// Query rows (tokens times heads of a group) that one task takes through the blocks: their state and one block of
/// keys and values stay in the first- and second-level caches.
const TILE_ROWS: usize = 48;

/// Rows of the batch that are attended together: rows of one sequence, or of sequences that share their first pages.
pub(super) type Tile = Range<usize>;

/// Buffers of one tile.
#[derive(Debug, Default)]
pub(super) struct TileRoom {
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    maximum: Vec<f32>,
    sum: Vec<f32>,
    out: Vec<f32>,
    scores: Vec<f32>,
    bounds: Vec<(usize, usize)>,
}

/// Pages of a block in a sequence, as far as there are any.
fn block_pages(segment: &Segment, block: usize) -> &[u32] {
    const PAGES: usize = BLOCK / PAGE;
    let end = segment.pages.len().min((block + 1) * PAGES);
    &segment.pages[(block * PAGES).min(end)..end]
}

/// Cuts the batch into tiles.
pub(super) fn tiles(batch: &Batch, group: usize) -> Vec<Tile> {
    let most = (TILE_ROWS / group).max(1);
    let mut tiles: Vec<Tile> = Vec::new();
    let mut leader: Option<&Segment> = None;
    for segment in &batch.segments {
        let shares = leader.is_some_and(|leader| {
            let (own, first) = (block_pages(segment, 0), block_pages(leader, 0));
            own.len() == BLOCK / PAGE && own == first
        });
        if !shares {
            leader = Some(segment);
        }
        let mut start = segment.rows.start;
        while start < segment.rows.end {
            let joined = shares || start > segment.rows.start;
            match tiles.last_mut() {
                Some(tile) if joined && tile.len() < most => {
                    let end = segment.rows.end.min(tile.start + most);
                    tile.end = end;
                    start = end;
                }
                _ => {
                    let end = segment.rows.end.min(start + most);
                    tiles.push(start..end);
                    start = end;
                }
            }
        }
    }
    tiles
}

impl Model {
    /// Attends all rows of a batch in one layer. `qkv` is `(rows, queries | keys | values)`, `out`
    /// `(kv_heads, rows, group * head_dim)`.
    pub(super) fn attend(
        &self,
        layer: usize,
        pages: &LayerPages,
        batch: &Batch,
        qkv: &[f32],
        out: &mut [f32],
    ) {
        let width = self.config.heads / self.config.kv_heads * self.config.head_dim;
        let mut tasks = Vec::with_capacity(self.config.kv_heads * batch.tiles.len());
        for (kv_head, mut rest) in out.chunks_exact_mut(batch.rows.len() * width).enumerate() {
            for tile in &batch.tiles {
                let (own, after) = rest.split_at_mut(tile.len() * width);
                rest = after;
                tasks.push((kv_head, tile.clone(), own));
            }
        }
        tasks.into_par_iter().with_max_len(1).for_each(|(kv_head, tile, out)| {
            let mut room = self.tiles.lock().ok().and_then(|mut rooms| rooms.pop()).unwrap_or_default();
            self.attend_tile(layer, kv_head, pages, batch, tile, qkv, out, &mut room);
            if let Ok(mut rooms) = self.tiles.lock() {
                rooms.push(room);
            }
        });
    }

    #[expect(clippy::too_many_arguments, reason = "the indices of one task")]
    fn attend_tile(
        &self,
        layer: usize,
        kv_head: usize,
        pages: &LayerPages,
        batch: &Batch,
        tile: Tile,
        qkv: &[f32],
        out: &mut [f32],
        room: &mut TileRoom,
    ) {
        let (config, window) = (&self.config, self.layers[layer].window);
        let group = config.heads / config.kv_heads;
        let width = config.head_dim;
        let padded = width.next_multiple_of(16);
        room.start(tile.len() * group, width, padded);
        let scale = std::f32::consts::LOG2_E / (width as f32).sqrt();
        let stride = self.layers[layer].qkv.outputs();
        for (row, queries) in tile.clone().zip(room.queries.chunks_exact_mut(group * width)) {
            let start = row * stride + kv_head * group * width;
            for (to, from) in queries.iter_mut().zip(&qkv[start..]) {
                *to = from * scale;
            }
        }
        // What each row sees: positions from..=to.
        let seen = |row: usize| {
            let position = batch.rows[row].position as usize;
            ((position + 1).saturating_sub(window), position)
        };
        let first = tile.clone().map(|row| seen(row).0 / BLOCK).min().unwrap_or(0);
        let last = tile.clone().map(|row| seen(row).1 / BLOCK).max().unwrap_or(0);
        for block in first..=last {
            let needs = |row: usize| {
                let (from, to) = seen(row);
                from / BLOCK <= block && block <= to / BLOCK
            };
            let mut row = tile.start;
            while row < tile.end {
                if !needs(row) {
                    row += 1;
                    continue;
                }
                let own = block_pages(batch.segment(row), block);
                let mut end = row + 1;
                while end < tile.end && needs(end) && block_pages(batch.segment(end), block) == own {
                    end += 1;
                }
                room.load(pages, own, kv_head, width, padded);
                let rows = (row - tile.start) * group..(end - tile.start) * group;
                room.bounds.clear();
                for row in row..end {
                    let (from, to) = seen(row);
                    let bounds = (from.saturating_sub(block * BLOCK), (to + 1 - block * BLOCK).min(BLOCK));
                    room.bounds.extend(std::iter::repeat_n(bounds, group));
                }
                room.run(rows, width, padded);
                row = end;
            }
        }
        room.finish(out, width, padded);
    }
}

impl TileRoom {
    fn start(&mut self, rows: usize, width: usize, padded: usize) {
        self.queries.resize(rows * width, 0.0);
        self.keys.resize(BLOCK * width, 0.0);
        self.values.resize(BLOCK * padded, 0.0);
        self.scores.resize(rows * BLOCK, 0.0);
        for (buffer, size, value) in [
            (&mut self.maximum, rows, f32::NEG_INFINITY),
            (&mut self.sum, rows, 0.0),
            (&mut self.out, rows * padded, 0.0),
        ] {
            buffer.clear();
            buffer.resize(size, value);
        }
    }

    /// Reads a block's keys and values. What lies beyond the last page stays what it was: finite, and never seen.
    fn load(&mut self, pages: &LayerPages, own: &[u32], kv_head: usize, width: usize, padded: usize) {
        for (index, page) in own.iter().enumerate() {
            let keys = &mut self.keys[index * width * PAGE..(index + 1) * width * PAGE];
            pages.keys.read(*page, kv_head * width * PAGE, keys);
            let values = &mut self.values[index * PAGE * padded..(index + 1) * PAGE * padded];
            pages.values.read(*page, kv_head * padded * PAGE, values);
        }
    }

    fn run(&mut self, rows: Range<usize>, width: usize, padded: usize) {
        AttendRun {
            queries: &self.queries[rows.start * width..rows.end * width],
            keys: &self.keys,
            values: &self.values,
            bounds: &self.bounds,
            head_dim: width,
            padded,
            maximum: &mut self.maximum[rows.clone()],
            sum: &mut self.sum[rows.clone()],
            out: &mut self.out[rows.start * padded..rows.end * padded],
            scores: &mut self.scores,
        }
        .dispatch();
    }

    fn finish(&self, out: &mut [f32], width: usize, padded: usize) {
        let rows = self.out.chunks_exact(padded).zip(&self.sum);
        for (out, (values, sum)) in out.chunks_exact_mut(width).zip(rows) {
            let inverse = 1.0 / sum;
            for (out, value) in out.iter_mut().zip(values) {
                *out = value * inverse;
            }
        }
    }
}
