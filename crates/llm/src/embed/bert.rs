//! Sentence vectors by a BERT of the class of `MiniLM` (Devlin et al. 2019; Reimers and Gurevych 2019).

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert;
use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use tokenizers::{TruncationParams, TruncationStrategy};

use super::{Embedder, normalise};
use crate::error::LlmError;
use crate::load::{LoadOptions, ModelSource, SafetensorsWeights, fetch_from_hub};
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

/// Vectors by a sentence encoder: the mean of the last layer over a text's tokens (or the first token's, where the
/// model's pooling says so), scaled to length 1. Texts longer than the model's limit are cut, as its reference does.
///
/// The model is candle's, in 32-bit floats; texts are read one by one, without padding, so a text's vector is the same in
/// any batch.
pub struct BertEmbedder {
    id: String,
    width: usize,
    tokenizer: tokenizers::Tokenizer,
    model: bert::BertModel,
    first_token: bool,
}

impl std::fmt::Debug for BertEmbedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BertEmbedder")
            .field("id", &self.id)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
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
            ModelSource::BuiltIn(name) => {
                let expected = "a folder or a hub id: no built-in model is a sentence encoder";
                Err(DataError::new(DataErrorKind::Type, Path::new(name), expected).into())
            }
        }
    }

    fn from_folder(folder: &Path, id: String) -> Result<Self, LlmError> {
        let file = folder.join("config.json");
        let config: Config = serde_json::from_value(crate::load::json(&file)?).map_err(|error| {
            DataError::new(DataErrorKind::Type, &file, format!("a BERT configuration ({error})"))
        })?;
        check(&file, &config)?;
        let tensors = tensors(&SafetensorsWeights::open(folder)?, &config)?;
        let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let model = bert::BertModel::load(weights, &config.of_candle())
            .map_err(|error| LlmError::corrupt(folder, format!("cannot be read as a BERT: {error}")))?;
        let tokenizer = tokenizer(folder, &config)?;
        Ok(Self { id, width: config.hidden_size, tokenizer, model, first_token: first_token(folder)? })
    }

    fn vector(&self, text: &str) -> Result<Vec<f32>, LlmError> {
        let encoded = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|error| LlmError::Request(format!("{}: cannot encode a text: {error}", self.id)))?;
        if encoded.get_ids().is_empty() {
            return Ok(vec![0.0; self.width]);
        }
        let rows = self
            .last_layer(encoded.get_ids())
            .map_err(|error| LlmError::Request(format!("{}: cannot embed a text: {error}", self.id)))?;
        let mut vector = vec![0.0; self.width];
        for row in rows.iter().take(if self.first_token { 1 } else { usize::MAX }) {
            vector.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        normalise(&mut vector);
        Ok(vector)
    }

    /// `(tokens, width)`.
    fn last_layer(&self, tokens: &[u32]) -> candle_core::Result<Vec<Vec<f32>>> {
        let tokens = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
        let kinds = tokens.zeros_like()?;
        self.model.forward(&tokens, &kinds, None)?.squeeze(0)?.to_vec2()
    }
}

impl Config {
    fn of_candle(&self) -> bert::Config {
        bert::Config {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            intermediate_size: self.intermediate_size,
            max_position_embeddings: self.max_position_embeddings,
            type_vocab_size: self.type_vocab_size,
            layer_norm_eps: self.layer_norm_eps,
            ..bert::Config::default()
        }
    }
}

/// All tensors of a BERT, under the names that candle looks for.
fn tensors(weights: &SafetensorsWeights, config: &Config) -> Result<HashMap<String, Tensor>, LlmError> {
    let prefix = if weights.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" };
    let (width, inner) = (config.hidden_size, config.intermediate_size);
    let mut shapes = Vec::new();
    let mut add = |name: String, shape: Vec<usize>| shapes.push((name, shape));
    for (table, rows) in [
        ("word", config.vocab_size),
        ("position", config.max_position_embeddings),
        ("token_type", config.type_vocab_size),
    ] {
        add(format!("embeddings.{table}_embeddings.weight"), vec![rows, width]);
    }
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..config.num_hidden_layers {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        norms.extend(["attention.output.LayerNorm", "output.LayerNorm"].map(name));
        for (part, outputs, inputs) in [
            ("attention.self.query", width, width),
            ("attention.self.key", width, width),
            ("attention.self.value", width, width),
            ("attention.output.dense", width, width),
            ("intermediate.dense", inner, width),
            ("output.dense", width, inner),
        ] {
            add(name(&format!("{part}.weight")), vec![outputs, inputs]);
            add(name(&format!("{part}.bias")), vec![outputs]);
        }
    }
    for norm in norms {
        add(format!("{norm}.weight"), vec![width]);
        add(format!("{norm}.bias"), vec![width]);
    }
    let read = |(name, shape): (String, Vec<usize>)| {
        let stored = format!("{prefix}{name}");
        let values = weights.tensor(&stored, &shape)?;
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu);
        tensor.map(|tensor| (name, tensor)).map_err(|error| LlmError::Request(format!("{stored}: {error}")))
    };
    shapes.into_iter().map(read).collect()
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
