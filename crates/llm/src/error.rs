//! What can go wrong with models and decisions.

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
