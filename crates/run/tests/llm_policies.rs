//! Policies that ask a language model in a whole run: the log is a function of scenario, seed and model alone.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod town;

use std::path::{Path, PathBuf};

use habitue_core::scenario::{Scenario, Typed, resolve};
use habitue_run::{DiskSources, Ending, replay, resume, start};
use habitue_store::RunReader;
use town::{drive, folder, interrupted, tables};

const TOWN: &str = r#"
seed = 5
horizon = "1d"
window = "2h"

[catalogue]
generate = { items = 40, categories = 4 }

[[population]]
name = "users"
size = 8
personas = {}
choice = { instruct = { classes = ["less", "more", "duration-cap"], speak = 0.9 } }

[slate]
size = 3
max_turns = 4

[experiment]
design = "paired"

[[arm]]
name = "pointwise"
policy = { kind = "llm-ranker", model = "model", threads = 1, candidates = 6, explore = { kind = "epsilon" } }

[[arm]]
name = "listwise"
policy = { kind = "llm-ranker", mode = "listwise", model = "model", threads = 1, candidates = 6, explore = { kind = "plackett-luce" } }

[[arm]]
name = "parser"
policy = { kind = "parser-planner", parser = { model = "model", threads = 1 }, inner = { kind = "random" } }
"#;

/// A folder with a scenario and a model of random weights that reads long prompts.
fn place() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../llm/tests/goldens/qwen3");
    let model = root.path().join("model");
    std::fs::create_dir(&model).unwrap();
    for file in ["model.safetensors", "tokenizer.json"] {
        std::fs::copy(golden.join(file), model.join(file)).unwrap();
    }
    let config = std::fs::read_to_string(golden.join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    config["max_position_embeddings"] = 16_384.into();
    std::fs::write(model.join("config.json"), config.to_string()).unwrap();
    std::fs::write(root.path().join("town.toml"), TOWN).unwrap();
    root
}

fn scenario(root: &Path, sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let file = root.join("town.toml");
    let typed = Typed { file: &file, sets: &sets, seed: None, data: None };
    resolve(&typed, &DiskSources::new().unwrap()).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_log_does_not_depend_on_threads_batches_the_cache_or_interruptions() {
    let root = place();
    let run = |name: &str, threads: usize, sets: &[&str]| -> PathBuf {
        let scenario = scenario(root.path(), sets);
        folder(&drive(threads, |control| start(&scenario, &root.path().join(name), control)).unwrap())
    };
    let one = run("one", 1, &[]);
    let first = tables(&one);
    let log = RunReader::open(&one).unwrap();
    let turns: Vec<_> = log.turns().map(Result::unwrap).collect();
    assert!(turns.iter().any(|turn| turn.request.is_some()), "nobody said anything");
    assert!(turns.iter().all(|turn| turn.log_propensity < 0.0), "all arms explore");
    let sets = ["arm.0.policy.batch=1", "arm.1.policy.cache=\"1MiB\"", "arm.2.policy.parser.threads=2"];
    assert!(first == tables(&run("other", 3, &sets)), "threads, batches and caches");
    // Interrupted and resumed, and replayed with every propensity computed anew.
    let scenario = scenario(root.path(), &[]);
    let halted = interrupted(4, |control| start(&scenario, &root.path().join("halted"), control)).unwrap();
    assert!(!matches!(halted.ending, Ending::Finished { .. }), "it was to be interrupted");
    let resumed = drive(2, |control| resume(&folder(&halted), control)).unwrap();
    assert!(first == tables(&folder(&resumed)), "an interruption");
    assert!(drive(1, |control| replay(&one, control)).unwrap().is_faithful());
}
