//! From a configuration to a model that answers, opened once for all who ask it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use habitue_core::scenario::ModelFile;
use habitue_core::scenario::llm::{LanguageModelConfig, PrecisionName, ProtocolName, ServerConfig};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::backend::{Backend, LocalBackend, OpenAiBackend, OpenAiOptions, Protocol};
use crate::engine::{Engine, EngineOptions, Precision};
use crate::error::LlmError;
use crate::load::{LoadOptions, Model, ModelSource};
use crate::speed::cache_bytes_per_token;
use crate::together::together;

/// A model that answers, with what is worth knowing of it.
pub struct OpenModel {
    backend: Box<dyn Backend>,
    has_turns: bool,
    bytes_per_token: Option<u64>,
    account: Map<String, Value>,
    runtime: Runtime,
}

impl std::fmt::Debug for OpenModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenModel").field("model", &self.backend.id()).finish_non_exhaustive()
    }
}

impl OpenModel {
    /// A backend that the caller has made, and whether it can be asked with turns.
    ///
    /// # Errors
    /// If the system gives no means to wait for answers.
    pub fn given(backend: Box<dyn Backend>, has_turns: bool) -> Result<Self, LlmError> {
        let account = [("model".to_owned(), json!(backend.id()))].into_iter().collect();
        Self::of(backend, has_turns, None, account)
    }

    fn of(
        backend: Box<dyn Backend>,
        has_turns: bool,
        bytes_per_token: Option<u64>,
        account: Map<String, Value>,
    ) -> Result<Self, LlmError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|source| LlmError::Stopped(format!("nothing can wait for its answers: {source}")))?;
        Ok(Self { backend, has_turns, bytes_per_token, account, runtime })
    }

    /// A model in this process.
    fn here(source: &ModelSource, config: &LanguageModelConfig) -> Result<Self, LlmError> {
        let files = Model::open(source, &LoadOptions::default())?;
        let precision = match config.precision {
            PrecisionName::Int8 => Precision::Int8,
            PrecisionName::F32 => Precision::F32,
        };
        let defaults = EngineOptions::default();
        let options = EngineOptions {
            precision,
            threads: config.threads as usize,
            cache_bytes: usize::try_from(config.cache.0).unwrap_or(usize::MAX),
            queue: defaults.queue.max(config.batch as usize),
            ..defaults
        };
        let engine = Engine::start(files.config.clone(), files.weights.as_ref(), options)?;
        let account = [
            ("model".to_owned(), json!(files.id)),
            ("hash".to_owned(), json!(files.hash)),
            ("precision".to_owned(), json!(config.precision)),
            ("kernel".to_owned(), json!(engine.kernel())),
        ];
        let bytes_per_token = cache_bytes_per_token(&files.config, precision) as u64;
        let backend = LocalBackend::new(Arc::new(engine), &files, Map::new())?;
        let has_turns = files.chat_template.is_some();
        Self::of(Box::new(backend), has_turns, Some(bytes_per_token), account.into_iter().collect())
    }

    fn on_server(server: &ServerConfig, config: &LanguageModelConfig) -> Result<Self, LlmError> {
        let protocol = match server.protocol {
            ProtocolName::Completions => Protocol::Completions,
            ProtocolName::Chat => Protocol::Chat,
        };
        let mut options = OpenAiOptions::new(&server.endpoint, &config.model, protocol);
        options.key_variable.clone_from(&server.key);
        options.concurrency = server.concurrency as usize;
        options.retries = server.retries;
        options.timeout = Duration::from_millis(u64::try_from(server.timeout.0.0).unwrap_or(0));
        let account =
            [("model".to_owned(), json!(config.model)), ("server".to_owned(), json!(server.endpoint))];
        let backend = Box::new(OpenAiBackend::new(options)?);
        Self::of(backend, protocol == Protocol::Chat, None, account.into_iter().collect())
    }

    /// Who answers.
    pub fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Whether prompts are to have turns, given what was asked for.
    ///
    /// # Errors
    /// If turns are asked for and nobody knows how the model wants them written: why.
    pub fn chat(&self, config: &LanguageModelConfig) -> Result<bool, &'static str> {
        match (config.chat, &config.server) {
            (Some(true), Some(_)) if !self.has_turns => {
                Err("the server is asked by completions; protocol \"chat\" has turns")
            }
            (Some(true), None) if !self.has_turns => Err("the model has no chat template"),
            (chat, _) => Ok(chat.unwrap_or(self.has_turns)),
        }
    }

    /// Bytes of its cache that a token takes, for a model in this process.
    pub const fn bytes_per_token(&self) -> Option<u64> {
        self.bytes_per_token
    }

    /// What a manifest says of it.
    pub const fn account(&self) -> &Map<String, Value> {
        &self.account
    }

    /// Waits for an answer. Several threads may wait at once.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Waits for answers, at most `most` at the same time, and gives them in their order.
    pub fn wait_for_all<F: Future>(&self, futures: Vec<F>, most: usize) -> Vec<F::Output> {
        self.wait(together(futures, most))
    }
}

/// What two must have in common to share a model in memory.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    file: ModelFile,
    /// Whether there are turns makes no other model.
    config: LanguageModelConfig,
}

/// Models that are open already, so that all who name the same one with the same keys share it.
#[derive(Debug, Default)]
pub struct OpenModels {
    open: Mutex<Vec<(Key, Arc<OpenModel>)>>,
}

impl OpenModels {
    /// The model of a configuration that has passed its check.
    ///
    /// # Errors
    /// If the model cannot be opened.
    pub fn take(&self, file: &ModelFile, config: &LanguageModelConfig) -> Result<Arc<OpenModel>, LlmError> {
        let key = Key { file: file.clone(), config: LanguageModelConfig { chat: None, ..config.clone() } };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, model)) = open.iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(model));
        }
        let model = match (&config.server, file) {
            (Some(server), _) => OpenModel::on_server(server, config)?,
            (None, ModelFile::Path(path)) => {
                let is_gguf = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf"));
                let path = path.clone();
                let source = if is_gguf { ModelSource::Gguf(path) } else { ModelSource::Folder(path) };
                OpenModel::here(&source, config)?
            }
            (None, ModelFile::Hub(id) | ModelFile::BuiltIn(id)) => {
                OpenModel::here(&ModelSource::parse(id)?, config)?
            }
            (None, ModelFile::Server) => {
                let what = "the scenario names a server and does not describe it".to_owned();
                return Err(LlmError::Request(what));
            }
        };
        let model = Arc::new(model);
        open.push((key, Arc::clone(&model)));
        Ok(model)
    }

    /// Number of different models that are open.
    pub fn len(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_same_model_with_the_same_keys_is_opened_once() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/qwen3");
        let (open, file) = (OpenModels::default(), ModelFile::Path(folder));
        let config = LanguageModelConfig { threads: 1, ..LanguageModelConfig::new("model") };
        let plain = LanguageModelConfig { chat: Some(false), ..config.clone() };
        let other = LanguageModelConfig { batch: 1, ..config.clone() };
        let models = [&config, &plain, &other].map(|config| open.take(&file, config).unwrap());
        assert!(Arc::ptr_eq(&models[0], &models[1]), "how prompts are written makes no other model");
        assert!(!Arc::ptr_eq(&models[0], &models[2]));
        assert_eq!(open.len(), 2);
    }
}
