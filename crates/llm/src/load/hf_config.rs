//! `config.json` of a Hugging Face folder as a [`ModelConfig`], in the old and the new spelling of its keys.

use std::path::{Path, PathBuf};

use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};
use serde_json::{Map, Value};

use crate::config::{ModelConfig, Rope, RopeScaling};
use crate::error::LlmError;

/// The architectures this crate runs, by their names in `config.json`.
pub const ARCHITECTURES: [&str; 4] =
    ["LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"];

/// Largest size of any dimension: beyond it a configuration is taken for damaged.
const LARGEST: u64 = 1 << 24;

/// One JSON object of a file, with messages that name the file and the field.
pub(super) struct Fields<'a> {
    file: PathBuf,
    prefix: &'a str,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The fields of `map`, which stands in `file` under `prefix` (empty or ending in a dot).
    pub(super) fn new(file: &Path, prefix: &'a str, map: &'a Map<String, Value>) -> Self {
        Self { file: file.to_path_buf(), prefix, map }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// An error at a field.
    pub(super) fn wrong(&self, kind: DataErrorKind, name: &str, expected: impl Into<String>) -> DataError {
        let error = DataError::new(kind, &self.file, expected).field(format!("{}{name}", self.prefix));
        match self.map.get(name) {
            Some(Value::String(text)) => error.value(text),
            Some(value) => error.value(value),
            None => error.nearest(nearest(name, self.map.keys().map(String::as_str))),
        }
    }

    fn size_or(&self, name: &str, default: Option<usize>) -> Result<usize, LlmError> {
        match (self.get(name).map(Value::as_u64), default) {
            (Some(Some(size)), _) if (1..=LARGEST).contains(&size) => Ok(size as usize),
            (None, Some(size)) => Ok(size),
            (None, None) => Err(self.wrong(DataErrorKind::EmptyField, name, "a whole number above 0").into()),
            _ => Err(self
                .wrong(DataErrorKind::Range, name, format!("a whole number from 1 to {LARGEST}"))
                .into()),
        }
    }

    fn number_or(&self, name: &str, default: Option<f64>) -> Result<f64, LlmError> {
        match (self.get(name).map(Value::as_f64), default) {
            (Some(Some(number)), _) if number.is_finite() && number > 0.0 => Ok(number),
            (None, Some(number)) => Ok(number),
            (None, None) => Err(self.wrong(DataErrorKind::EmptyField, name, "a number above 0").into()),
            _ => Err(self.wrong(DataErrorKind::Range, name, "a number above 0").into()),
        }
    }

    fn flag_or(&self, name: &str, default: bool) -> Result<bool, LlmError> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(DataErrorKind::Type, name, "true or false").into()),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, LlmError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(DataErrorKind::Type, name, "a text").into()),
        }
    }
}

/// Reads a `config.json` (given as its parsed value).
///
/// # Errors
/// If the architecture is not one of [`ARCHITECTURES`], a field is missing, not of its type or out of range, or the
/// model needs something that this crate does not do: another activation, partial rotary embeddings, another rope
/// scaling, or weights packed by a quantiser.
pub fn model_config(file: &Path, value: &Value) -> Result<ModelConfig, LlmError> {
    let Some(map) = value.as_object() else {
        return Err(DataError::new(DataErrorKind::Type, file, "a JSON object").into());
    };
    let fields = Fields::new(file, "", map);
    let architecture = architecture(&fields)?;
    refuse_what_is_not_done(&fields)?;

    let hidden = fields.size_or("hidden_size", None)?;
    let heads = fields.size_or("num_attention_heads", None)?;
    let kv_heads = fields.size_or("num_key_value_heads", Some(heads))?;
    let layers = fields.size_or("num_hidden_layers", None)?;
    let context = fields.size_or("max_position_embeddings", None)?;
    let usual_head = if architecture == "Qwen3ForCausalLM" { 128 } else { (hidden / heads).max(1) };
    let bias = fields.flag_or("attention_bias", false)?;
    let qwen2 = architecture == "Qwen2ForCausalLM";
    let config = ModelConfig {
        hidden,
        intermediate: fields.size_or("intermediate_size", None)?,
        layers,
        heads,
        kv_heads,
        head_dim: fields.size_or("head_dim", Some(usual_head))?,
        vocabulary: fields.size_or("vocab_size", None)?,
        context,
        norm_epsilon: fields.number_or("rms_norm_eps", Some(1e-6))? as f32,
        rope: rope(&fields, context)?,
        tied_embeddings: fields.flag_or("tie_word_embeddings", false)?,
        qkv_bias: bias || qwen2,
        output_bias: bias && !qwen2 && architecture != "MistralForCausalLM",
        mlp_bias: architecture == "LlamaForCausalLM" && fields.flag_or("mlp_bias", false)?,
        qk_norm: architecture == "Qwen3ForCausalLM",
        sliding_window: sliding_windows(&fields, architecture, layers)?,
    };
    if !config.heads.is_multiple_of(config.kv_heads) {
        let expected = format!("a divisor of num_attention_heads = {heads}");
        return Err(fields.wrong(DataErrorKind::Contradiction, "num_key_value_heads", expected).into());
    }
    if !config.head_dim.is_multiple_of(2) {
        return Err(fields.wrong(DataErrorKind::Range, "head_dim", "an even number").into());
    }
    Ok(config)
}

fn architecture<'a>(fields: &Fields<'a>) -> Result<&'a str, LlmError> {
    let expected = format!("one of {}", ARCHITECTURES.join(", "));
    let Some(name) = fields.get("architectures").and_then(|list| list.get(0)).and_then(Value::as_str) else {
        return Err(fields.wrong(DataErrorKind::EmptyField, "architectures", expected).into());
    };
    if ARCHITECTURES.contains(&name) {
        return Ok(name);
    }
    let mut error = fields.wrong(DataErrorKind::UnknownName, "architectures", expected).value(name);
    error.nearest = nearest(name, ARCHITECTURES);
    Err(error.into())
}

fn refuse_what_is_not_done(fields: &Fields<'_>) -> Result<(), LlmError> {
    for name in ["hidden_act", "hidden_activation"] {
        if !matches!(fields.text(name)?, None | Some("silu" | "swish")) {
            return Err(fields.wrong(DataErrorKind::UnknownName, name, "\"silu\"").into());
        }
    }
    if fields.get("quantization_config").is_some() {
        let expected =
            "weights that are not packed by a quantiser (safetensors in F32, F16 or BF16, or GGUF)";
        return Err(fields.wrong(DataErrorKind::UnknownName, "quantization_config", expected).into());
    }
    Ok(())
}

/// Rotary positions: `rope_theta` and `rope_scaling` at the top, or both within `rope_parameters`.
fn rope(top: &Fields<'_>, context: usize) -> Result<Rope, LlmError> {
    let empty = Map::new();
    let (name, nested) = match (top.get("rope_parameters"), top.get("rope_scaling")) {
        (Some(value), _) => ("rope_parameters", value.as_object()),
        (None, Some(value)) => ("rope_scaling", value.as_object()),
        (None, None) => ("rope_scaling", Some(&empty)),
    };
    let Some(nested) = nested else {
        return Err(top.wrong(DataErrorKind::Type, name, "an object").into());
    };
    let prefix = format!("{name}.");
    let fields = Fields::new(&top.file, &prefix, nested);
    let theta = fields.number_or("rope_theta", Some(top.number_or("rope_theta", Some(10_000.0))?))?;
    let partial = top.number_or("partial_rotary_factor", Some(1.0))?;
    if (fields.number_or("partial_rotary_factor", Some(partial))? - 1.0).abs() > 0.0 {
        return Err(fields.wrong(DataErrorKind::Range, "partial_rotary_factor", "1").into());
    }
    let key = if fields.get("rope_type").is_some() { "rope_type" } else { "type" };
    let before = top.size_or("original_max_position_embeddings", Some(context))?;
    let scaling = match fields.text(key)? {
        None | Some("default") => RopeScaling::None,
        Some("linear") => RopeScaling::Linear { factor: fields.number_or("factor", None)? },
        Some("llama3") => RopeScaling::Llama3 {
            factor: fields.number_or("factor", None)?,
            low_freq_factor: fields.number_or("low_freq_factor", None)?,
            high_freq_factor: fields.number_or("high_freq_factor", None)?,
            original_context: fields.size_or("original_max_position_embeddings", None)?,
        },
        Some("yarn") => yarn(&fields, before)?,
        Some(other) => {
            const KNOWN: [&str; 4] = ["default", "linear", "llama3", "yarn"];
            let expected = format!("one of {}", KNOWN.join(", "));
            return Err(fields
                .wrong(DataErrorKind::UnknownName, key, expected)
                .nearest(nearest(other, KNOWN))
                .into());
        }
    };
    Ok(Rope { theta, scaling })
}

fn yarn(fields: &Fields<'_>, before: usize) -> Result<RopeScaling, LlmError> {
    if !fields.flag_or("truncate", true)? {
        return Err(fields.wrong(DataErrorKind::UnknownName, "truncate", "true").into());
    }
    let factor = fields.number_or("factor", None)?;
    let mut attention_factor = match fields.get("attention_factor") {
        Some(_) => Some(fields.number_or("attention_factor", None)?),
        None => None,
    };
    if attention_factor.is_none() && fields.get("mscale").is_some() && fields.get("mscale_all_dim").is_some()
    {
        // The ratio of the two scales, as in DeepSeek's reading of YaRN.
        let scale = |weight: f64| if factor <= 1.0 { 1.0 } else { 0.1 * weight * factor.ln() + 1.0 };
        let above = scale(fields.number_or("mscale", None)?);
        attention_factor = Some(above / scale(fields.number_or("mscale_all_dim", None)?));
    }
    Ok(RopeScaling::Yarn {
        factor,
        original_context: fields.size_or("original_max_position_embeddings", Some(before))?,
        beta_fast: fields.number_or("beta_fast", Some(32.0))?,
        beta_slow: fields.number_or("beta_slow", Some(1.0))?,
        attention_factor,
    })
}

/// By layer, the window. Mistral slides in all layers (4,096 unless the file says otherwise, `null` for never), Qwen in
/// those that `layer_types` names or, without it, from `max_window_layers` on if `use_sliding_window`.
fn sliding_windows(
    fields: &Fields<'_>,
    architecture: &str,
    layers: usize,
) -> Result<Vec<Option<usize>>, LlmError> {
    match architecture {
        "LlamaForCausalLM" => return Ok(vec![None; layers]),
        "MistralForCausalLM" => {
            let window = match fields.map.get("sliding_window") {
                Some(Value::Null) => None,
                _ => Some(fields.size_or("sliding_window", Some(4096))?),
            };
            return Ok(vec![window; layers]);
        }
        _ => {}
    }
    if !fields.flag_or("use_sliding_window", false)? {
        return Ok(vec![None; layers]);
    }
    let window = fields.size_or("sliding_window", Some(4096))?;
    if let Some(kinds) = fields.get("layer_types") {
        let expected = format!("{layers} texts, each \"full_attention\" or \"sliding_attention\"");
        let wrong = || fields.wrong(DataErrorKind::Type, "layer_types", expected.clone());
        let kinds =
            kinds.as_array().filter(|kinds| kinds.len() == layers).ok_or_else(|| LlmError::from(wrong()))?;
        return kinds
            .iter()
            .map(|kind| match kind.as_str() {
                Some("full_attention") => Ok(None),
                Some("sliding_attention") => Ok(Some(window)),
                _ => Err(wrong().into()),
            })
            .collect();
    }
    let first = fields.get("max_window_layers").and_then(Value::as_u64).unwrap_or(28) as usize;
    Ok((0..layers).map(|layer| (layer >= first).then_some(window)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn base(architecture: &str) -> Value {
        json!({
            "architectures": [architecture], "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 300, "max_position_embeddings": 256,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu"
        })
    }

    fn with(architecture: &str, more: Value) -> Value {
        let mut value = base(architecture);
        let Value::Object(more) = more else { panic!("an object") };
        value.as_object_mut().unwrap().extend(more);
        value
    }

    fn read(value: &Value) -> Result<ModelConfig, LlmError> {
        model_config(Path::new("config.json"), value)
    }

    #[test]
    fn both_spellings_of_rope_mean_the_same() {
        let old = with(
            "LlamaForCausalLM",
            json!({"rope_theta": 5e5, "rope_scaling": {"type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 64}}),
        );
        let new = with(
            "LlamaForCausalLM",
            json!({"rope_theta": null, "rope_parameters": {"rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0,
                "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}}),
        );
        let config = read(&old).unwrap();
        assert_eq!(config, read(&new).unwrap());
        assert_eq!(
            config.rope,
            Rope {
                theta: 5e5,
                scaling: RopeScaling::Llama3 {
                    factor: 8.0,
                    low_freq_factor: 1.0,
                    high_freq_factor: 4.0,
                    original_context: 64
                }
            }
        );
    }

    #[test]
    fn biases_norms_and_windows_follow_the_architecture() {
        let qwen2 = read(&with(
            "Qwen2ForCausalLM",
            json!({"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1}),
        ))
        .unwrap();
        assert!(qwen2.qkv_bias && !qwen2.output_bias && !qwen2.qk_norm);
        assert_eq!(qwen2.sliding_window, [None, Some(8)]);
        let qwen3 = read(&base("Qwen3ForCausalLM")).unwrap();
        assert!(qwen3.qk_norm && !qwen3.qkv_bias);
        assert_eq!(qwen3.head_dim, 128);
        let mistral = |window: Value| {
            read(&with("MistralForCausalLM", json!({"sliding_window": window}))).unwrap().sliding_window
        };
        assert_eq!(mistral(Value::Null), [None, None]);
        assert_eq!(mistral(json!(16)), [Some(16), Some(16)]);
        let llama =
            read(&with("LlamaForCausalLM", json!({"attention_bias": true, "mlp_bias": true}))).unwrap();
        assert!(llama.qkv_bias && llama.output_bias && llama.mlp_bias);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            base("Qwen3MoeForCausalLM"),
            base("GPT2LMHeadModel"),
            with("LlamaForCausalLM", json!({"hidden_size": "32"})),
            with("LlamaForCausalLM", json!({"vocab_size": null})),
            with("LlamaForCausalLM", json!({"num_key_value_heads": 3})),
            with("LlamaForCausalLM", json!({"hidden_act": "gelu"})),
            with("LlamaForCausalLM", json!({"rope_scaling": {"rope_type": "linea", "factor": 2.0}})),
            with("LlamaForCausalLM", json!({"rope_scaling": {"rope_type": "linear"}})),
            with("LlamaForCausalLM", json!({"quantization_config": {"quant_method": "gptq"}})),
            json!([1, 2]),
        ];
        let messages: Vec<String> = cases.iter().map(|case| read(case).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(messages.join("\n"));
    }
}
