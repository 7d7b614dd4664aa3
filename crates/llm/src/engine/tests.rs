use super::*;
use crate::config::{Rope, RopeScaling};
use crate::model::{RandomWeights, random_weights, reference};
use crate::weights::MemoryWeights;

mod behaviour;
mod invariance;

/// A small model with an odd number of everything.
pub(super) fn tiny() -> ModelConfig {
    ModelConfig {
        hidden: 36,
        intermediate: 52,
        layers: 3,
        heads: 6,
        kv_heads: 2,
        head_dim: 10,
        vocabulary: 101,
        context: 600,
        norm_epsilon: 1e-5,
        rope: Rope { theta: 10_000.0, scaling: RopeScaling::None },
        tied_embeddings: true,
        qkv_bias: false,
        output_bias: false,
        mlp_bias: false,
        qk_norm: false,
        sliding_window: vec![None; 3],
    }
}

/// One configuration for each way in which models of the family differ.
fn variants() -> Vec<(&'static str, ModelConfig)> {
    let scaled = |scaling| ModelConfig { rope: Rope { theta: 10_000.0, scaling }, ..tiny() };
    let llama3 = RopeScaling::Llama3 {
        factor: 8.0,
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_context: 64,
    };
    let yarn = RopeScaling::Yarn {
        factor: 4.0,
        original_context: 64,
        beta_fast: 32.0,
        beta_slow: 1.0,
        attention_factor: None,
    };
    // Sums long enough to be cut into blocks by the matrix kernels.
    let wide = ModelConfig {
        hidden: 330,
        intermediate: 1100,
        layers: 1,
        head_dim: 56,
        sliding_window: vec![None],
        ..tiny()
    };
    vec![
        ("plain", tiny()),
        ("untied", ModelConfig { tied_embeddings: false, ..tiny() }),
        ("qkv bias", ModelConfig { qkv_bias: true, ..tiny() }),
        ("all biases", ModelConfig { qkv_bias: true, output_bias: true, mlp_bias: true, ..tiny() }),
        ("qk norm", ModelConfig { qk_norm: true, ..tiny() }),
        ("multi-head", ModelConfig { kv_heads: 6, ..tiny() }),
        ("multi-query", ModelConfig { kv_heads: 1, ..tiny() }),
        ("windows", ModelConfig { sliding_window: vec![Some(7), None, Some(70)], ..tiny() }),
        ("linear rope", scaled(RopeScaling::Linear { factor: 4.0 })),
        ("llama3 rope", scaled(llama3)),
        ("yarn rope", scaled(yarn)),
        ("wide", wide),
    ]
}

pub(super) fn options(precision: Precision) -> EngineOptions {
    EngineOptions { precision, threads: 2, cache_bytes: 8 << 20, ..EngineOptions::default() }
}

pub(super) fn tokens(count: usize, seed: u32) -> Vec<u32> {
    (0..count as u32)
        .map(|k| (k.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)) >> 7)
        .map(|x| x % 101)
        .collect()
}

/// A request for all logits after each of its tokens.
pub(super) fn everywhere(tokens: Vec<u32>) -> Request {
    let wanted = (0..tokens.len()).map(|position| Wanted { position, tokens: TokenSet::All }).collect();
    Request { tokens, wanted, branches: Vec::new() }
}

pub(super) fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn every_variant_computes_what_the_papers_say() {
    for (name, config) in variants() {
        let weights = random_weights(&config, 3);
        let engine = Engine::start(config.clone(), &weights, options(Precision::F32)).unwrap();
        let tokens = tokens(150, 1);
        let found = block(engine.submit(everywhere(tokens.clone()))).unwrap();
        let right = reference::logits(&config, &weights, &tokens);
        for (position, (found, right)) in found.logits.iter().zip(&right).enumerate() {
            for (found, right) in found.iter().zip(right) {
                assert!(
                    (f64::from(*found) - right).abs() < 1e-4,
                    "{name}, {position}: {found}, expected {right}"
                );
            }
        }
    }
}

/// Mean Kullback-Leibler divergence of `b` from `a`, and how often the likeliest token is the same.
fn closeness(a: &[Logits], b: &[Logits]) -> (f64, f64) {
    let softmax = |logits: &Logits| -> Vec<f64> {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights: Vec<f64> = logits.iter().map(|x| f64::from(x - largest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|w| w / sum).collect()
    };
    let top = |p: &[f64]| (0..p.len()).max_by(|&i, &j| p[i].total_cmp(&p[j]));
    let (mut divergence, mut agree) = (0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (p, q) = (softmax(a), softmax(b));
        divergence += p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum::<f64>();
        agree += f64::from(u8::from(top(&p) == top(&q)));
    }
    (divergence / a.len() as f64, agree / a.len() as f64)
}

#[test]
fn eight_bits_stay_close_to_floats() {
    for (name, config) in variants() {
        let weights = RandomWeights::new(&config, 3);
        let request = everywhere(tokens(150, 1));
        let reply = |precision, portable| {
            let engine = Engine::start_with(config.clone(), &weights, &options(precision), portable).unwrap();
            block(engine.submit(request.clone())).unwrap().logits
        };
        let exact = reply(Precision::F32, false);
        for portable in [false, true] {
            let (divergence, agreement) = closeness(&exact, &reply(Precision::Int8, portable));
            assert!(divergence < 2e-3 && agreement > 0.9, "{name}: KL {divergence}, top-1 {agreement}");
        }
    }
}
