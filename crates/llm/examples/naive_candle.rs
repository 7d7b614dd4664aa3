//! The loop that simulators usually have, over a stock model of candle-transformers: one prompt at a time, read from its
//! first token, the picks generated as text. A peer for the comparison in `benches/peers`.
//!
//! `cargo run --release -p habitue-llm --example naive_candle -- MODEL.gguf [USERS [READ:WRITTEN,...]]`
//!
//! A prompt is 300 tokens that all users share, 150 of the user's own, and 250 for every page shown so far; five pages a
//! user; 32 tokens are generated, a bare JSON list of ten words. With a list of calls, a page is these calls instead: prompts
//! of READ tokens that share nothing, and WRITTEN tokens generated. Weights in 32-bit floats. Prints one JSON object.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::collections::HashMap;
use std::error::Error;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{llama, qwen2};
use habitue_llm::{LoadOptions, Model, ModelConfig, ModelSource, expected_tensors};

const PAGES: u32 = 5;
const GENERATED: u32 = 32;

fn text(length: u32, seed: u32, vocabulary: u32) -> impl Iterator<Item = u32> {
    (0..length).map(move |k| (k * 7919 + seed * 104_729) % vocabulary)
}

/// A stock model.
enum Stock {
    Llama(llama::Llama, llama::Config),
    Qwen2(qwen2::ModelForCausalLM),
}

impl Stock {
    fn new(config: &ModelConfig, weights: VarBuilder<'_>) -> candle_core::Result<Self> {
        if config.qkv_bias {
            let config = qwen2::Config {
                vocab_size: config.vocabulary,
                hidden_size: config.hidden,
                intermediate_size: config.intermediate,
                num_hidden_layers: config.layers,
                num_attention_heads: config.heads,
                num_key_value_heads: config.kv_heads,
                max_position_embeddings: config.context,
                sliding_window: config.context,
                max_window_layers: config.layers,
                tie_word_embeddings: config.tied_embeddings,
                rope_theta: config.rope.theta,
                rms_norm_eps: f64::from(config.norm_epsilon),
                use_sliding_window: false,
                hidden_act: candle_nn::Activation::Silu,
            };
            return Ok(Self::Qwen2(qwen2::ModelForCausalLM::new(&config, weights)?));
        }
        let config = llama::Config {
            hidden_size: config.hidden,
            intermediate_size: config.intermediate,
            vocab_size: config.vocabulary,
            num_hidden_layers: config.layers,
            num_attention_heads: config.heads,
            num_key_value_heads: config.kv_heads,
            use_flash_attn: false,
            rms_norm_eps: f64::from(config.norm_epsilon),
            rope_theta: config.rope.theta as f32,
            bos_token_id: None,
            eos_token_id: None,
            rope_scaling: None,
            max_position_embeddings: config.context,
            tie_word_embeddings: config.tied_embeddings,
        };
        Ok(Self::Llama(llama::Llama::load(weights, &config)?, config))
    }

    /// Reads a prompt and generates greedily.
    fn generate(&mut self, prompt: &[u32], written: u32, device: &Device) -> candle_core::Result<Vec<u32>> {
        let mut cache = match self {
            Self::Llama(_, config) => Some(llama::Cache::new(true, DType::F32, config, device)?),
            Self::Qwen2(model) => {
                model.clear_kv_cache();
                None
            }
        };
        let (mut input, mut position, mut texts) = (prompt.to_vec(), 0, Vec::new());
        for _ in 0..written {
            let tokens = Tensor::new(&input[..], device)?.unsqueeze(0)?;
            let logits = match (&mut *self, &mut cache) {
                (Self::Llama(model, _), Some(cache)) => model.forward(&tokens, position, cache)?,
                (Self::Qwen2(model), _) => model.forward(&tokens, position)?,
                (Self::Llama(..), None) => candle_core::bail!("a Llama model has a cache"),
            };
            position += input.len();
            let next = logits.flatten_all()?.argmax(0)?.to_scalar::<u32>()?;
            texts.push(next);
            input = vec![next];
        }
        Ok(texts)
    }
}

/// `READ:WRITTEN`
fn call(text: &str) -> Result<(u32, u32), Box<dyn Error>> {
    let (read, written) = text.split_once(':').ok_or("expected calls such as 350:80,900:40")?;
    Ok((read.parse()?, written.parse()?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("expected the path of a GGUF file")?;
    let users: u32 = arguments.next().map_or(Ok(1), |users| users.parse())?;
    let calls: Vec<(u32, u32)> = match arguments.next() {
        None => Vec::new(),
        Some(list) => list.split(',').map(call).collect::<Result<_, _>>()?,
    };
    let files = Model::open(&ModelSource::parse(&path)?, &LoadOptions::default())?;
    let device = Device::Cpu;
    let mut tensors = HashMap::new();
    for (name, shape) in expected_tensors(&files.config) {
        let values = files.weights.tensor(&name, &shape)?;
        tensors.insert(name, Tensor::from_vec(values, shape, &device)?);
    }
    let mut model = Stock::new(&files.config, VarBuilder::from_tensors(tensors, DType::F32, &device))?;
    let vocabulary = files.config.vocabulary as u32;
    let start = Instant::now();
    for user in 0..users {
        let mut prompt: Vec<u32> =
            text(300, 1, vocabulary).chain(text(150, 100 + user, vocabulary)).collect();
        for page in 0..PAGES {
            for (at, &(read, written)) in calls.iter().enumerate() {
                let seed = 1_000_000 + (user * PAGES + page) * calls.len() as u32 + at as u32;
                model.generate(&text(read, seed, vocabulary).collect::<Vec<_>>(), written, &device)?;
            }
            if calls.is_empty() {
                prompt.extend(text(250, 10_000 + user * PAGES + page, vocabulary));
                model.generate(&prompt, GENERATED, &device)?;
            }
        }
    }
    let pages = f64::from(users * PAGES) / start.elapsed().as_secs_f64();
    println!("{{\"pages_per_second\": {pages}, \"picks_per_second\": {}}}", 10.0 * pages);
    Ok(())
}
