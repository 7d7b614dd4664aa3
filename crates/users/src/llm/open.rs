//! From a configuration to a model that answers.

use std::sync::Arc;
use std::time::Duration;

use habitue_core::DataError;
use habitue_core::scenario::llm::{LlmConfig, PrecisionName, ProtocolName, ServerConfig};
use habitue_core::scenario::{LlmUsersConfig, ModelFile};
use habitue_llm::{
    Backend, Engine, EngineOptions, LlmError, LoadOptions, LocalBackend, Model, ModelSource, OpenAiBackend,
    OpenAiOptions, Precision, Protocol,
};
use serde_json::{Map, json};

/// Why users of a language model cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The model cannot be opened.
    #[error("language model \"{model}\": {source}")]
    Open {
        /// As the scenario names it.
        model: String,
        /// What is wrong.
        source: LlmError,
    },
    /// The template is not one.
    #[error(transparent)]
    Template(Box<DataError>),
    /// Prompts are to be a conversation, and how the model wants conversations written is not known.
    #[error("language model \"{model}\": chat is true, expected false, since {reason}")]
    Chat {
        /// As the scenario names it.
        model: String,
        /// Why it cannot be.
        reason: &'static str,
    },
    /// The threads that wait for answers cannot be started.
    #[error("language model \"{model}\": {source}")]
    Runtime {
        /// As the scenario names it.
        model: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A model that answers, with what is worth knowing of it.
pub(crate) struct Opened {
    pub(super) backend: Box<dyn Backend>,
    /// Whether it can be asked with turns.
    pub(super) has_turns: bool,
    /// What the manifest says of it.
    pub(super) account: Map<String, serde_json::Value>,
    /// What makes it this model: populations that name the same share it.
    key: Key,
}

/// What two populations must have in common to share a model in memory.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    file: ModelFile,
    model: String,
    precision: PrecisionName,
    threads: u32,
    cache: u64,
    batch: u32,
    server: Option<ServerConfig>,
}

impl Key {
    fn of(file: &ModelFile, config: &LlmConfig) -> Self {
        Self {
            file: file.clone(),
            model: config.model.clone(),
            precision: config.precision,
            threads: config.threads,
            cache: config.cache.0,
            batch: config.batch,
            server: config.server.clone(),
        }
    }
}

impl Opened {
    /// A backend that the caller has made.
    pub(super) fn given(backend: Box<dyn Backend>, has_turns: bool, config: &LlmUsersConfig) -> Self {
        let account = [("model".to_owned(), json!(backend.id()))].into_iter().collect();
        Self { backend, has_turns, account, key: Key::of(&config.model, &config.config) }
    }
}

/// Models that are open already, so that populations with the same one share it.
#[derive(Default)]
pub(crate) struct Shelf {
    opened: Vec<Arc<Opened>>,
}

impl Shelf {
    /// The model of a configuration.
    pub(crate) fn take(&mut self, file: &ModelFile, config: &LlmConfig) -> Result<Arc<Opened>, ModelError> {
        let key = Key::of(file, config);
        if let Some(opened) = self.opened.iter().find(|opened| opened.key == key) {
            return Ok(Arc::clone(opened));
        }
        let failed = |source| ModelError::Open { model: config.model.clone(), source };
        let opened = match (&config.server, file) {
            (Some(server), _) => on_server(server, config, key).map_err(failed)?,
            (None, ModelFile::Path(path)) => {
                let is_gguf = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf"));
                let path = path.clone();
                let source = if is_gguf { ModelSource::Gguf(path) } else { ModelSource::Folder(path) };
                here(&source, config, key).map_err(failed)?
            }
            (None, ModelFile::Hub(id) | ModelFile::BuiltIn(id)) => {
                here(&ModelSource::parse(id).map_err(failed)?, config, key).map_err(failed)?
            }
            (None, ModelFile::Server) => {
                let what = "the scenario names a server and does not describe it".to_owned();
                return Err(failed(LlmError::Request(what)));
            }
        };
        let opened = Arc::new(opened);
        self.opened.push(Arc::clone(&opened));
        Ok(opened)
    }
}

/// A model in this process.
fn here(source: &ModelSource, config: &LlmConfig, key: Key) -> Result<Opened, LlmError> {
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
    let has_turns = files.chat_template.is_some();
    let backend = LocalBackend::new(Arc::new(engine), &files, Map::new())?;
    Ok(Opened { backend: Box::new(backend), has_turns, account: account.into_iter().collect(), key })
}

fn on_server(server: &ServerConfig, config: &LlmConfig, key: Key) -> Result<Opened, LlmError> {
    let protocol = match server.protocol {
        ProtocolName::Completions => Protocol::Completions,
        ProtocolName::Chat => Protocol::Chat,
    };
    let mut options = OpenAiOptions::new(&server.endpoint, &config.model, protocol);
    options.key_variable.clone_from(&server.key);
    options.concurrency = server.concurrency as usize;
    options.retries = server.retries;
    options.timeout = Duration::from_millis(u64::try_from(server.timeout.0.0).unwrap_or(0));
    let account = [("model".to_owned(), json!(config.model)), ("server".to_owned(), json!(server.endpoint))];
    Ok(Opened {
        backend: Box::new(OpenAiBackend::new(options)?),
        has_turns: protocol == Protocol::Chat,
        account: account.into_iter().collect(),
        key,
    })
}
