//! Every command that `docs/llm.md` shows works as it is written.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod door;
#[allow(dead_code, reason = "a part of it is used here")]
#[path = "../../llm/tests/fakes/server.rs"]
mod server;

use std::path::Path;

use door::{Door, model};
use serde_json::json;
use server::Server;

/// The blocks of a language, in order.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn commands_of_the_document_work() {
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/llm.md");
    let text = std::fs::read_to_string(text).unwrap();
    let door = Door::new();
    model::place(&door.path().join("models/SmolLM2-135M-Instruct"));
    model::place_in_cache(&door.path().join("hub"), "HuggingFaceTB/SmolLM2-135M-Instruct");
    door.write("taste.json", blocks(&text, "json")[0]);
    door.write("evening.toml", blocks(&text, "toml")[0]);
    let answer = json!({"choices": [{"message": {"content": "A"}}]});
    let server = Server::start(move |_, _| server::json(&answer));
    let address = server.address.trim_start_matches("http://");
    let shown: Vec<&str> = blocks(&text, "sh").into_iter().flat_map(str::lines).collect();
    assert!(shown.len() >= 10, "{shown:?}");
    for command in shown {
        let line = command.strip_prefix("habitue ").unwrap_or_else(|| panic!("no test runs \"{command}\""));
        let line = line.replace("127.0.0.1:8000", address);
        let script = format!("exec {} {line}", assert_cmd::cargo::cargo_bin!("habitue").display());
        let ended = std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(door.path())
            .env("HF_HUB_CACHE", door.path().join("hub"))
            .output()
            .unwrap();
        assert!(ended.status.success(), "{command}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}
