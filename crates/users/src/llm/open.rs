//! Why users of a language model cannot be made.

use habitue_core::DataError;
use habitue_llm::LlmError;

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
}
