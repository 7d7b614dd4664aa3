//! A language model in this process that a policy asks.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use habitue_core::scenario::Size;
use habitue_core::scenario::llm::PrecisionName;
use habitue_core::{Purpose, Streams};
use habitue_llm::{
    Answer, Backend, Engine, EngineOptions, LlmError, LoadOptions, LocalBackend, Model, ModelSource,
    Precision, Program, decide,
};

/// A model that answers decision programs.
pub(crate) struct LanguageModel {
    name: String,
    backend: Box<dyn Backend>,
    /// Whether it is asked in turns of a conversation.
    pub(crate) chat: bool,
}

impl LanguageModel {
    /// Opens a model. A path is that of a folder or file in `folder`, unless there is none of this name.
    ///
    /// # Errors
    /// If the model cannot be opened.
    pub(crate) fn open(
        name: &str,
        precision: PrecisionName,
        cache: Size,
        folder: &Path,
    ) -> Result<Self, String> {
        let beside = folder.join(name);
        let named = if beside.exists() { beside.to_string_lossy() } else { name.into() };
        let opened = || -> Result<(LocalBackend, bool), LlmError> {
            let files = Model::open(&ModelSource::parse(&named)?, &LoadOptions::default())?;
            let precision = match precision {
                PrecisionName::Int8 => Precision::Int8,
                PrecisionName::F32 => Precision::F32,
            };
            let cache_bytes = usize::try_from(cache.0).unwrap_or(usize::MAX);
            let options = EngineOptions { precision, cache_bytes, ..EngineOptions::default() };
            let engine = Engine::start(files.config.clone(), files.weights.as_ref(), options)?;
            let chat = files.chat_template.is_some();
            Ok((LocalBackend::new(Arc::new(engine), &files, serde_json::Map::new())?, chat))
        };
        let (backend, chat) = opened().map_err(|error| format!("model = \"{name}\": {error}"))?;
        Ok(Self { name: name.to_owned(), backend: Box::new(backend), chat })
    }

    /// The answers to programs that are asked at the same time, in order.
    ///
    /// # Errors
    /// The first that could not be given.
    pub(crate) fn answers(&self, programs: &[Program]) -> Result<Vec<Answer>, String> {
        let asks = programs.iter().map(|program| async move {
            // Policies read the probabilities and leave alone what was drawn.
            let mut stream = Streams::new(0).stream(Purpose::Exploration, 0, 0);
            decide(&*self.backend, program, &mut stream).await
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| format!("the wait for the model cannot begin: {error}"))?;
        let answers: Result<Vec<Answer>, LlmError> = runtime.block_on(join_all(asks)).into_iter().collect();
        answers.map_err(|error| format!("model \"{}\": {error}", self.name))
    }
}

/// Words on one line: a line's end in them must not pass for the end of the line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
