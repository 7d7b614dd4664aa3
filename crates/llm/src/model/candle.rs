//! The packed forward pass on candle's tensors, for devices other than the CPU.
//!
//! The same batch as for the kernels of our own: rows of many sequences without padding, keys and values in pages. What a
//! sequence sees is gathered from its pages for every pass and layer, some [`GATHERED`] positions at a time; attention is
//! one call for all sequences of a gathering (variable lengths, causal, windowed): flash attention on CUDA and candle's
//! own kernel on the CPU. The CPU serves to test all of it but that call.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Device, Result as CandleResult, Tensor};

use super::forward::Segment;
use super::load::finite;
use super::rope::RopeTable;
use super::{Batch, Row};
use crate::cache::PAGE;
use crate::config::ModelConfig;
use crate::engine::{Logits, TokenSet};
use crate::error::LlmError;
use crate::weights::Weights;

/// Rows whose whole vocabulary is computed together.
const HEAD_ROWS: usize = 64;

/// Positions whose keys and values are gathered at a time, or those of one run if it sees more: bounds the memory of a pass.
const GATHERED: usize = 1 << 15;

/// `(outputs, inputs)` with an optional bias.
#[derive(Debug)]
struct Affine {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Affine {
    /// `(rows, inputs)` to `(rows, outputs)`.
    fn apply(&self, input: &Tensor) -> CandleResult<Tensor> {
        let out = input.matmul(&self.weight.t()?)?;
        match &self.bias {
            Some(bias) => out.broadcast_add(bias),
            None => Ok(out),
        }
    }
}

#[derive(Debug)]
struct Block {
    attention_norm: Tensor,
    qkv: Affine,
    qk_norms: Option<(Tensor, Tensor)>,
    output: Affine,
    mlp_norm: Tensor,
    gate_up: Affine,
    down: Affine,
    window: Option<usize>,
    /// `(pages * PAGE, kv_heads, head_dim)`.
    keys: Tensor,
    values: Tensor,
}

/// A model on a device, with its keys and values.
#[derive(Debug)]
pub(crate) struct CandleModel {
    config: ModelConfig,
    device: Device,
    format: DType,
    /// `(vocabulary, hidden)`.
    embedding: Tensor,
    head: Tensor,
    norm: Tensor,
    blocks: Vec<Block>,
    /// `(positions, head_dim / 2)`.
    cosines: Tensor,
    sines: Tensor,
    bytes: usize,
    /// Pages to copy before the next pass.
    copies: Vec<(u32, u32)>,
}

/// Where the rows of a pass come from and go to, the same for all layers.
struct Plan {
    tokens: Tensor,
    cosines: Tensor,
    sines: Tensor,
    /// Rows whose keys and values are new, and their places in the pages, spread over heads and dimensions.
    new_rows: Option<(Tensor, Tensor)>,
    /// What the rows see, by the window of a layer.
    sights: BTreeMap<Option<usize>, Vec<Sight>>,
}

/// Runs of rows that are attended together. A run is rows of neighbouring positions of one sequence; its last row sees
/// all keys of the run.
#[derive(Default)]
struct Sight {
    /// By run.
    queries: Vec<u32>,
    /// By run.
    keys: Vec<u32>,
    /// Places of the keys, run after run.
    places: Vec<u32>,
}

impl Sight {
    fn longest(lengths: &[u32]) -> usize {
        lengths.iter().copied().max().unwrap_or(0) as usize
    }
}

/// Reads tensors to a device.
struct Loader<'a> {
    weights: &'a dyn Weights,
    device: &'a Device,
    format: DType,
    bytes: usize,
}

impl Loader<'_> {
    /// Tensors below each other, as one.
    fn stacked(&mut self, names: &[(String, usize)], width: Option<usize>) -> Result<Tensor, LlmError> {
        let mut values = Vec::new();
        for (name, rows) in names {
            let shape: Vec<usize> = [*rows].into_iter().chain(width).collect();
            values.extend(finite(self.weights, name, &shape)?);
        }
        let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        if self.format == DType::F16 && largest > f32::from(half::f16::MAX) {
            return Err(LlmError::Device {
                device: format!("{:?}", self.device.location()),
                what: format!("\"{}\" holds {largest}, more than f16 can; take bf16", names[0].0),
            });
        }
        let rows: usize = names.iter().map(|(_, rows)| rows).sum();
        let shape: Vec<usize> = [rows].into_iter().chain(width).collect();
        let tensor = Tensor::from_vec(values, shape, self.device)
            .and_then(|tensor| tensor.to_dtype(self.format))
            .map_err(|error| failed(self.device, &error))?;
        self.bytes += tensor.elem_count() * self.format.size_in_bytes();
        Ok(tensor)
    }

    fn vector(&mut self, name: String, width: usize) -> Result<Tensor, LlmError> {
        self.stacked(&[(name, width)], None)
    }

    fn affine(&mut self, parts: &[(String, usize)], inputs: usize, biased: bool) -> Result<Affine, LlmError> {
        let named = |end: &str| -> Vec<(String, usize)> {
            parts.iter().map(|(name, outputs)| (format!("{name}.{end}"), *outputs)).collect()
        };
        let weight = self.stacked(&named("weight"), Some(inputs))?;
        let bias = if biased { Some(self.stacked(&named("bias"), None)?) } else { None };
        Ok(Affine { weight, bias })
    }

    fn block(&mut self, config: &ModelConfig, index: usize, pages: usize) -> Result<Block, LlmError> {
        let (hidden, width) = (config.hidden, config.head_dim);
        let (queries, keys) = (config.heads * width, config.kv_heads * width);
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let attention = |part: &str, outputs: usize| (name(&format!("self_attn.{part}_proj")), outputs);
        let mlp = |part: &str| (name(&format!("mlp.{part}_proj")), config.intermediate);
        let qkv = [attention("q", queries), attention("k", keys), attention("v", keys)];
        let qk_norms = if config.qk_norm {
            let queries = self.vector(name("self_attn.q_norm.weight"), width)?;
            Some((queries, self.vector(name("self_attn.k_norm.weight"), width)?))
        } else {
            None
        };
        let store = || {
            Tensor::zeros((pages * PAGE, config.kv_heads, width), self.format, self.device)
                .map_err(|error| failed(self.device, &error))
        };
        let (stored_keys, stored_values) = (store()?, store()?);
        Ok(Block {
            attention_norm: self.vector(name("input_layernorm.weight"), hidden)?,
            qkv: self.affine(&qkv, hidden, config.qkv_bias)?,
            qk_norms,
            output: self.affine(&[attention("o", hidden)], queries, config.output_bias)?,
            mlp_norm: self.vector(name("post_attention_layernorm.weight"), hidden)?,
            gate_up: self.affine(&[mlp("gate"), mlp("up")], hidden, config.mlp_bias)?,
            down: self.affine(&[(name("mlp.down_proj"), hidden)], config.intermediate, config.mlp_bias)?,
            window: config.sliding_window[index],
            keys: stored_keys,
            values: stored_values,
        })
    }
}

fn failed(device: &Device, error: &candle_core::Error) -> LlmError {
    LlmError::Device { device: format!("{:?}", device.location()), what: error.to_string() }
}

/// The place of a position in the pages of a sequence.
fn place(segment: &Segment, position: usize) -> u32 {
    segment.pages[position / PAGE] * PAGE as u32 + (position % PAGE) as u32
}

/// What the rows of a batch see in layers with this window.
fn sights(batch: &Batch, window: Option<usize>) -> Vec<Sight> {
    let mut sights: Vec<Sight> = Vec::new();
    for segment in &batch.segments {
        let rows = &batch.rows[segment.rows.clone()];
        for run in rows.chunk_by(|a, b| a.position + 1 == b.position) {
            let position = |row: Option<&Row>| row.map_or(0, |row| row.position as usize);
            let (first, last) = (position(run.first()), position(run.last()));
            let start = window.map_or(0, |window| (first + 1).saturating_sub(window));
            let count = last + 1 - start;
            if sights.last().is_none_or(|sight| sight.places.len() + count > GATHERED) {
                sights.push(Sight::default());
            }
            let Some(sight) = sights.last_mut() else { continue };
            sight.queries.push(run.len() as u32);
            sight.keys.push(count as u32);
            sight.places.extend((start..=last).map(|position| place(segment, position)));
        }
    }
    sights
}

impl CandleModel {
    /// Loads the weights, and takes memory for all pages.
    pub(super) fn load(
        config: ModelConfig,
        weights: &dyn Weights,
        device: &Device,
        format: DType,
        pages: usize,
    ) -> Result<Self, LlmError> {
        // What flash attention takes.
        if device.is_cuda() && (!config.head_dim.is_multiple_of(8) || config.head_dim > 512) {
            return Err(LlmError::Configuration {
                field: "the model's head_dim".to_owned(),
                value: config.head_dim.to_string(),
                expected: "a multiple of 8 up to 512 on CUDA".to_owned(),
            });
        }
        let mut loader = Loader { weights, device, format, bytes: 0 };
        let table = |loader: &mut Loader<'_>, name: &str| {
            loader.stacked(&[(name.to_owned(), config.vocabulary)], Some(config.hidden))
        };
        let embedding = table(&mut loader, "model.embed_tokens.weight")?;
        let head =
            if config.tied_embeddings { embedding.clone() } else { table(&mut loader, "lm_head.weight")? };
        let blocks = (0..config.layers)
            .map(|index| loader.block(&config, index, pages))
            .collect::<Result<Vec<_>, _>>()?;
        let norm = loader.vector("model.norm.weight".to_owned(), config.hidden)?;
        let positions = pages.saturating_mul(PAGE).min(config.context);
        let (cosines, sines) = RopeTable::new(&config.rope, config.head_dim, positions).columns();
        let turns = |values: Vec<f32>| {
            Tensor::from_vec(values, (positions, config.head_dim / 2), device)
                .and_then(|tensor| tensor.to_dtype(format))
                .map_err(|error| failed(device, &error))
        };
        let (cosines, sines) = (turns(cosines)?, turns(sines)?);
        let (bytes, device) = (loader.bytes, device.clone());
        let copies = Vec::new();
        Ok(Self { config, device, format, embedding, head, norm, blocks, cosines, sines, bytes, copies })
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn kernel(&self) -> String {
        format!("candle {:?} {:?}", self.device.location(), self.format).to_lowercase()
    }

    /// Copies a page before the next pass.
    pub(super) fn copy(&mut self, from: u32, to: u32) {
        self.copies.push((from, to));
    }

    pub(super) fn forward(&mut self, batch: &Batch) -> Result<Vec<Logits>, LlmError> {
        let copies = std::mem::take(&mut self.copies);
        self.pass(batch, &copies).map_err(|error| failed(&self.device, &error))
    }

    fn pass(&self, batch: &Batch, copies: &[(u32, u32)]) -> CandleResult<Vec<Logits>> {
        for &(from, to) in copies {
            for store in self.blocks.iter().flat_map(|block| [&block.keys, &block.values]) {
                let page = store.narrow(0, from as usize * PAGE, PAGE)?.force_contiguous()?;
                store.slice_set(&page, 0, to as usize * PAGE)?;
            }
        }
        if batch.len() == 0 {
            return Ok(Vec::new());
        }
        let plan = self.plan(batch)?;
        let mut wanted: Vec<u32> = batch.outputs.iter().map(|output| output.row as u32).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut x = self.embedding.index_select(&plan.tokens, 0)?; // (rows, hidden)
        for (index, block) in self.blocks.iter().enumerate() {
            let mut attended = self.attend(block, &x, &plan)?;
            // Behind the last attention, only what somebody asked for goes on.
            if index + 1 == self.blocks.len() {
                if wanted.is_empty() {
                    return Ok(Vec::new());
                }
                let rows = Tensor::new(&wanted[..], &self.device)?;
                (attended, x) = (attended.index_select(&rows, 0)?, x.index_select(&rows, 0)?);
            }
            x = (x + block.output.apply(&attended)?)?;
            let normed = self.normalise(&x, &block.mlp_norm)?;
            let gate_up = block.gate_up.apply(&normed)?;
            let inner = self.config.intermediate;
            let gate = candle_nn::ops::silu(&gate_up.narrow(1, 0, inner)?.contiguous()?)?;
            let active = (gate * gate_up.narrow(1, inner, inner)?)?;
            x = (x + block.down.apply(&active)?)?;
        }
        self.outputs(batch, &wanted, &self.normalise(&x, &self.norm)?)
    }

    fn normalise(&self, x: &Tensor, weight: &Tensor) -> CandleResult<Tensor> {
        candle_nn::ops::rms_norm(&x.contiguous()?, weight, self.config.norm_epsilon)
    }

    fn plan(&self, batch: &Batch) -> CandleResult<Plan> {
        let indices = |values: Vec<u32>| {
            let count = values.len();
            Tensor::from_vec(values, count, &self.device)
        };
        let (mut new_rows, mut new_places) = (Vec::new(), Vec::new());
        for segment in &batch.segments {
            for index in segment.rows.clone().filter(|&index| batch.rows[index].store) {
                new_rows.push(index as u32);
                new_places.push(place(segment, batch.rows[index].position as usize));
            }
        }
        let column = |of: &dyn Fn(&Row) -> u32| indices(batch.rows.iter().map(of).collect());
        let positions = column(&|row| row.position)?;
        let new_rows = if new_rows.is_empty() {
            None
        } else {
            let shape = (new_rows.len(), self.config.kv_heads, self.config.head_dim);
            let places = indices(new_places)?.reshape((shape.0, 1, 1))?.broadcast_as(shape)?.contiguous()?;
            Some((indices(new_rows)?, places))
        };
        Ok(Plan {
            tokens: column(&|row| row.token)?,
            cosines: self.cosines.index_select(&positions, 0)?,
            sines: self.sines.index_select(&positions, 0)?,
            new_rows,
            sights: self.blocks.iter().map(|block| (block.window, sights(batch, block.window))).collect(),
        })
    }

    /// `(rows, heads * head_dim)`: stores the new keys and values of a layer and attends.
    fn attend(&self, block: &Block, x: &Tensor, plan: &Plan) -> CandleResult<Tensor> {
        let (heads, kv_heads, width) = (self.config.heads, self.config.kv_heads, self.config.head_dim);
        let rows = x.dim(0)?;
        let qkv = block.qkv.apply(&self.normalise(x, &block.attention_norm)?)?;
        let part = |first: usize, heads: usize| {
            qkv.narrow(1, first * width, heads * width)?.contiguous()?.reshape((rows, heads, width))
        };
        let (mut queries, mut keys) = (part(0, heads)?, part(heads, kv_heads)?);
        let values = part(heads + kv_heads, kv_heads)?;
        if let Some((query_norm, key_norm)) = &block.qk_norms {
            (queries, keys) = (self.normalise(&queries, query_norm)?, self.normalise(&keys, key_norm)?);
        }
        let turn = |heads: &Tensor| {
            candle_nn::rotary_emb::rope_thd(&heads.unsqueeze(0)?, &plan.cosines, &plan.sines)?.squeeze(0)
        };
        let (queries, keys) = (turn(&queries)?, turn(&keys)?);
        if let Some((new_rows, places)) = &plan.new_rows {
            block.keys.scatter_set(places, &keys.index_select(new_rows, 0)?, 0)?;
            block.values.scatter_set(places, &values.index_select(new_rows, 0)?, 0)?;
        }
        let mut first = 0;
        let mut out = Vec::new();
        for sight in plan.sights.get(&block.window).into_iter().flatten() {
            let places = Tensor::new(&sight.places[..], &self.device)?;
            let (keys, values) =
                (block.keys.index_select(&places, 0)?, block.values.index_select(&places, 0)?);
            let count = sight.queries.iter().sum::<u32>() as usize;
            let queries = queries.narrow(0, first, count)?.contiguous()?;
            out.push(self.attention(&queries, &keys, &values, sight, block.window)?);
            first += count;
        }
        Tensor::cat(&out, 0)?.reshape((rows, heads * width))
    }

    /// Causal attention of runs of rows, each to its own keys.
    fn attention(
        &self,
        queries: &Tensor,
        keys: &Tensor,
        values: &Tensor,
        sight: &Sight,
        window: Option<usize>,
    ) -> CandleResult<Tensor> {
        let scale = 1.0 / (self.config.head_dim as f32).sqrt();
        let (most_queries, most_keys) = (Sight::longest(&sight.queries), Sight::longest(&sight.keys));
        let left = window.map(|window| window - 1);
        #[cfg(feature = "cuda")]
        if self.device.is_cuda() && self.format != DType::F32 {
            let ends = |lengths: &[u32]| {
                let ends = lengths.iter().scan(0, |end, length| {
                    *end += length;
                    Some(*end)
                });
                Tensor::from_iter(std::iter::once(0).chain(ends), &self.device)
            };
            return candle_flash_attn::flash_attn_varlen_windowed(
                queries,
                keys,
                values,
                &ends(&sight.queries)?,
                &ends(&sight.keys)?,
                most_queries,
                most_keys,
                scale,
                left,
                Some(0),
            );
        }
        let kernel = match self.device {
            Device::Cpu => candle_nn::attention::flash_attn_varlen_cpu,
            _ => candle_nn::attention::flash_attn_varlen_unfused,
        };
        // Candle's kernel on the CPU does not take bf16.
        let wide = |tensor: &Tensor| match self.format {
            DType::BF16 => tensor.to_dtype(DType::F32),
            _ => Ok(tensor.clone()),
        };
        let lengths = |lengths: &[u32]| Tensor::new(lengths, &self.device);
        kernel(
            &wide(queries)?,
            &wide(keys)?,
            &wide(values)?,
            None,
            &lengths(&sight.queries)?,
            &lengths(&sight.keys)?,
            most_queries,
            most_keys,
            scale,
            true,
            left,
            // Without a window on the left there is none on the right: the causal mask does it.
            left.map(|_| 0),
        )?
        .to_dtype(self.format)
    }

    /// Logits by output; `rows` are the normalised states of the wanted rows, in order.
    fn outputs(&self, batch: &Batch, wanted: &[u32], rows: &Tensor) -> CandleResult<Vec<Logits>> {
        let at = |row: usize| wanted.partition_point(|&other| (other as usize) < row);
        // Logits of options are compared with each other: 16 bits would be too coarse for them.
        let exact = |rows: &Tensor, head: &Tensor| -> CandleResult<Vec<Vec<f32>>> {
            rows.to_dtype(DType::F32)?.matmul(&head.to_dtype(DType::F32)?.t()?)?.to_vec2()
        };
        let (mut whole, mut some, mut union) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (index, output) in batch.outputs.iter().enumerate() {
            match &output.tokens {
                TokenSet::All => whole.push((index, at(output.row))),
                TokenSet::Only(tokens) => {
                    union.extend(tokens.iter().copied());
                    some.push((index, at(output.row), tokens));
                }
            }
        }
        let mut logits = vec![Logits::new(); batch.outputs.len()];
        for group in whole.chunks(HEAD_ROWS) {
            let places: Vec<u32> = group.iter().map(|(_, at)| *at as u32).collect();
            let input = rows.index_select(&Tensor::new(&places[..], &self.device)?, 0)?;
            let all = input.matmul(&self.head.t()?)?.to_dtype(DType::F32)?.to_vec2()?;
            for ((index, _), row) in group.iter().zip(all) {
                logits[*index] = row;
            }
        }
        if !union.is_empty() {
            let union: Vec<u32> = union.into_iter().collect();
            let head = self.head.index_select(&Tensor::new(&union[..], &self.device)?, 0)?;
            let all = exact(rows, &head)?;
            for (index, at, tokens) in some {
                let logit = |token: &u32| all[at][union.partition_point(|other| other < token)];
                logits[index] = tokens.iter().map(logit).collect();
            }
        }
        Ok(logits)
    }
}
