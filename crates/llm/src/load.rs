//! Models from files: a Hugging Face folder, a model of the hub, or a GGUF file.

mod architecture;
mod built_in;
mod gguf;
mod hf_config;
mod hub;
mod safetensors;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use habitue_core::{DataError, DataErrorKind};
use serde_json::Value;

pub use architecture::expected_tensors;
pub use gguf::GgufFile;
pub use hf_config::{ARCHITECTURES, model_config};
pub(crate) use hub::fetch as fetch_from_hub;
pub use hub::{HubCallback, HubOptions, HubProgress};
pub use safetensors::SafetensorsWeights;

use crate::chat::ChatTemplate;
use crate::config::ModelConfig;
use crate::error::LlmError;
use crate::tokenizer::Tokenizer;
use crate::weights::Weights;

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A folder with `config.json`, safetensors and `tokenizer.json`.
    Folder(PathBuf),
    /// A GGUF file.
    Gguf(PathBuf),
    /// A model that is part of this library, by its name among [`BUILT_IN_MODELS`](habitue_core::scenario::llm::BUILT_IN_MODELS).
    BuiltIn(&'static str),
    /// A model of the Hugging Face hub.
    Hub {
        /// `organisation/name`.
        model: String,
        /// Branch, tag or commit.
        revision: String,
    },
}

impl ModelSource {
    /// Reads what a user typed: `builtin:` with a name, a path that exists, a path that ends in `.gguf`, or `organisation/name` with an
    /// optional `@revision` (`main` without).
    ///
    /// # Errors
    /// If it is none of these.
    pub fn parse(text: &str) -> Result<Self, LlmError> {
        if text.starts_with("builtin:") {
            return built_in::find(text).map(Self::BuiltIn);
        }
        let path = Path::new(text);
        if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf")) {
            return Ok(Self::Gguf(path.to_path_buf()));
        }
        if path.is_dir() {
            return Ok(Self::Folder(path.to_path_buf()));
        }
        let (model, revision) = text.split_once('@').unwrap_or((text, "main"));
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        let whole = |text: &str| text.split('/').all(part);
        if model.split('/').count() == 2 && whole(model) && whole(revision) {
            return Ok(Self::Hub { model: model.to_owned(), revision: revision.to_owned() });
        }
        let expected = "a folder that exists, a .gguf file, or a hub id as in \"organisation/name@revision\"";
        Err(DataError::new(DataErrorKind::MissingFile, path, expected).into())
    }
}

/// What may be set when a model is opened.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The hub: where, and how patiently.
    pub hub: HubOptions,
}

/// Weights that know the shapes of their tensors without reading them.
pub(crate) trait StoredWeights: Weights {
    /// The tensor's shape.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;
}

/// Opens models.
#[derive(Debug, Clone, Copy)]
pub struct Model;

/// A model as its files say, ready for [`Engine::start`](crate::Engine::start).
pub struct ModelFiles {
    /// Its shape.
    pub config: ModelConfig,
    /// Its numbers.
    pub weights: Box<dyn Weights>,
    /// Its tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// How it wants a conversation written, if it was trained on conversations.
    pub chat_template: Option<ChatTemplate>,
    /// Tokens that end a text.
    pub end_tokens: Vec<u32>,
    /// Its name: the hub id with the commit, or the name of the folder or file.
    pub id: String,
    /// blake3 of the configuration, the weights and the tokenizer, in hexadecimal digits.
    pub hash: String,
}

impl std::fmt::Debug for ModelFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelFiles")
            .field("id", &self.id)
            .field("hash", &self.hash)
            .field("config", &self.config)
            .field("end_tokens", &self.end_tokens)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Opens a model. Reads every byte once, for the hash; a hub model is fetched first unless it is in the cache.
    /// Blocks, so an async caller wraps it in `spawn_blocking`.
    ///
    /// # Errors
    /// Missing, damaged or contradicting files, an architecture that is not one of [`ARCHITECTURES`], or a hub that does
    /// not deliver. A weight that is not finite is found when its tensor is read.
    pub fn open(source: &ModelSource, options: &LoadOptions) -> Result<ModelFiles, LlmError> {
        match source {
            ModelSource::Folder(folder) => open_folder(folder, None),
            ModelSource::Gguf(file) => gguf::open(file),
            ModelSource::BuiltIn(name) => built_in::open(name),
            ModelSource::Hub { model, revision } => {
                let snapshot = hub::fetch(model, revision, &options.hub)?;
                let commit = &snapshot.commit[..snapshot.commit.len().min(12)];
                open_folder(&snapshot.folder, Some(format!("{model}@{commit}")))
            }
        }
    }
}

fn open_folder(folder: &Path, id: Option<String>) -> Result<ModelFiles, LlmError> {
    if !folder.is_dir() {
        return Err(DataError::new(DataErrorKind::MissingFile, folder, "a folder with a model").into());
    }
    let config_file = required(folder, "config.json")?;
    let raw = json(&config_file)?;
    let config = model_config(&config_file, &raw)?;
    let weights = SafetensorsWeights::open(folder)?;
    check_tensors(&weights, &config)?;
    let tokenizer_file = required(folder, "tokenizer.json")?;
    let tokenizer = Tokenizer::from_file(&tokenizer_file)?;
    check_vocabulary(&tokenizer_file, &tokenizer, &config)?;
    let settings_file = folder.join("tokenizer_config.json");
    let settings = if settings_file.is_file() { json(&settings_file)? } else { Value::Null };
    let chat_template =
        ChatTemplate::from_settings(&settings, &read_optional(&folder.join("chat_template.jinja"))?)?;
    let generation_file = folder.join("generation_config.json");
    let generation = if generation_file.is_file() { json(&generation_file)? } else { Value::Null };
    let end_tokens = end_tokens(&[&generation, &raw], &settings, &tokenizer, config.vocabulary);
    let mut files = vec![config_file, tokenizer_file];
    files.extend(weights.files().iter().cloned());
    let name = || folder.canonicalize().ok()?.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(ModelFiles {
        config,
        tokenizer: Arc::new(tokenizer),
        chat_template,
        end_tokens,
        id: id.or_else(name).unwrap_or_else(|| folder.display().to_string()),
        hash: hash(&files)?,
        weights: Box::new(weights),
    })
}

fn required(folder: &Path, name: &str) -> Result<PathBuf, LlmError> {
    let file = folder.join(name);
    if file.is_file() {
        return Ok(file);
    }
    Err(DataError::new(DataErrorKind::MissingFile, folder, format!("a file {name} in it")).into())
}

fn read_optional(file: &Path) -> Result<Option<String>, LlmError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LlmError::io(file, error)),
    }
}

/// A JSON file.
pub(crate) fn json(file: &Path) -> Result<Value, LlmError> {
    let text = std::fs::read(file).map_err(|error| LlmError::io(file, error))?;
    serde_json::from_slice(&text).map_err(|error| LlmError::corrupt(file, format!("not JSON: {error}")))
}

/// All tensors that the configuration asks for are there with their shapes.
fn check_tensors(weights: &impl StoredWeights, config: &ModelConfig) -> Result<(), LlmError> {
    for (name, shape) in expected_tensors(config) {
        expect_shape(weights, &name, &shape)?;
    }
    Ok(())
}

pub(crate) fn expect_shape(
    weights: &impl StoredWeights,
    name: &str,
    expected: &[usize],
) -> Result<(), LlmError> {
    let (source_name, tensor) = (weights.source(), name.to_owned());
    match weights.shape(name) {
        None => Err(LlmError::MissingTensor { source_name, tensor }),
        Some(found) if found != expected => {
            Err(LlmError::Shape { source_name, tensor, found, expected: expected.to_vec() })
        }
        Some(_) => Ok(()),
    }
}

fn expect_finite(weights: &impl Weights, name: &str, values: &[f32]) -> Result<(), LlmError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(position) => Err(LlmError::NotFinite {
            source_name: weights.source(),
            tensor: name.to_owned(),
            position,
            value: values[position],
        }),
    }
}

/// A model may have more rows than its tokenizer has tokens (padding), never fewer.
fn check_vocabulary(file: &Path, tokenizer: &Tokenizer, config: &ModelConfig) -> Result<(), LlmError> {
    let tokens = tokenizer.vocabulary();
    if tokens <= config.vocabulary {
        return Ok(());
    }
    let expected = format!("at most {} tokens, the model's vocab_size", config.vocabulary);
    Err(DataError::new(DataErrorKind::Contradiction, file, expected).field("vocabulary").value(tokens).into())
}

/// Tokens that end a text: those of the first file that names any, and the tokenizer's own end token.
fn end_tokens(files: &[&Value], settings: &Value, tokenizer: &Tokenizer, vocabulary: usize) -> Vec<u32> {
    let mut ends = BTreeSet::new();
    for file in files {
        match file.get("eos_token_id") {
            Some(Value::Array(list)) => ends.extend(list.iter().filter_map(Value::as_u64)),
            Some(value) => ends.extend(value.as_u64()),
            None => {}
        }
        if !ends.is_empty() {
            break;
        }
    }
    if let Some(id) = crate::chat::token_text(settings, "eos_token").and_then(|text| tokenizer.id(&text)) {
        ends.insert(u64::from(id));
    }
    ends.into_iter().filter(|&id| id < vocabulary as u64).map(|id| id as u32).collect()
}

/// blake3 over files in the given order, each preceded by its length.
fn hash(files: &[PathBuf]) -> Result<String, LlmError> {
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let open = File::open(file).map_err(|error| LlmError::io(file, error))?;
        let length = open.metadata().map_err(|error| LlmError::io(file, error))?.len();
        hasher.update(&length.to_le_bytes());
        hasher.update_reader(open).map_err(|error| LlmError::io(file, error))?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}
