//! What can go wrong with models and decisions.

use std::path::{Path, PathBuf};

use habitue_core::DataError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LlmError {
    /// A tensor the architecture needs is not there.
    #[error("{source_name}: there is no tensor \"{tensor}\"")]
    MissingTensor {
        /// The file or folder.
        source_name: String,
        /// The tensor.
        tensor: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("{source_name}: tensor \"{tensor}\" has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The file or folder.
        source_name: String,
        /// The tensor.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
    },
    /// A weight is infinite or not a number.
    #[error(
        "{source_name}: tensor \"{tensor}\" holds {value} at position {position}, expected finite numbers"
    )]
    NotFinite {
        /// The file or folder.
        source_name: String,
        /// The tensor.
        tensor: String,
        /// Position in the row-major tensor.
        position: usize,
        /// The value.
        value: f32,
    },
    /// A file cannot be opened or read.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file's bytes are not what its format says: cut short, overlapping, of an unknown version or type.
    #[error("{}: {what}", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A field of a file is wrong.
    #[error(transparent)]
    Data(Box<DataError>),
    /// A device is not there, or cannot do what is asked of it.
    #[error("device {device}: {what}")]
    Device {
        /// The device.
        device: String,
        /// What happened.
        what: String,
    },
    /// The hub did not deliver.
    #[error("hub model \"{model}\": {what}")]
    Hub {
        /// The model's id, with its revision.
        model: String,
        /// What happened.
        what: String,
    },
    /// A chat template cannot be read or does not accept the messages.
    #[error("chat template: {0}")]
    Template(String),
    /// A decision program is not one that can be run.
    #[error("decision program, slot \"{slot}\": {what}")]
    Program {
        /// The slot.
        slot: String,
        /// What is wrong with it.
        what: String,
    },
    /// A server did not answer as agreed, after all retries.
    #[error("server {server}: {what}")]
    Server {
        /// Its address.
        server: String,
        /// What happened.
        what: String,
    },
    /// A recording has no answer to a prompt.
    #[error("the recording has no answer to prompt {hash}")]
    NotRecorded {
        /// The prompt's hash.
        hash: String,
    },
    /// A field of a model's configuration or of the engine's options makes no sense.
    #[error("{field} is {value}, expected {expected}")]
    Configuration {
        /// The field.
        field: String,
        /// Its value.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// A request cannot be served.
    #[error("the request cannot be served: {0}")]
    Request(String),
    /// The engine has stopped.
    #[error("the engine has stopped: {0}")]
    Stopped(String),
}

impl From<DataError> for LlmError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}

impl LlmError {
    /// A file that cannot be opened or read.
    pub(crate) fn io(file: &Path, source: std::io::Error) -> Self {
        Self::Io { file: file.to_path_buf(), source }
    }

    /// A file whose bytes are not what its format says.
    pub(crate) fn corrupt(file: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt { file: file.to_path_buf(), what: what.into() }
    }
}
