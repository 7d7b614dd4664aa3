//! Where a model's numbers come from.

use std::collections::BTreeMap;

use crate::error::LlmError;

/// Tensors by their Hugging Face names (`model.layers.0.self_attn.q_proj.weight`), as 32-bit floats.
///
/// One tensor at a time, so that a model that is quantised on the way in never exists twice in memory.
pub trait Weights: Send + Sync {
    /// Where the tensors come from, for messages.
    fn source(&self) -> String;

    /// Whether there is a tensor of this name.
    fn has(&self, name: &str) -> bool;

    /// The tensor, row-major.
    ///
    /// # Errors
    /// If it is missing, has another shape, cannot be read, or holds a number that is not finite.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError>;
}

/// Tensors held in memory: for tests and for models of random weights.
#[derive(Debug, Clone, Default)]
pub struct MemoryWeights(pub BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Weights for MemoryWeights {
    fn source(&self) -> String {
        "memory".to_owned()
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        let Some((found, values)) = self.0.get(name) else {
            return Err(LlmError::MissingTensor { source_name: self.source(), tensor: name.to_owned() });
        };
        if found != shape {
            return Err(LlmError::Shape {
                source_name: self.source(),
                tensor: name.to_owned(),
                found: found.clone(),
                expected: shape.to_vec(),
            });
        }
        Ok(values.clone())
    }
}
