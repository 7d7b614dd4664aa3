//! The network as a model folder in the layout of Hugging Face.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Tensor, safetensors};
use serde_json::{Value, json};

use super::{TrainError, Training};
use crate::net::{NORM_EPSILON, ROPE_THETA};
use crate::vocabulary::END;

/// The longest text that the model is said to read; lessons are shorter, and positions beyond them were not trained.
const CONTEXT: usize = 4096;

impl Training {
    /// Writes `config.json`, `model.safetensors` (bfloat16), `tokenizer.json` and `tokenizer_config.json`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn export(&self, folder: &Path) -> Result<(), TrainError> {
        let io = |file: &Path| {
            let file = file.to_path_buf();
            move |source| TrainError::Io { file, source }
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        safetensors::save(&self.tensors()?, folder.join("model.safetensors"))?;
        let settings = json!({ "eos_token": END, "tokenizer_class": "PreTrainedTokenizerFast" });
        let pretty = |value: &Value| format!("{value:#}\n");
        let files = [
            ("config.json", pretty(&self.config())),
            ("tokenizer_config.json", pretty(&settings)),
            ("tokenizer.json", self.tokenizer_json.to_string()),
        ];
        for (name, text) in files {
            let file = folder.join(name);
            fs::write(&file, text).map_err(io(&file))?;
        }
        Ok(())
    }

    fn config(&self) -> Value {
        let shape = self.net.shape();
        json!({
            "architectures": ["LlamaForCausalLM"],
            "attention_bias": false,
            "eos_token_id": self.tokenizer.id(END),
            "head_dim": shape.head_dim(),
            "hidden_act": "silu",
            "hidden_size": shape.hidden,
            "intermediate_size": shape.intermediate,
            "max_position_embeddings": CONTEXT,
            "mlp_bias": false,
            "model_type": "llama",
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "num_key_value_heads": shape.heads,
            "rms_norm_eps": NORM_EPSILON,
            "rope_theta": ROPE_THETA,
            "tie_word_embeddings": true,
            "torch_dtype": "bfloat16",
            "vocab_size": shape.vocabulary,
        })
    }

    /// The parameters under the names of Hugging Face's Llama.
    fn tensors(&self) -> Result<HashMap<String, Tensor>, TrainError> {
        let shape = self.net.shape();
        let mut tensors = HashMap::new();
        let mut put = |name: String, tensor: &Tensor| -> Result<(), TrainError> {
            tensors.insert(name, tensor.to_dtype(DType::BF16)?.contiguous()?);
            Ok(())
        };
        for (name, parameter) in self.net.parameters() {
            let tensor = parameter.as_tensor();
            let Some((layer, part)) = name.strip_prefix("layers.").and_then(|rest| rest.split_once('.'))
            else {
                let name = if name == "embed" { "model.embed_tokens.weight" } else { "model.norm.weight" };
                put(name.to_owned(), tensor)?;
                continue;
            };
            let (whole, rows): (&[&str], usize) = match part {
                "attention_norm" => (&["input_layernorm"], shape.hidden),
                "mlp_norm" => (&["post_attention_layernorm"], shape.hidden),
                "qkv" => (&["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"], shape.hidden),
                "out" => (&["self_attn.o_proj"], shape.hidden),
                "gate_up" => (&["mlp.gate_proj", "mlp.up_proj"], shape.intermediate),
                _ => (&["mlp.down_proj"], shape.hidden),
            };
            for (at, name) in whole.iter().enumerate() {
                put(format!("model.layers.{layer}.{name}.weight"), &tensor.narrow(0, at * rows, rows)?)?;
            }
        }
        Ok(tensors)
    }
}
