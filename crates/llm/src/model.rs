//! Decoders of the Llama family, ready to compute: kernels of our own on the CPU, candle on other devices.

mod attention;
mod candle;
mod decoder;
mod forward;
mod linear;
mod load;
mod random;
#[cfg(test)]
pub(crate) mod reference;
mod rope;

pub(crate) use decoder::Decoder;
pub(crate) use forward::{Batch, Output, Row};
pub use random::{RandomWeights, random_weights};

use std::sync::Mutex;

use crate::config::ModelConfig;
use linear::{Head, Linear, Table};
use rope::RopeTable;

/// Number format of weights on the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// 8-bit weights and activations, keys and values in 16 bits.
    Int8,
    /// 32-bit floats.
    F32,
}

/// Weights of one block.
#[derive(Debug)]
struct Layer {
    attention_norm: Vec<f32>,
    qkv: Linear,
    /// Norms of each head's queries and keys (Qwen3).
    qk_norms: Option<(Vec<f32>, Vec<f32>)>,
    output: Linear,
    mlp_norm: Vec<f32>,
    gate_up: Linear,
    down: Linear,
    /// How many positions back a token sees, itself included.
    window: usize,
}

/// A model in memory.
#[derive(Debug)]
pub(crate) struct Model {
    config: ModelConfig,
    /// Absent where the head's weights are the embedding.
    embedding: Option<Table>,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head: Head,
    rope: RopeTable,
    threads: rayon::ThreadPool,
    /// Buffers that threads lend themselves.
    rooms: Mutex<Vec<forward::Room>>,
    tiles: Mutex<Vec<attention::TileRoom>>,
}

impl Model {
    /// Bytes of all weights.
    pub(crate) fn bytes(&self) -> usize {
        let layer = |layer: &Layer| {
            [&layer.qkv, &layer.output, &layer.gate_up, &layer.down].map(Linear::bytes).iter().sum::<usize>()
        };
        self.layers.iter().map(layer).sum::<usize>()
            + self.head.bytes()
            + self.embedding.as_ref().map_or(0, Table::bytes)
    }

    /// Name of the kernel that multiplies matrices.
    pub(crate) fn kernel(&self) -> String {
        self.head.kernel()
    }
}
