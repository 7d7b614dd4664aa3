//! Sentence vectors by a BERT of the class of `MiniLM` (Devlin et al. 2019; Reimers and Gurevych 2019).

use std::path::Path;

use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use tokenizers::{TruncationParams, TruncationStrategy};

use super::{Embedder, normalise};
use crate::engine::Precision;
use crate::error::LlmError;
use crate::load::{LoadOptions, ModelSource, SafetensorsWeights, fetch_from_hub};
use crate::model::{Linear, Quantised, Table};
use crate::weights::Weights;

/// `config.json`.
#[derive(Debug, Deserialize)]
struct Config {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "tiny")]
    layer_norm_eps: f64,
    #[serde(default = "gelu")]
    hidden_act: String,
}

const fn two() -> usize {
    2
}

const fn tiny() -> f64 {
    1e-12
}

fn gelu() -> String {
    "gelu".to_owned()
}

/// Scale and shift of a normalised row.
#[derive(Debug)]
struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f64,
}

impl Norm {
    /// `(x - mean) / sqrt(variance + epsilon) * weight + bias` for each row.
    fn apply(&self, rows: &mut [f32]) {
        let width = self.weight.len();
        for row in rows.chunks_exact_mut(width) {
            let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
            let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / width as f64;
            let scale = 1.0 / (variance + self.epsilon).sqrt();
            for ((x, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *x = ((f64::from(*x) - mean) * scale) as f32 * weight + bias;
            }
        }
    }
}

#[derive(Debug)]
struct Block {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: Norm,
    inner: Linear,
    outer: Linear,
    norm: Norm,
}

/// Vectors by a sentence encoder: the mean of the last layer over a text's tokens (or the first token's, where the
/// model's pooling says so), scaled to length 1. Texts longer than the model's limit are cut, as its reference does.
///
/// Runs in 32-bit floats, one text on one thread, so a text's vector is the same in any batch.
#[derive(Debug)]
pub struct BertEmbedder {
    id: String,
    width: usize,
    heads: usize,
    tokenizer: tokenizers::Tokenizer,
    words: Vec<f32>,
    positions: Vec<f32>,
    norm: Norm,
    blocks: Vec<Block>,
    first_token: bool,
}

impl BertEmbedder {
    /// Opens a folder or a hub model in the layout of sentence-transformers.
    ///
    /// # Errors
    /// Missing or damaged files, or a model that is not a BERT with the usual activation.
    pub fn open(source: &ModelSource, options: &LoadOptions) -> Result<Self, LlmError> {
        match source {
            ModelSource::Folder(folder) => Self::from_folder(folder, folder.display().to_string()),
            ModelSource::Hub { model, revision } => {
                let snapshot = fetch_from_hub(model, revision, &options.hub)?;
                Self::from_folder(&snapshot.folder, format!("{model}@{}", snapshot.commit))
            }
            ModelSource::Gguf(file) => {
                let expected = "a folder or a hub id: sentence encoders are not read from GGUF";
                Err(DataError::new(DataErrorKind::Type, file, expected).into())
            }
        }
    }

    fn from_folder(folder: &Path, id: String) -> Result<Self, LlmError> {
        let file = folder.join("config.json");
        let config: Config = serde_json::from_value(crate::load::json(&file)?).map_err(|error| {
            DataError::new(DataErrorKind::Type, &file, format!("a BERT configuration ({error})"))
        })?;
        check(&file, &config)?;
        let weights = SafetensorsWeights::open(folder)?;
        let prefix = if weights.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" };
        let source = Source { weights: &weights, prefix, config: &config };
        let width = config.hidden_size;
        let mut positions =
            source.read("embeddings.position_embeddings.weight", &[config.max_position_embeddings, width])?;
        let kinds =
            source.read("embeddings.token_type_embeddings.weight", &[config.type_vocab_size, width])?;
        // All tokens are of the first kind, so its row is part of every position.
        for row in positions.chunks_exact_mut(width) {
            row.iter_mut().zip(&kinds).for_each(|(x, kind)| *x += kind);
        }
        Ok(Self {
            id,
            width,
            heads: config.num_attention_heads,
            tokenizer: tokenizer(folder, &config)?,
            words: source.read("embeddings.word_embeddings.weight", &[config.vocab_size, width])?,
            positions,
            norm: source.norm("embeddings.LayerNorm")?,
            blocks: (0..config.num_hidden_layers)
                .map(|layer| source.block(layer))
                .collect::<Result<_, _>>()?,
            first_token: first_token(folder)?,
        })
    }

    fn vector(&self, text: &str) -> Result<Vec<f32>, LlmError> {
        let encoded = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|error| LlmError::Request(format!("{}: cannot encode a text: {error}", self.id)))?;
        let tokens = encoded.get_ids();
        if tokens.is_empty() {
            return Ok(vec![0.0; self.width]);
        }
        let mut rows = Vec::with_capacity(tokens.len() * self.width); // (tokens, width)
        for (&token, position) in tokens.iter().zip(self.positions.chunks_exact(self.width)) {
            let start = token as usize * self.width;
            rows.extend(
                self.words[start..start + self.width].iter().zip(position).map(|(word, place)| word + place),
            );
        }
        self.norm.apply(&mut rows);
        let mut room = Quantised::default();
        for block in &self.blocks {
            block.apply(&mut rows, self.heads, &mut room)?;
        }
        let mut vector = vec![0.0; self.width];
        for row in rows.chunks_exact(self.width).take(if self.first_token { 1 } else { usize::MAX }) {
            vector.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        normalise(&mut vector);
        Ok(vector)
    }
}

impl Block {
    fn apply(&self, rows: &mut [f32], heads: usize, room: &mut Quantised) -> Result<(), LlmError> {
        let mut linear = |layer: &Linear, input: &[f32], count: usize| {
            let mut out = vec![0.0; count * layer.outputs()];
            layer.apply(input, &mut out, room, false).map(|()| out)
        };
        let width = self.output.outputs();
        let count = rows.len() / width;
        let query = linear(&self.query, rows, count)?;
        let key = linear(&self.key, rows, count)?;
        let value = linear(&self.value, rows, count)?;
        let seen = attend(&query, &key, &value, width, heads);
        let seen = linear(&self.output, &seen, count)?;
        add(rows, &seen);
        self.attention_norm.apply(rows);
        let mut inner = linear(&self.inner, rows, count)?;
        for x in &mut inner {
            *x = (0.5 * f64::from(*x) * (1.0 + erf(f64::from(*x) / std::f64::consts::SQRT_2))) as f32;
        }
        let outer = linear(&self.outer, &inner, count)?;
        add(rows, &outer);
        self.norm.apply(rows);
        Ok(())
    }
}

fn add(rows: &mut [f32], more: &[f32]) {
    rows.iter_mut().zip(more).for_each(|(x, y)| *x += y);
}

/// Every token sees every token: `softmax(q k' / sqrt(head width)) v`, head by head.
fn attend(query: &[f32], key: &[f32], value: &[f32], width: usize, heads: usize) -> Vec<f32> {
    let head_width = width / heads;
    let scale = 1.0 / (head_width as f32).sqrt();
    let mut out = vec![0.0; query.len()];
    let mut scores = Vec::new();
    for (query, out) in query.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        for head in 0..heads {
            let part = head * head_width..(head + 1) * head_width;
            let q = &query[part.clone()];
            scores.clear();
            scores.extend(
                key.chunks_exact(width)
                    .map(|key| q.iter().zip(&key[part.clone()]).map(|(q, k)| q * k).sum::<f32>() * scale),
            );
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for score in &mut scores {
                *score = (*score - highest).exp();
            }
            let total: f32 = scores.iter().sum();
            let out = &mut out[part.clone()];
            for (score, value) in scores.iter().zip(value.chunks_exact(width)) {
                let share = score / total;
                out.iter_mut().zip(&value[part.clone()]).for_each(|(out, v)| *out += share * v);
            }
        }
    }
    out
}

/// The error function to 1.5e-7 (Abramowitz and Stegun, 7.1.26).
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let poly = ((((1.061_405_429 * t - 1.453_152_027) * t + 1.421_413_741) * t - 0.284_496_736) * t
        + 0.254_829_592)
        * t;
    (1.0 - poly * (-x * x).exp()).copysign(x)
}

fn check(file: &Path, config: &Config) -> Result<(), LlmError> {
    let wrong = |field: &str, value: &str, expected: &str| {
        let error = DataError::new(DataErrorKind::UnknownName, file, format!("\"{expected}\""));
        Err(error.field(field).value(value).nearest(nearest(value, [expected])).into())
    };
    if config.model_type != "bert" {
        return wrong("model_type", &config.model_type, "bert");
    }
    if config.hidden_act != "gelu" {
        return wrong("hidden_act", &config.hidden_act, "gelu");
    }
    let sizes =
        [config.hidden_size, config.num_attention_heads, config.max_position_embeddings, config.vocab_size];
    if sizes.contains(&0)
        || config.type_vocab_size == 0
        || !config.hidden_size.is_multiple_of(config.num_attention_heads)
    {
        let expected = "sizes above 0 and a hidden_size that num_attention_heads divides";
        return Err(DataError::new(DataErrorKind::Contradiction, file, expected).into());
    }
    Ok(())
}

fn tokenizer(folder: &Path, config: &Config) -> Result<tokenizers::Tokenizer, LlmError> {
    let file = folder.join("tokenizer.json");
    let mut settings = crate::load::json(&file)?;
    settings["padding"] = Value::Null;
    settings["truncation"] = Value::Null;
    let mut tokenizer = crate::tokenizer::build(&file, &settings)?;
    let tokens = tokenizer.get_vocab_size(true);
    if tokens > config.vocab_size {
        let expected = format!("at most {} tokens, the model's vocab_size", config.vocab_size);
        let error = DataError::new(DataErrorKind::Contradiction, &file, expected);
        return Err(error.field("vocabulary").value(tokens).into());
    }
    let limits = folder.join("sentence_bert_config.json");
    let limits = if limits.is_file() { crate::load::json(&limits)? } else { Value::Null };
    let limit =
        limits.get("max_seq_length").and_then(Value::as_u64).map_or(usize::MAX, |limit| limit as usize);
    let truncation = TruncationParams {
        max_length: limit.min(config.max_position_embeddings),
        strategy: TruncationStrategy::LongestFirst,
        ..TruncationParams::default()
    };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(|error| LlmError::corrupt(&file, format!("cannot be cut to the model's limit: {error}")))?;
    Ok(tokenizer)
}

/// Whether the vector is the first token's (`1_Pooling/config.json`); else it is the mean.
fn first_token(folder: &Path) -> Result<bool, LlmError> {
    let file = folder.join("1_Pooling").join("config.json");
    if !file.is_file() {
        return Ok(false);
    }
    let pooling = crate::load::json(&file)?;
    let says = |name: &str| pooling.get(name).and_then(Value::as_bool).unwrap_or(false);
    match (says("pooling_mode_cls_token"), says("pooling_mode_mean_tokens")) {
        (first, mean) if first != mean => Ok(first),
        _ => {
            let expected = "either pooling_mode_mean_tokens or pooling_mode_cls_token";
            Err(DataError::new(DataErrorKind::UnknownName, &file, expected).into())
        }
    }
}

/// Tensors of a BERT.
struct Source<'a> {
    weights: &'a SafetensorsWeights,
    prefix: &'a str,
    config: &'a Config,
}

impl Source<'_> {
    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        self.weights.tensor(&format!("{}{name}", self.prefix), shape)
    }

    fn norm(&self, name: &str) -> Result<Norm, LlmError> {
        let read = |part: &str| self.read(&format!("{name}.{part}"), &[self.config.hidden_size]);
        Ok(Norm { weight: read("weight")?, bias: read("bias")?, epsilon: self.config.layer_norm_eps })
    }

    fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear, LlmError> {
        let mut table = Table::new(Precision::F32, inputs);
        table.extend(&self.read(&format!("{name}.weight"), &[outputs, inputs])?);
        let bias = self.read(&format!("{name}.bias"), &[outputs])?;
        Ok(Linear::new(&table, Some(bias), false))
    }

    fn block(&self, layer: usize) -> Result<Block, LlmError> {
        let (width, inner) = (self.config.hidden_size, self.config.intermediate_size);
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        Ok(Block {
            query: self.linear(&name("attention.self.query"), width, width)?,
            key: self.linear(&name("attention.self.key"), width, width)?,
            value: self.linear(&name("attention.self.value"), width, width)?,
            output: self.linear(&name("attention.output.dense"), width, width)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"))?,
            inner: self.linear(&name("intermediate.dense"), inner, width)?,
            outer: self.linear(&name("output.dense"), width, inner)?,
            norm: self.norm(&name("output.LayerNorm"))?,
        })
    }
}

impl Embedder for BertEmbedder {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn width(&self) -> usize {
        self.width
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, LlmError> {
        texts.par_iter().map(|text| self.vector(text)).collect()
    }
}
