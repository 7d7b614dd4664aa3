//! Shape of a model of the Llama family, whatever file it came from.

use serde::{Deserialize, Serialize};

/// Shape of a decoder of the Llama family (Llama 2/3, SmolLM2, Mistral, Qwen2/2.5, Qwen3). The variants differ by these
/// fields alone: one forward pass serves all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads; divides `heads` (grouped-query attention).
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Number of tokens the model knows.
    pub vocabulary: usize,
    /// The longest sequence it was made for.
    pub context: usize,
    /// Epsilon of the root-mean-square norms.
    pub norm_epsilon: f32,
    /// Rotary position embedding.
    pub rope: Rope,
    /// Whether the output head is the embedding matrix.
    pub tied_embeddings: bool,
    /// Whether the query, key and value projections have biases (Qwen2).
    pub qkv_bias: bool,
    /// Whether the attention's output projection has a bias (Llama with `attention_bias`).
    pub output_bias: bool,
    /// Whether the feed-forward projections have biases (Llama with `mlp_bias`).
    pub mlp_bias: bool,
    /// Whether queries and keys are normalised per head before the rotation (Qwen3).
    pub qk_norm: bool,
    /// By layer: how many positions back a token sees, itself included; `None` sees all (Mistral, Qwen2 with sliding
    /// windows).
    pub sliding_window: Vec<Option<usize>>,
}

/// Rotary position embedding (Su et al. 2021), halves rotated against each other as in Hugging Face's implementation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rope {
    /// Base of the frequencies.
    pub theta: f64,
    /// How positions beyond the trained ones are reached.
    pub scaling: RopeScaling,
}

/// Scaling of rotary positions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RopeScaling {
    /// None.
    None,
    /// Positions divided by a factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Llama 3.1's scaling by wavelength.
    Llama3 {
        /// The factor for long wavelengths.
        factor: f64,
        /// Bound of the long wavelengths.
        low_freq_factor: f64,
        /// Bound of the short wavelengths.
        high_freq_factor: f64,
        /// Context the model was trained on first.
        original_context: usize,
    },
    /// YaRN (Peng et al. 2023).
    Yarn {
        /// The factor.
        factor: f64,
        /// Context the model was trained on first.
        original_context: usize,
        /// Bound of the fast rotations.
        beta_fast: f64,
        /// Bound of the slow rotations.
        beta_slow: f64,
        /// Scale of the attention's logits; derived from the factor if absent.
        attention_factor: Option<f64>,
    },
}
