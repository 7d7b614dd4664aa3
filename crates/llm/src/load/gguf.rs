//! GGUF files: container, quantised blocks, names and tokenizer, as Hugging Face names and 32-bit floats.

mod blocks;
mod container;
mod metadata;
mod model;
mod sentencepiece;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use habitue_core::{DataError, DataErrorKind};

use super::{ModelFiles, StoredWeights, check_tensors, check_vocabulary};
use crate::chat::ChatTemplate;
use crate::error::LlmError;
use crate::tokenizer::Tokenizer;
use crate::weights::Weights;
use container::Container;

/// A model in a GGUF file (versions 2 and 3; architectures `llama`, `qwen2`, `qwen3`).
#[derive(Debug)]
pub struct GgufFile {
    file: PathBuf,
    container: Container,
    names: model::Names,
}

impl GgufFile {
    /// Reads the header.
    ///
    /// # Errors
    /// If the file is damaged or of another architecture.
    pub fn open(file: &Path) -> Result<Self, LlmError> {
        let container = Container::open(file)?;
        let names = model::Names::new(file, &container)?;
        Ok(Self { file: file.to_path_buf(), container, names })
    }

    /// The model's shape.
    ///
    /// # Errors
    /// If a key is missing or out of range.
    pub fn config(&self) -> Result<crate::config::ModelConfig, LlmError> {
        model::config(&self.file, &self.container)
    }
}

impl StoredWeights for GgufFile {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let (stored, _) = self.names.stored(name)?;
        self.container.tensor(&stored).map(|tensor| tensor.shape.clone())
    }
}

impl Weights for GgufFile {
    fn source(&self) -> String {
        self.file.display().to_string()
    }

    fn has(&self, name: &str) -> bool {
        self.shape(name).is_some()
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        super::expect_shape(self, name, shape)?;
        let missing = || LlmError::MissingTensor { source_name: self.source(), tensor: name.to_owned() };
        let (stored, order) = self.names.stored(name).ok_or_else(missing)?;
        let values = self.container.read(&self.file, &stored)?;
        super::expect_finite(self, name, &values)?;
        Ok(order.restore(values, shape[0]))
    }
}

/// Opens a GGUF file; the tokenizer is a `tokenizer.json` beside it or the one in its metadata.
pub(super) fn open(file: &Path) -> Result<ModelFiles, LlmError> {
    let gguf = GgufFile::open(file)?;
    let config = gguf.config()?;
    check_tensors(&gguf, &config)?;
    let metadata = &gguf.container.metadata;
    let beside = file.with_file_name("tokenizer.json");
    let (tokenizer_file, tokenizer) = if beside.is_file() {
        let tokenizer = Tokenizer::from_file(&beside)?;
        (beside, tokenizer)
    } else {
        (file.to_path_buf(), Tokenizer::from_value(file, tokens::tokenizer_json(file, metadata)?)?)
    };
    check_vocabulary(&tokenizer_file, &tokenizer, &config)?;
    let text = |id: Option<u64>| {
        metadata.texts("tokenizer.ggml.tokens").and_then(|tokens| tokens.get(id? as usize).cloned())
    };
    let id = |key: &str| metadata.number(&format!("tokenizer.ggml.{key}")).map(|id| id as u64);
    let settings = serde_json::json!({
        "chat_template": metadata.text("tokenizer.chat_template"),
        "bos_token": text(id("bos_token_id")),
        "eos_token": text(id("eos_token_id")),
    });
    let mut ends: Vec<u32> = ["eos_token_id", "eot_token_id"]
        .into_iter()
        .filter_map(id)
        .filter(|&id| id < config.vocabulary as u64)
        .map(|id| id as u32)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let Some(name) = file.file_stem() else {
        return Err(DataError::new(DataErrorKind::MissingFile, file, "a file").into());
    };
    Ok(ModelFiles {
        config,
        tokenizer: Arc::new(tokenizer),
        chat_template: ChatTemplate::from_settings(&settings, &None)?,
        end_tokens: ends,
        id: name.to_string_lossy().into_owned(),
        hash: super::hash(&[file.to_path_buf()])?,
        weights: Box::new(gguf),
    })
}
