//! A model for the command to try.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../llm/tests/goldens").join(name)
}

/// Puts a random model with a chat template, and a context long enough for prompts of letters, into a folder.
pub(crate) fn place(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for file in ["model.safetensors", "tokenizer.json"] {
        std::fs::copy(golden("qwen3").join(file), folder.join(file)).unwrap();
    }
    let mut config: Value =
        serde_json::from_slice(&std::fs::read(golden("qwen3/config.json")).unwrap()).unwrap();
    config["max_position_embeddings"] = json!(2048);
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    std::fs::copy(golden("chat/chatml.jinja"), folder.join("chat_template.jinja")).unwrap();
}

/// The cache of a client of the hub that has fetched the model.
pub(crate) fn place_in_cache(cache: &Path, model: &str) {
    let root = cache.join(format!("models--{}", model.replace('/', "--")));
    place(&root.join("snapshots/c0ffee"));
    std::fs::create_dir_all(root.join("refs")).unwrap();
    std::fs::write(root.join("refs/main"), "c0ffee").unwrap();
}
