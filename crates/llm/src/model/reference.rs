//! The forward pass written down as in the papers, in 64 bits, one token after another: what the engine is tested
//! against.

use super::rope::RopeTable;
use crate::config::ModelConfig;
use crate::weights::{MemoryWeights, Weights};

fn linear(weights: &MemoryWeights, name: &str, outputs: usize, biased: bool, x: &[f64]) -> Vec<f64> {
    let matrix = weights.tensor(&format!("{name}.weight"), &[outputs, x.len()]).unwrap();
    let mut y: Vec<f64> = matrix
        .chunks_exact(x.len())
        .map(|row| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum())
        .collect();
    if biased {
        let bias = weights.tensor(&format!("{name}.bias"), &[outputs]).unwrap();
        y.iter_mut().zip(bias).for_each(|(y, b)| *y += f64::from(b));
    }
    y
}

fn norm(weights: &MemoryWeights, name: &str, epsilon: f32, x: &[f64]) -> Vec<f64> {
    let weight = weights.tensor(name, &[x.len()]).unwrap();
    let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
    x.iter().zip(weight).map(|(x, w)| x / (mean + f64::from(epsilon)).sqrt() * f64::from(w)).collect()
}

/// Logits after each token, `(tokens, vocabulary)`.
pub(crate) fn logits(config: &ModelConfig, weights: &MemoryWeights, tokens: &[u32]) -> Vec<Vec<f64>> {
    let (width, hidden) = (config.head_dim, config.hidden);
    let rope = RopeTable::new(&config.rope, width, tokens.len());
    let embedding = weights.tensor("model.embed_tokens.weight", &[config.vocabulary, hidden]).unwrap();
    let mut cache = vec![(Vec::<Vec<f64>>::new(), Vec::<Vec<f64>>::new()); config.layers];
    let mut all = Vec::new();
    for (position, &token) in tokens.iter().enumerate() {
        let start = token as usize * hidden;
        let mut x: Vec<f64> = embedding[start..start + hidden].iter().map(|&x| f64::from(x)).collect();
        for (layer, (keys, values)) in cache.iter_mut().enumerate() {
            let name = |part: &str| format!("model.layers.{layer}.{part}");
            let normed = norm(weights, &name("input_layernorm.weight"), config.norm_epsilon, &x);
            let head = |vector: &[f64], part: &str| -> Vec<f64> {
                let mut vector = vector.to_vec();
                if config.qk_norm {
                    let weight = name(&format!("self_attn.{part}_norm.weight"));
                    vector = norm(weights, &weight, config.norm_epsilon, &vector);
                }
                let mut turned: Vec<f32> = vector.iter().map(|&x| x as f32).collect();
                rope.rotate(&mut turned, position);
                turned.into_iter().map(f64::from).collect()
            };
            let project = |part: &str, heads: usize| {
                linear(
                    weights,
                    &name(&format!("self_attn.{part}_proj")),
                    heads * width,
                    config.qkv_bias,
                    &normed,
                )
            };
            let queries: Vec<Vec<f64>> =
                project("q", config.heads).chunks_exact(width).map(|head_| head(head_, "q")).collect();
            keys.push(
                project("k", config.kv_heads).chunks_exact(width).flat_map(|part| head(part, "k")).collect(),
            );
            values.push(project("v", config.kv_heads));
            let window = config.sliding_window[layer].unwrap_or(usize::MAX);
            let first = (position + 1).saturating_sub(window);
            let mut attended = Vec::new();
            for (index, query) in queries.iter().enumerate() {
                let offset = index / (config.heads / config.kv_heads) * width;
                let score = |key: &Vec<f64>| {
                    let products = query.iter().zip(&key[offset..offset + width]).map(|(q, k)| q * k);
                    products.sum::<f64>() / (width as f64).sqrt()
                };
                let scores: Vec<f64> = keys[first..].iter().map(score).collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let total: f64 = weights.iter().sum();
                for d in 0..width {
                    let sum: f64 = weights
                        .iter()
                        .zip(&values[first..])
                        .map(|(weight, value)| weight * value[offset + d])
                        .sum();
                    attended.push(sum / total);
                }
            }
            let projected = linear(weights, &name("self_attn.o_proj"), hidden, config.output_bias, &attended);
            x.iter_mut().zip(projected).for_each(|(x, y)| *x += y);
            let normed = norm(weights, &name("post_attention_layernorm.weight"), config.norm_epsilon, &x);
            let inner = config.intermediate;
            let gate = linear(weights, &name("mlp.gate_proj"), inner, config.mlp_bias, &normed);
            let up = linear(weights, &name("mlp.up_proj"), inner, config.mlp_bias, &normed);
            let active: Vec<f64> = gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
            let down = linear(weights, &name("mlp.down_proj"), hidden, config.mlp_bias, &active);
            x.iter_mut().zip(down).for_each(|(x, y)| *x += y);
        }
        let normed = norm(weights, "model.norm.weight", config.norm_epsilon, &x);
        let head = if config.tied_embeddings { "model.embed_tokens" } else { "lm_head" };
        all.push(linear(weights, head, config.vocabulary, false, &normed));
    }
    all
}
