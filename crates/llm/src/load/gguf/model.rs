//! Shape and names of a model in a GGUF file.

use std::path::Path;

use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};

use super::container::Container;
use crate::config::{ModelConfig, Rope, RopeScaling};
use crate::error::LlmError;

/// Architectures in GGUF's names.
const ARCHITECTURES: [&str; 3] = ["llama", "qwen2", "qwen3"];

/// How a tensor's rows are ordered in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowOrder {
    /// As in the model.
    Same,
    /// In each of so many heads, rows `i` and `i + half` stand next to each other: the rotation of llama.cpp's `llama`
    /// architecture works on neighbours, Hugging Face's on halves.
    Interleaved(usize),
}

impl RowOrder {
    /// Puts the rows of a tensor back in the model's order.
    pub(super) fn restore(self, values: Vec<f32>, rows: usize) -> Vec<f32> {
        let Self::Interleaved(heads) = self else { return values };
        let width = values.len() / rows;
        let head = rows / heads;
        let mut restored = Vec::with_capacity(values.len());
        for row in 0..rows {
            let (at, within) = (row / head * head, row % head);
            let stored = at + within % (head / 2) * 2 + within / (head / 2);
            restored.extend_from_slice(&values[stored * width..(stored + 1) * width]);
        }
        restored
    }
}

/// Finds a tensor of the file by its Hugging Face name.
#[derive(Debug)]
pub(super) struct Names {
    interleaved: bool,
    heads: usize,
    kv_heads: usize,
}

impl Names {
    /// # Errors
    /// If the architecture is not known.
    pub(super) fn new(file: &Path, container: &Container) -> Result<Self, LlmError> {
        let keys = Keys::new(file, container)?;
        let heads = keys.size("attention.head_count", None)?;
        let kv_heads = keys.size("attention.head_count_kv", Some(heads))?;
        Ok(Self { interleaved: keys.architecture == "llama", heads, kv_heads })
    }

    /// The name in the file and the order of the rows.
    pub(super) fn stored(&self, name: &str) -> Option<(String, RowOrder)> {
        let whole = match name {
            "model.embed_tokens.weight" => Some("token_embd.weight"),
            "model.norm.weight" => Some("output_norm.weight"),
            "lm_head.weight" => Some("output.weight"),
            _ => None,
        };
        if let Some(whole) = whole {
            return Some((whole.to_owned(), RowOrder::Same));
        }
        let (layer, rest) = name.strip_prefix("model.layers.")?.split_once('.')?;
        let (part, kind) = rest.rsplit_once('.')?;
        let part = match part {
            "input_layernorm" => "attn_norm",
            "post_attention_layernorm" => "ffn_norm",
            "self_attn.q_proj" => "attn_q",
            "self_attn.k_proj" => "attn_k",
            "self_attn.v_proj" => "attn_v",
            "self_attn.o_proj" => "attn_output",
            "self_attn.q_norm" => "attn_q_norm",
            "self_attn.k_norm" => "attn_k_norm",
            "mlp.gate_proj" => "ffn_gate",
            "mlp.up_proj" => "ffn_up",
            "mlp.down_proj" => "ffn_down",
            _ => return None,
        };
        let order = match part {
            "attn_q" if self.interleaved => RowOrder::Interleaved(self.heads),
            "attn_k" if self.interleaved => RowOrder::Interleaved(self.kv_heads),
            _ => RowOrder::Same,
        };
        Some((format!("blk.{layer}.{part}.{kind}"), order))
    }
}

/// Metadata under the architecture's prefix.
struct Keys<'a> {
    file: &'a Path,
    container: &'a Container,
    architecture: &'a str,
}

impl<'a> Keys<'a> {
    fn new(file: &'a Path, container: &'a Container) -> Result<Self, LlmError> {
        let name = container.metadata.text("general.architecture").unwrap_or_default();
        if let Some(architecture) = ARCHITECTURES.into_iter().find(|known| *known == name) {
            return Ok(Self { file, container, architecture });
        }
        let expected = format!("one of {}", ARCHITECTURES.join(", "));
        Err(DataError::new(DataErrorKind::UnknownName, file, expected)
            .field("general.architecture")
            .value(name)
            .nearest(nearest(name, ARCHITECTURES))
            .into())
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.container.metadata.number(&self.key(name))
    }

    fn size(&self, name: &str, default: Option<usize>) -> Result<usize, LlmError> {
        const LARGEST: f64 = 16_777_216.0;
        match (self.number(name), default) {
            (Some(number), _) if (1.0..=LARGEST).contains(&number) && number.fract() == 0.0 => {
                Ok(number as usize)
            }
            (None, Some(default)) => Ok(default),
            (found, _) => {
                let expected = format!("a whole number from 1 to {LARGEST}");
                let error = DataError::new(DataErrorKind::Range, self.file, expected).field(self.key(name));
                Err(match found {
                    Some(number) => error.value(number).into(),
                    None => error.into(),
                })
            }
        }
    }

    fn positive(&self, name: &str, default: Option<f64>) -> Result<f64, LlmError> {
        match self.number(name).or(default) {
            Some(number) if number.is_finite() && number > 0.0 => Ok(number),
            _ => Err(DataError::new(DataErrorKind::Range, self.file, "a number above 0")
                .field(self.key(name))
                .into()),
        }
    }
}

/// The model's shape.
pub(super) fn config(file: &Path, container: &Container) -> Result<ModelConfig, LlmError> {
    let keys = Keys::new(file, container)?;
    let has = |name: &str| container.tensor(name).is_some();
    let hidden = keys.size("embedding_length", None)?;
    let heads = keys.size("attention.head_count", None)?;
    let kv_heads = keys.size("attention.head_count_kv", Some(heads))?;
    let layers = keys.size("block_count", None)?;
    let context = keys.size("context_length", None)?;
    let head_dim = keys.size("attention.key_length", Some((hidden / heads).max(1)))?;
    if !heads.is_multiple_of(kv_heads) || !head_dim.is_multiple_of(2) {
        let what = format!("{heads} heads of width {head_dim} cannot share {kv_heads} key and value heads");
        return Err(LlmError::corrupt(file, what));
    }
    let rows = container.tensor("token_embd.weight").and_then(|tensor| tensor.shape.first().copied());
    let window = match keys.number("attention.sliding_window") {
        Some(number) if number > 0.0 => Some(keys.size("attention.sliding_window", None)?),
        _ => None,
    };
    Ok(ModelConfig {
        hidden,
        intermediate: keys.size("feed_forward_length", None)?,
        layers,
        heads,
        kv_heads,
        head_dim,
        vocabulary: match rows {
            Some(rows) => rows,
            None => keys.size("vocab_size", None)?,
        },
        context,
        norm_epsilon: keys.positive("attention.layer_norm_rms_epsilon", None)? as f32,
        rope: rope(&keys, head_dim, context)?,
        tied_embeddings: !has("output.weight"),
        qkv_bias: has("blk.0.attn_q.bias"),
        output_bias: has("blk.0.attn_output.bias"),
        mlp_bias: has("blk.0.ffn_down.bias"),
        qk_norm: has("blk.0.attn_q_norm.weight"),
        sliding_window: vec![window; layers],
    })
}

fn rope(keys: &Keys<'_>, head_dim: usize, context: usize) -> Result<Rope, LlmError> {
    let theta = keys.positive("rope.freq_base", Some(10_000.0))?;
    if keys.size("rope.dimension_count", Some(head_dim))? != head_dim {
        let expected = format!("{head_dim}, the width of a head");
        return Err(DataError::new(DataErrorKind::Range, keys.file, expected)
            .field(keys.key("rope.dimension_count"))
            .into());
    }
    if keys.container.tensor("rope_freqs.weight").is_some() {
        return Ok(Rope { theta, scaling: llama3(keys, theta, head_dim)? });
    }
    let factor = || keys.positive("rope.scaling.factor", None);
    let name = keys.key("rope.scaling.type");
    let scaling = match keys.container.metadata.text(&name) {
        None | Some("none") => RopeScaling::None,
        Some("linear") => RopeScaling::Linear { factor: factor()? },
        Some("yarn") => RopeScaling::Yarn {
            factor: factor()?,
            original_context: keys.size("rope.scaling.original_context_length", Some(context))?,
            beta_fast: keys.positive("rope.scaling.yarn_beta_fast", Some(32.0))?,
            beta_slow: keys.positive("rope.scaling.yarn_beta_slow", Some(1.0))?,
            attention_factor: None,
        },
        Some(other) => {
            let error = DataError::new(DataErrorKind::UnknownName, keys.file, "none, linear or yarn");
            return Err(error.field(name).value(other).into());
        }
    };
    Ok(Rope { theta, scaling })
}

/// The file holds the divisors of Llama 3.1's scaling, not its parameters. The published models all use 1, 4 and 8,192
/// with the largest divisor as factor; the divisors are computed anew and compared.
fn llama3(keys: &Keys<'_>, theta: f64, head_dim: usize) -> Result<RopeScaling, LlmError> {
    let divisors = keys.container.read(keys.file, "rope_freqs.weight")?;
    let factor = f64::from(divisors.iter().copied().fold(1.0, f32::max));
    let (low, high, original) = (1.0, 4.0, 8192.0);
    let divisor = |pair: usize| {
        let wavelength = std::f64::consts::TAU * theta.powf(2.0 * pair as f64 / head_dim as f64);
        if wavelength < original / high {
            1.0
        } else if wavelength > original / low {
            factor
        } else {
            let smooth = (original / wavelength - low) / (high - low);
            1.0 / ((1.0 - smooth) / factor + smooth)
        }
    };
    let fits = divisors.len() == head_dim / 2
        && divisors
            .iter()
            .enumerate()
            .all(|(pair, &d)| (f64::from(d) - divisor(pair)).abs() < 1e-3 * divisor(pair));
    if !fits {
        let what = "rope_freqs.weight is not Llama 3.1's scaling (1, 4, 8192), the only one known here";
        return Err(LlmError::corrupt(keys.file, what));
    }
    Ok(RopeScaling::Llama3 { factor, low_freq_factor: low, high_freq_factor: high, original_context: 8192 })
}
