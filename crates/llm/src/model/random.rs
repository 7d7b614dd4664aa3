//! Models of random weights: speed and invariance do not need trained ones.

use std::collections::BTreeMap;

use habitue_core::{Purpose, Streams};
use rand::Rng;

use crate::config::ModelConfig;
use crate::error::LlmError;
use crate::weights::{MemoryWeights, Weights};

/// Random weights of a shape, drawn as they are asked for.
///
/// Matrices are uniform with variance 1 / inputs, so that activations keep their scale; norms lie between 0.5 and 1.5,
/// biases between -0.5 and 0.5.
#[derive(Debug, Clone)]
pub struct RandomWeights {
    shapes: BTreeMap<String, Vec<usize>>,
    streams: Streams,
}

impl RandomWeights {
    /// Weights for a model of this shape.
    pub fn new(config: &ModelConfig, seed: u64) -> Self {
        Self { shapes: shapes(config).into_iter().collect(), streams: Streams::new(seed) }
    }

    fn draw(&self, name: &str, shape: &[usize]) -> Vec<f32> {
        let tensor = self.shapes.keys().position(|known| known == name).unwrap_or(self.shapes.len()) as u64;
        let mut stream = self.streams.stream(Purpose::Weights, tensor, 0);
        let (middle, spread) = match shape {
            [_, inputs] => (0.0, (3.0 / *inputs as f32).sqrt()),
            _ if name.ends_with("bias") => (0.0, 0.5),
            _ => (1.0, 0.5),
        };
        let mut values = Vec::with_capacity(shape.iter().product());
        for _ in 0..shape.iter().product::<usize>() {
            let unit = (stream.next_u32() >> 8) as f32 / (1 << 24) as f32;
            values.push(middle + (2.0 * unit - 1.0) * spread);
        }
        values
    }
}

impl Weights for RandomWeights {
    fn source(&self) -> String {
        "random weights".to_owned()
    }

    fn has(&self, name: &str) -> bool {
        self.shapes.contains_key(name)
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        match self.shapes.get(name) {
            None => Err(LlmError::MissingTensor { source_name: self.source(), tensor: name.to_owned() }),
            Some(found) if found != shape => Err(LlmError::Shape {
                source_name: self.source(),
                tensor: name.to_owned(),
                found: found.clone(),
                expected: shape.to_vec(),
            }),
            Some(_) => Ok(self.draw(name, shape)),
        }
    }
}

/// Random weights of a shape, held in memory: see [`RandomWeights`] for their distribution.
pub fn random_weights(config: &ModelConfig, seed: u64) -> MemoryWeights {
    let weights = RandomWeights::new(config, seed);
    let tensor =
        |(name, shape): (&String, &Vec<usize>)| (name.clone(), (shape.clone(), weights.draw(name, shape)));
    MemoryWeights(weights.shapes.iter().map(tensor).collect())
}

/// Names and shapes of all tensors of a model.
fn shapes(config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let (hidden, width, inner) = (config.hidden, config.head_dim, config.intermediate);
    let (queries, keys) = (config.heads * width, config.kv_heads * width);
    let mut all = vec![
        ("model.embed_tokens.weight".to_owned(), vec![config.vocabulary, hidden]),
        ("model.norm.weight".to_owned(), vec![hidden]),
    ];
    if !config.tied_embeddings {
        all.push(("lm_head.weight".to_owned(), vec![config.vocabulary, hidden]));
    }
    for layer in 0..config.layers {
        let mut add =
            |part: &str, shape: Vec<usize>| all.push((format!("model.layers.{layer}.{part}"), shape));
        add("input_layernorm.weight", vec![hidden]);
        add("post_attention_layernorm.weight", vec![hidden]);
        let linears = [
            ("self_attn.q_proj", queries, hidden, config.qkv_bias),
            ("self_attn.k_proj", keys, hidden, config.qkv_bias),
            ("self_attn.v_proj", keys, hidden, config.qkv_bias),
            ("self_attn.o_proj", hidden, queries, config.output_bias),
            ("mlp.gate_proj", inner, hidden, config.mlp_bias),
            ("mlp.up_proj", inner, hidden, config.mlp_bias),
            ("mlp.down_proj", hidden, inner, config.mlp_bias),
        ];
        for (name, outputs, inputs, biased) in linears {
            add(&format!("{name}.weight"), vec![outputs, inputs]);
            if biased {
                add(&format!("{name}.bias"), vec![outputs]);
            }
        }
        if config.qk_norm {
            add("self_attn.q_norm.weight", vec![width]);
            add("self_attn.k_norm.weight", vec![width]);
        }
    }
    all
}
