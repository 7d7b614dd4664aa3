//! Users whose language model is on an OpenAI-compatible server: a whole run against one on this machine.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

#[path = "../../llm/tests/fakes/server.rs"]
#[allow(dead_code, reason = "another crate's tests use the rest")]
mod server;
mod town;

use std::path::Path;

use habitue_core::Decider;
use habitue_core::scenario::{Typed, resolve};
use habitue_run::{DiskSources, replay, start};
use habitue_store::RunReader;
use serde_json::{Value, json};
use server::{Answer, Received, Server, json as ok};
use town::{drive, folder};

const SCENARIO: &str = r#"
seed = 11
horizon = "12h"
window = "2h"

[catalogue]
generate = { items = 40, categories = 4 }

[[population]]
name = "talkers"
size = 4
personas = {}
model = "llm"
[population.llm]
model = "some-model"
server = { endpoint = "SERVER" }
words = 6

[slate]
size = 3
max_turns = 3

[log]
distributions = true

[[arm]]
name = "random"
policy = { kind = "random" }
"#;

/// Pieces of a text as a tokenizer might cut it: words with the space before them.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for letter in text.chars() {
        match pieces.last_mut() {
            Some(piece) if !letter.is_whitespace() && !piece.ends_with('\n') => piece.push(letter),
            _ => pieces.push(letter.to_string()),
        }
    }
    pieces
}

/// Echoes prompts with a log-probability for every piece, as llama.cpp's and vLLM's servers do, and writes three words.
fn scoring(_: usize, request: &Received) -> Answer {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert!(request.path.ends_with("/completions"), "{}", request.path);
    assert_eq!(body["model"], "some-model");
    if body["echo"] != true {
        return written();
    }
    let choice = |(index, text): (usize, &Value)| {
        let tokens = pieces(text.as_str().unwrap());
        let log = |piece: &String| -1.0 - f64::from(piece.bytes().map(u32::from).sum::<u32>() % 7) / 3.0;
        let logs: Vec<f64> = tokens.iter().map(log).collect();
        json!({"index": index, "text": text, "logprobs": {"tokens": tokens, "token_logprobs": logs}})
    };
    let choices: Vec<Value> = body["prompt"].as_array().unwrap().iter().enumerate().map(choice).collect();
    ok(&json!({"choices": choices, "usage": {"prompt_tokens": 100, "completion_tokens": 0}}))
}

/// Gives no log-probabilities, and keeps to the choices it is given.
fn drawing(number: usize, request: &Received) -> Answer {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    match body["guided_choice"].as_array() {
        Some(options) => {
            let text = &options[number % options.len()];
            ok(
                &json!({"choices": [{"text": text, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100}}),
            )
        }
        None => written(),
    }
}

fn written() -> Answer {
    ok(&json!({"choices": [{"text": "more of this\n", "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 3}}))
}

fn run(answer: fn(usize, &Received) -> Answer, root: &Path) -> RunReader {
    let server = Server::start(answer);
    let file = root.join("server.toml");
    std::fs::write(&file, SCENARIO.replace("SERVER", &server.address)).unwrap();
    let typed = Typed { file: &file, sets: &[], seed: None, data: None };
    let scenario =
        resolve(&typed, &DiskSources::new().unwrap()).unwrap_or_else(|problems| panic!("{problems}"));
    let outcome = drive(2, |control| start(&scenario, root, control)).unwrap();
    let run = RunReader::open(folder(&outcome)).unwrap();
    assert_eq!(run.manifest().unwrap().details["models"]["talkers"]["server"], server.address.as_str());
    assert!(drive(1, |control| replay(&folder(&outcome), control)).unwrap().is_faithful());
    run
}

#[test]
fn a_server_that_scores_leaves_every_distribution_in_the_log() {
    let root = tempfile::tempdir().unwrap();
    let run = run(scoring, root.path());
    let turns: Vec<_> = run.turns().map(Result::unwrap).collect();
    assert!(!turns.is_empty());
    for turn in &turns {
        assert_eq!(turn.decider, Decider::Llm);
        let distributions = turn.distributions.as_ref().unwrap();
        for row in distributions.actions.chunks(distributions.actions.len() / turn.impressions.len()) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{row:?}");
        }
        assert!((distributions.moves.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }
}

#[test]
fn a_server_that_only_draws_plays_users_without_distributions() {
    let root = tempfile::tempdir().unwrap();
    let run = run(drawing, root.path());
    let turns: Vec<_> = run.turns().map(Result::unwrap).collect();
    assert!(!turns.is_empty());
    assert!(turns.iter().all(|turn| turn.distributions.is_none()));
}
