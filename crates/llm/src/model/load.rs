//! Loading: one tensor at a time, quantised on the way in.

use std::sync::Mutex;

use super::linear::{Head, Linear, Table};
use super::rope::RopeTable;
use super::{Layer, Model};
use crate::config::ModelConfig;
use crate::error::LlmError;
use crate::model::Numbers;
use crate::weights::Weights;

/// Reads tensors of one source.
struct Reader<'a> {
    weights: &'a dyn Weights,
    numbers: Numbers,
    portable: bool,
}

/// Reads a tensor of finite numbers.
pub(super) fn finite(weights: &dyn Weights, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
    let values = weights.tensor(name, shape)?;
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(position) => Err(LlmError::NotFinite {
            source_name: weights.source(),
            tensor: name.to_owned(),
            position,
            value: values[position],
        }),
    }
}

impl Reader<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        finite(self.weights, name, shape)
    }

    /// Matrices below each other, as one table.
    fn table(&self, names: &[(String, usize)], inputs: usize) -> Result<Table, LlmError> {
        let mut table = Table::new(self.numbers, inputs);
        for (name, outputs) in names {
            table.extend(&self.tensor(name, &[*outputs, inputs])?);
        }
        Ok(table)
    }

    /// Linear layers that share their input, as one.
    fn linear(&self, parts: &[(String, usize)], inputs: usize, biased: bool) -> Result<Linear, LlmError> {
        let named = |end: &str| -> Vec<_> {
            parts.iter().map(|(name, outputs)| (format!("{name}.{end}"), *outputs)).collect()
        };
        let table = self.table(&named("weight"), inputs)?;
        let mut bias = None;
        if biased {
            let mut values = Vec::new();
            for (name, outputs) in named("bias") {
                values.extend(self.tensor(&name, &[outputs])?);
            }
            bias = Some(values);
        }
        Ok(Linear::new(&table, bias, self.portable))
    }
}

impl Model {
    /// Loads the weights. Sequences are at most `positions` long. `portable` keeps to kernels that run on any machine.
    pub(crate) fn load(
        config: ModelConfig,
        weights: &dyn Weights,
        numbers: Numbers,
        threads: usize,
        positions: usize,
        portable: bool,
    ) -> Result<Self, LlmError> {
        config.validate()?;
        let reader = Reader { weights, numbers, portable };
        let (hidden, width) = (config.hidden, config.head_dim);
        let embedding =
            reader.table(&[("model.embed_tokens.weight".to_owned(), config.vocabulary)], hidden)?;
        let (embedding, head) = if config.tied_embeddings {
            (None, embedding)
        } else {
            (Some(embedding), reader.table(&[("lm_head.weight".to_owned(), config.vocabulary)], hidden)?)
        };
        let head = Head::new(head, portable);
        let mut layers = Vec::with_capacity(config.layers);
        for index in 0..config.layers {
            layers.push(Self::load_layer(&config, &reader, index)?);
        }
        let norm = reader.tensor("model.norm.weight", &[hidden])?;
        let rope = RopeTable::new(&config.rope, width, positions.min(config.context));
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("habitue-llm-{index}"))
            .build()
            .map_err(|error| LlmError::Stopped(format!("the threads cannot be started: {error}")))?;
        let (rooms, tiles) = (Mutex::default(), Mutex::default());
        Ok(Self { config, embedding, layers, norm, head, rope, threads, rooms, tiles })
    }

    fn load_layer(config: &ModelConfig, reader: &Reader<'_>, index: usize) -> Result<Layer, LlmError> {
        let (hidden, width) = (config.hidden, config.head_dim);
        let (queries, keys) = (config.heads * width, config.kv_heads * width);
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let attention = |part: &str, outputs: usize| (name(&format!("self_attn.{part}_proj")), outputs);
        let mlp = |part: &str, outputs: usize| (name(&format!("mlp.{part}_proj")), outputs);
        let qkv = [attention("q", queries), attention("k", keys), attention("v", keys)];
        let gate_up = [mlp("gate", config.intermediate), mlp("up", config.intermediate)];
        let qk_norms = if config.qk_norm {
            let norm = |part: &str| reader.tensor(&name(&format!("self_attn.{part}_norm.weight")), &[width]);
            Some((norm("q")?, norm("k")?))
        } else {
            None
        };
        Ok(Layer {
            attention_norm: reader.tensor(&name("input_layernorm.weight"), &[hidden])?,
            qkv: reader.linear(&qkv, hidden, config.qkv_bias)?,
            qk_norms,
            output: reader.linear(&[attention("o", hidden)], queries, config.output_bias)?,
            mlp_norm: reader.tensor(&name("post_attention_layernorm.weight"), &[hidden])?,
            gate_up: reader.linear(&gate_up, hidden, config.mlp_bias)?,
            down: reader.linear(&[mlp("down", hidden)], config.intermediate, config.mlp_bias)?,
            window: config.sliding_window[index].unwrap_or(usize::MAX),
        })
    }
}
