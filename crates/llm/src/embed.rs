//! Texts as vectors: for memories that are looked up by meaning, and for items that have no vector of their own.

mod bert;
mod hashed;

pub use bert::BertEmbedder;
pub use hashed::HashedEmbedder;

use crate::error::LlmError;

/// Turns texts into vectors whose dot product tells how alike they are.
pub trait Embedder: Send + Sync {
    /// What it is, for a run's manifest.
    fn id(&self) -> String;

    /// Numbers in a vector.
    fn width(&self) -> usize;

    /// The vectors of texts, in their order: of length 1, or 0 for a text in which nothing can be read. A text's vector
    /// does not depend on the others.
    ///
    /// # Errors
    /// If a text cannot be encoded.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, LlmError>;
}

/// Scales a vector to length 1; one without length stays as it is.
fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if length > 0.0 {
        for x in vector {
            *x = (f64::from(*x) / length) as f32;
        }
    }
}
