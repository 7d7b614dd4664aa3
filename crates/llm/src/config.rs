//! Shape of a model of the Llama family, whatever file it came from.

use serde::{Deserialize, Serialize};

use crate::error::LlmError;

/// Shape of a decoder of the Llama family (Llama 2/3, `SmolLM2`, Mistral, Qwen2/2.5, Qwen3). The variants differ by these
/// fields alone: one forward pass serves all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each says whether one kind of tensor exists")]
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

impl ModelConfig {
    /// The shape of `SmolLM2-135M`.
    pub fn smol135() -> Self {
        Self {
            hidden: 576,
            intermediate: 1536,
            layers: 30,
            heads: 9,
            kv_heads: 3,
            head_dim: 64,
            vocabulary: 49152,
            context: 8192,
            norm_epsilon: 1e-5,
            rope: Rope { theta: 100_000.0, scaling: RopeScaling::None },
            tied_embeddings: true,
            qkv_bias: false,
            output_bias: false,
            mlp_bias: false,
            qk_norm: false,
            sliding_window: vec![None; 30],
        }
    }

    /// The shape of `Qwen2.5-0.5B`.
    pub fn qwen05() -> Self {
        Self {
            hidden: 896,
            intermediate: 4864,
            layers: 24,
            heads: 14,
            kv_heads: 2,
            head_dim: 64,
            vocabulary: 151_936,
            context: 32768,
            norm_epsilon: 1e-6,
            rope: Rope { theta: 1_000_000.0, scaling: RopeScaling::None },
            tied_embeddings: true,
            qkv_bias: true,
            output_bias: false,
            mlp_bias: false,
            qk_norm: false,
            sliding_window: vec![None; 24],
        }
    }

    /// Checks that the numbers describe a model that can be computed.
    ///
    /// # Errors
    /// If a size is zero, the head width is odd, `kv_heads` does not divide `heads`, or the windows are not one a
    /// layer.
    pub fn validate(&self) -> Result<(), LlmError> {
        let sizes = [
            ("hidden", self.hidden),
            ("intermediate", self.intermediate),
            ("layers", self.layers),
            ("heads", self.heads),
            ("kv_heads", self.kv_heads),
            ("head_dim", self.head_dim),
            ("vocabulary", self.vocabulary),
            ("context", self.context),
        ];
        let wrong = |field: &str, value: String, expected: &str| {
            Err(LlmError::Configuration {
                field: format!("the model's {field}"),
                value,
                expected: expected.to_owned(),
            })
        };
        for (field, value) in sizes {
            if value == 0 || u32::try_from(value).is_err() {
                return wrong(field, value.to_string(), "a number from 1 to 4294967295");
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return wrong(
                "kv_heads",
                self.kv_heads.to_string(),
                &format!("a divisor of heads ({})", self.heads),
            );
        }
        if !self.head_dim.is_multiple_of(2) {
            return wrong("head_dim", self.head_dim.to_string(), "an even number");
        }
        if self.sliding_window.len() != self.layers {
            let count = self.sliding_window.len().to_string();
            return wrong(
                "sliding_window",
                count,
                &format!("one entry for each of the {} layers", self.layers),
            );
        }
        if self.sliding_window.contains(&Some(0)) {
            return wrong("sliding_window", "0".to_owned(), "windows of at least 1 position");
        }
        if !(self.norm_epsilon >= 0.0 && self.norm_epsilon.is_finite()) {
            return wrong("norm_epsilon", self.norm_epsilon.to_string(), "a finite number from 0");
        }
        if !(self.rope.theta > 0.0 && self.rope.theta.is_finite()) {
            return wrong("rope.theta", self.rope.theta.to_string(), "a finite number above 0");
        }
        Ok(())
    }
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
    /// `YaRN` (Peng et al. 2023).
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
