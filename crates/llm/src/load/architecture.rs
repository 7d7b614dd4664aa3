//! The tensors a configuration asks for, by their Hugging Face names.

use crate::config::ModelConfig;

/// Names and shapes of all tensors of a model.
pub fn expected_tensors(config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let (hidden, inner) = (config.hidden, config.intermediate);
    let queries = config.heads * config.head_dim;
    let keys = config.kv_heads * config.head_dim;
    let mut tensors = vec![
        ("model.embed_tokens.weight".to_owned(), vec![config.vocabulary, hidden]),
        ("model.norm.weight".to_owned(), vec![hidden]),
    ];
    if !config.tied_embeddings {
        tensors.push(("lm_head.weight".to_owned(), vec![config.vocabulary, hidden]));
    }
    for layer in 0..config.layers {
        let mut add =
            |name: &str, shape: Vec<usize>| tensors.push((format!("model.layers.{layer}.{name}"), shape));
        add("input_layernorm.weight", vec![hidden]);
        add("post_attention_layernorm.weight", vec![hidden]);
        for (name, rows) in [("q", queries), ("k", keys), ("v", keys)] {
            add(&format!("self_attn.{name}_proj.weight"), vec![rows, hidden]);
            if config.qkv_bias {
                add(&format!("self_attn.{name}_proj.bias"), vec![rows]);
            }
        }
        add("self_attn.o_proj.weight", vec![hidden, queries]);
        if config.output_bias {
            add("self_attn.o_proj.bias", vec![hidden]);
        }
        if config.qk_norm {
            add("self_attn.q_norm.weight", vec![config.head_dim]);
            add("self_attn.k_norm.weight", vec![config.head_dim]);
        }
        for (name, rows, columns) in [("gate", inner, hidden), ("up", inner, hidden), ("down", hidden, inner)]
        {
            add(&format!("mlp.{name}_proj.weight"), vec![rows, columns]);
            if config.mlp_bias {
                add(&format!("mlp.{name}_proj.bias"), vec![rows]);
            }
        }
    }
    tensors
}
