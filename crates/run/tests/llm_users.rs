//! Users of a language model in a whole run: the log is a function of scenario, seed and model alone.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod town;

use std::path::{Path, PathBuf};

use habitue_core::scenario::{Scenario, Typed, resolve};
use habitue_core::{Decider, MemoryKind, Sender};
use habitue_run::{DiskSources, Ending, RunError, replay, resume, start};
use habitue_store::{RunReader, Table};
use town::{drive, folder, interrupted, tables};

/// A folder with a scenario and a model of random weights that reads long prompts.
fn village() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let golden = crates.join("llm/tests/goldens/qwen3");
    let model = root.path().join("model");
    std::fs::create_dir(&model).unwrap();
    for file in ["model.safetensors", "tokenizer.json"] {
        std::fs::copy(golden.join(file), model.join(file)).unwrap();
    }
    let config = std::fs::read_to_string(golden.join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    config["max_position_embeddings"] = 16_384.into();
    std::fs::write(model.join("config.json"), config.to_string()).unwrap();
    std::fs::copy(crates.join("users/tests/village/short.j2"), root.path().join("short.j2")).unwrap();
    std::fs::write(root.path().join("village.toml"), VILLAGE).unwrap();
    root
}

const VILLAGE: &str = r#"
seed = 11
horizon = "1d"
window = "2h"

[catalogue]
generate = { items = 40, categories = 4 }

[[population]]
name = "talkers"
size = 10
personas = {}
model = "llm"
[population.llm]
model = "model"
template = "short.j2"
threads = 1
words = 6
memory = { least_importance = 0.1, alike = 0.2, reinforcements = 1, reflect_above = 0.2, insight = 5 }

[[population]]
name = "known"
size = 5
personas = {}

[social]
graph = { kind = "random", mean_degree = 3.0 }

[slate]
size = 3
rate = true
max_turns = 4

[log]
distributions = true

[[arm]]
name = "popular"
policy = { kind = "popularity", explore = { kind = "plackett-luce", temperature = 0.5 } }

[[arm]]
name = "random"
policy = { kind = "random" }
"#;

fn scenario(root: &Path, sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let file = root.join("village.toml");
    let typed = Typed { file: &file, sets: &sets, seed: None, data: None };
    resolve(&typed, &DiskSources::new().unwrap()).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_log_does_not_depend_on_threads_batches_the_cache_or_interruptions() {
    let root = village();
    let run = |name: &str, threads: usize, sets: &[&str]| -> PathBuf {
        let scenario = scenario(root.path(), sets);
        folder(&drive(threads, |control| start(&scenario, &root.path().join(name), control)).unwrap())
    };
    let one = run("one", 1, &[]);
    let first = tables(&one);
    let log = RunReader::open(&one).unwrap();
    for kind in [MemoryKind::Observation, MemoryKind::Message, MemoryKind::Insight] {
        assert!(log.memories().any(|memory| memory.unwrap().memory.kind == kind), "no {kind:?}");
    }
    assert!(log.rows(Table::LlmCalls).unwrap() > log.turns().count() as u64 / 2, "few calls");
    assert!(first == tables(&run("two", 2, &[])), "2 threads");
    assert!(first == tables(&run("eight", 8, &["population.0.llm.batch=1"])), "8 threads, a batch of one");
    let cold = ["population.0.llm.cache=\"1MiB\"", "population.0.llm.threads=2"];
    assert!(first == tables(&run("cold", 2, &cold)), "a small cache and more threads");
    assert!(first != tables(&run("other", 2, &["population.0.llm.temperature=2.0"])), "another temperature");

    let scenario = scenario(root.path(), &[]);
    let mut outcome =
        interrupted(4, |control| start(&scenario, &root.path().join("pieces"), control)).unwrap();
    assert!(matches!(outcome.ending, Ending::Interrupted(_)));
    while matches!(outcome.ending, Ending::Interrupted(_)) {
        outcome = interrupted(5, |control| resume(&folder(&outcome), control)).unwrap();
    }
    assert!(first == tables(&folder(&outcome)), "resumed");
}

#[test]
fn friends_answer_each_other_on_their_next_visit() {
    let root = village();
    let go = |name: &str, threads: usize, sets: &[&str]| {
        let sets = [sets, &["social.graph.mean_degree=6.0", "horizon=\"2d\""]].concat();
        let scenario = scenario(root.path(), &sets);
        folder(&drive(threads, |control| start(&scenario, &root.path().join(name), control)).unwrap())
    };
    let one = go("one", 1, &[]);
    assert!(tables(&one) == tables(&go("two", 2, &["population.0.llm.batch=3"])), "threads and batches");
    let log = RunReader::open(&one).unwrap();
    let messages: Vec<_> = log.messages().map(Result::unwrap).collect();
    let (mut answers, mut last) = (0, 0);
    for reply in messages.iter().filter(|message| message.chat.is_some_and(|chat| chat.number > 0)) {
        let chat = reply.chat.unwrap();
        let asked = messages.iter().find(|other| {
            other.chat.is_some_and(|before| before.answer() == chat) && other.from == Sender::User(reply.to)
        });
        let asked = asked.expect("an answer answers a message");
        assert_eq!(reply.from, Sender::User(asked.to));
        assert!(asked.delivered <= reply.sent && reply.sent <= reply.delivered && !reply.text.is_empty());
        (answers, last) = (answers + 1, last.max(chat.number));
    }
    assert!(answers > 0 && last <= 2, "{answers} answers, at most the {last}th");
    let calls: Vec<_> = log.llm_calls().map(Result::unwrap).collect();
    let replies: Vec<_> = calls.iter().filter(|call| call.trace.program == "reply").collect();
    let written = replies.iter().filter(|call| call.trace.slots.len() == 2).count();
    assert!(replies.len() >= written && written >= answers);
    let told: Vec<_> = log.memories().map(|memory| memory.unwrap().memory).collect();
    let from_a_chat = told.iter().filter(|memory| memory.text.starts_with("Answered a friend"));
    assert!(from_a_chat.clone().count() >= answers && from_a_chat.clone().all(|own| own.sources.len() == 1));

    let silent = RunReader::open(go("silent", 2, &["population.0.llm.chat_turns=0"])).unwrap();
    let answered = |message: habitue_core::Message| message.chat.is_some_and(|chat| chat.number > 0);
    assert!(!silent.messages().any(|message| answered(message.unwrap())));
    assert!(silent.llm_calls().all(|call| !call.unwrap().trace.program.starts_with("reply")));
    assert!(drive(1, |control| replay(&one, control)).unwrap().is_faithful());
}

#[test]
fn calls_belong_to_turns_and_the_manifest_knows_the_model() {
    let root = village();
    let scenario = scenario(root.path(), &[]);
    let outcome = drive(2, |control| start(&scenario, &root.path().join("runs"), control)).unwrap();
    let run = RunReader::open(folder(&outcome)).unwrap();
    let turns: Vec<_> = run.turns().map(Result::unwrap).collect();
    let calls: Vec<_> = run.llm_calls().map(Result::unwrap).collect();
    let decided = turns.iter().filter(|turn| turn.decider == Decider::Llm).count();
    assert!(decided > 10 && decided < turns.len());
    assert_eq!(calls.iter().filter(|call| call.trace.program == "page").count(), decided);
    let keys: Vec<_> = calls.iter().map(|call| (call.arm, call.user, call.session, call.turn)).collect();
    for key in &keys {
        let mut own = turns.iter().filter(|turn| (turn.arm, turn.user, turn.session, turn.turn) == *key);
        assert_eq!(own.next().map(|turn| turn.decider), Some(Decider::Llm));
    }
    for turn in turns.iter().filter(|turn| turn.decider == Decider::Llm) {
        let chances = turn.distributions.as_ref().unwrap();
        assert_eq!((chances.actions.len(), chances.moves.len()), (3 * 6, 7));
    }
    let model = &run.manifest().unwrap().details["models"]["talkers"];
    assert_eq!(model["decisions"], decided);
    assert_eq!(model["programs"], calls.len());
    assert_eq!((&model["model"], model["hash"].as_str().map(str::len)), (&"model".into(), Some(64)));
    let tokens = ["new_tokens", "cached_tokens"].map(|name| model[name].as_u64().unwrap());
    assert_eq!(tokens.iter().sum::<u64>(), calls.iter().map(|call| call.trace.prompt_tokens).sum::<u64>());
    assert!(tokens[1] > tokens[0], "most of what is read was read before: {tokens:?}");
    assert!(drive(1, |control| replay(&folder(&outcome), control)).unwrap().is_faithful());
}

#[test]
fn a_model_that_is_gone_stops_the_run_before_it_has_a_folder() {
    let root = village();
    let scenario = scenario(root.path(), &[]);
    std::fs::remove_file(root.path().join("model/tokenizer.json")).unwrap();
    let runs = root.path().join("runs");
    let error = drive(1, |control| start(&scenario, &runs, control)).unwrap_err();
    assert!(matches!(error, RunError::Model(_)) && error.is_input(), "{error}");
    assert!(error.to_string().contains("tokenizer.json"), "{error}");
    assert!(!runs.exists());
}
