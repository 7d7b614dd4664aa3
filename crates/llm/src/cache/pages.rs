//! Storage of keys and values.

use rten_simd::f16;

use super::PAGE;
use crate::config::ModelConfig;
use crate::kernel::{narrow, widen};
use crate::model::Numbers;

/// Pages that are allocated together.
const SLAB: usize = 8;

/// Numbers of [`SLAB`] pages.
#[derive(Debug)]
enum Slab {
    F32(Vec<f32>),
    F16(Vec<f16>),
}

impl Slab {
    fn new(numbers: Numbers, size: usize) -> Self {
        match numbers {
            Numbers::F32 => Self::F32(vec![0.0; size]),
            Numbers::Int8 => Self::F16(vec![f16::from_bits(0); size]),
        }
    }
}

/// Keys or values of one layer.
#[derive(Debug)]
pub(crate) struct Store {
    slabs: Vec<Slab>,
    /// Numbers of a page.
    size: usize,
    row: Vec<f16>,
}

impl Store {
    fn new(size: usize) -> Self {
        Self { slabs: Vec::new(), size, row: Vec::new() }
    }

    /// Writes `row` from `offset` of a page on, its elements `step` apart.
    pub(crate) fn write(&mut self, page: u32, offset: usize, step: usize, row: &[f32]) {
        let base = page as usize % SLAB * self.size + offset;
        match &mut self.slabs[page as usize / SLAB] {
            Slab::F32(numbers) => {
                for (to, from) in numbers[base..].iter_mut().step_by(step).zip(row) {
                    *to = *from;
                }
            }
            Slab::F16(numbers) => {
                self.row.resize(row.len(), f16::from_bits(0));
                narrow(row, &mut self.row);
                for (to, from) in numbers[base..].iter_mut().step_by(step).zip(&self.row) {
                    *to = *from;
                }
            }
        }
    }

    /// Reads `out.len()` numbers from `offset` of a page on.
    pub(crate) fn read(&self, page: u32, offset: usize, out: &mut [f32]) {
        let base = page as usize % SLAB * self.size + offset;
        match &self.slabs[page as usize / SLAB] {
            Slab::F32(numbers) => out.copy_from_slice(&numbers[base..base + out.len()]),
            Slab::F16(numbers) => widen(&numbers[base..base + out.len()], out),
        }
    }

    fn copy(&mut self, from: u32, to: u32) {
        let (from, to) = (from as usize, to as usize);
        let (source, target) = (from / SLAB, to / SLAB);
        let range = from % SLAB * self.size..(from % SLAB + 1) * self.size;
        let start = to % SLAB * self.size;
        let end = start + self.size;
        if source == target {
            match &mut self.slabs[source] {
                Slab::F32(numbers) => numbers.copy_within(range, start),
                Slab::F16(numbers) => numbers.copy_within(range, start),
            }
            return;
        }
        let Ok([source, target]) = self.slabs.get_disjoint_mut([source, target]) else { return };
        match (source, target) {
            (Slab::F32(source), Slab::F32(target)) => target[start..end].copy_from_slice(&source[range]),
            (Slab::F16(source), Slab::F16(target)) => target[start..end].copy_from_slice(&source[range]),
            _ => {}
        }
    }
}

/// Keys and values of one layer. Keys of a page and a head lie as `(head_dim, PAGE)`, ready to be multiplied by a
/// query; values as `(PAGE, padded)`.
#[derive(Debug)]
pub(crate) struct LayerPages {
    pub keys: Store,
    pub values: Store,
}

/// Keys and values of all layers. Memory is taken as pages are first used.
#[derive(Debug)]
pub(crate) struct Pages {
    layers: Vec<LayerPages>,
    numbers: Numbers,
    slabs: usize,
}

/// Width of a row of values: whole vectors.
pub(crate) fn padded(head_dim: usize) -> usize {
    head_dim.next_multiple_of(16)
}

impl Pages {
    pub(crate) fn new(config: &ModelConfig, numbers: Numbers) -> Self {
        let layer = || LayerPages {
            keys: Store::new(config.kv_heads * config.head_dim * PAGE),
            values: Store::new(config.kv_heads * padded(config.head_dim) * PAGE),
        };
        Self { layers: (0..config.layers).map(|_| layer()).collect(), numbers, slabs: 0 }
    }

    /// Bytes of a page over all layers.
    pub(crate) fn page_bytes(config: &ModelConfig, numbers: Numbers) -> usize {
        let number = match numbers {
            Numbers::F32 => 4,
            Numbers::Int8 => 2,
        };
        config.layers * config.kv_heads * (config.head_dim + padded(config.head_dim)) * PAGE * number
    }

    /// Makes room for a page.
    pub(crate) fn reserve(&mut self, page: u32) {
        while self.slabs <= page as usize / SLAB {
            for layer in &mut self.layers {
                for store in [&mut layer.keys, &mut layer.values] {
                    store.slabs.push(Slab::new(self.numbers, SLAB * store.size));
                }
            }
            self.slabs += 1;
        }
    }

    /// Copies a page.
    pub(crate) fn copy(&mut self, from: u32, to: u32) {
        for layer in &mut self.layers {
            layer.keys.copy(from, to);
            layer.values.copy(from, to);
        }
    }

    pub(crate) fn layer(&self, layer: usize) -> &LayerPages {
        &self.layers[layer]
    }

    pub(crate) fn layer_mut(&mut self, layer: usize) -> &mut LayerPages {
        &mut self.layers[layer]
    }
}
