//! Logits and greedy continuations equal those of Hugging Face transformers on random models, one for each variant of
//! the architecture.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]
#![allow(clippy::print_stdout, reason = "the figures go into the benchmarks")]

mod fakes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fakes::{block_on, stream};
use habitue_llm::{
    Device, Engine, EngineOptions, LoadOptions, LocalBackend, Model, ModelFiles, ModelSource, Precision,
    Program, Request, TokenSet, Wanted, WriteSpec, decide,
};
use serde::Deserialize;

const VARIANTS: [&str; 10] = [
    "llama-untied",
    "llama-tied",
    "llama-biases",
    "llama-rope-llama3",
    "llama-rope-linear",
    "llama-rope-yarn",
    "mistral-window",
    "qwen2",
    "qwen2-window",
    "qwen3",
];

#[derive(Deserialize)]
struct Expected {
    prompt: Vec<u32>,
    positions: Vec<usize>,
    logits: Vec<Vec<f32>>,
    greedy: Vec<u32>,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

fn expected(name: &str) -> Expected {
    serde_json::from_str(&std::fs::read_to_string(folder(name).join("expected.json")).unwrap()).unwrap()
}

fn start(name: &str, precision: Precision) -> (ModelFiles, Engine) {
    start_on(Device::Cpu, name, precision)
}

fn start_on(device: Device, name: &str, precision: Precision) -> (ModelFiles, Engine) {
    let files = Model::open(&ModelSource::Folder(folder(name)), &LoadOptions::default()).unwrap();
    let options = EngineOptions {
        device,
        precision,
        threads: 1,
        cache_bytes: 4 << 20,
        batch_tokens: 64,
        prefill_chunk: 16,
        queue: 16,
    };
    let engine = Engine::start(files.config.clone(), files.weights.as_ref(), options).unwrap();
    (files, engine)
}

fn logits(engine: &Engine, tokens: &[u32], positions: &[usize]) -> Vec<Vec<f32>> {
    let wanted = positions.iter().map(|&position| Wanted { position, tokens: TokenSet::All }).collect();
    let request = Request { tokens: tokens.to_vec(), wanted, branches: Vec::new() };
    block_on(engine.submit(request)).unwrap().logits
}

fn most_likely(logits: &[f32]) -> u32 {
    (0..logits.len()).fold(0, |best, token| if logits[token] > logits[best] { token } else { best }) as u32
}

/// Kullback-Leibler divergence in nats of the softmax of `q` from that of `p`.
fn divergence(p: &[f32], q: &[f32]) -> f64 {
    let logs = |logits: &[f32]| {
        let distribution =
            habitue_llm::Distribution::softmax(&logits.iter().map(|&l| f64::from(l)).collect::<Vec<_>>());
        distribution.log_probabilities().to_vec()
    };
    logs(p).iter().zip(logs(q)).map(|(p, q)| p.exp() * (p - q)).sum()
}

#[test]
fn f32_logits_and_greedy_texts_are_equal() {
    logits_and_greedy_texts_are_equal(Device::Cpu);
}

#[test]
fn the_code_for_devices_computes_the_same() {
    logits_and_greedy_texts_are_equal(Device::CandleCpu);
}

fn logits_and_greedy_texts_are_equal(device: Device) {
    for name in VARIANTS {
        let expected = expected(name);
        let (_, engine) = start_on(device, name, Precision::F32);
        let found = logits(&engine, &expected.prompt, &expected.positions);
        let far = found
            .iter()
            .flatten()
            .zip(expected.logits.iter().flatten())
            .map(|(found, expected)| (found - expected).abs())
            .fold(0f32, f32::max);
        println!("{name} on {device}: largest difference {far:.2e}");
        assert!(far < 1e-3, "{name}: {far}");
        let mut tokens = expected.prompt.clone();
        for (step, &token) in expected.greedy.iter().enumerate() {
            let next = most_likely(&logits(&engine, &tokens, &[tokens.len() - 1])[0]);
            assert_eq!(next, token, "{name}, step {step}");
            tokens.push(token);
        }
    }
}

#[test]
fn int8_stays_near() {
    for name in VARIANTS {
        let expected = expected(name);
        let tokens = [expected.prompt, expected.greedy].concat();
        let positions: Vec<usize> = (0..tokens.len()).collect();
        let exact = logits(&start(name, Precision::F32).1, &tokens, &positions);
        let rounded = logits(&start(name, Precision::Int8).1, &tokens, &positions);
        let pairs = || exact.iter().zip(&rounded);
        let divergence = pairs().map(|(p, q)| divergence(p, q)).sum::<f64>() / positions.len() as f64;
        let same = pairs().filter(|(p, q)| most_likely(p) == most_likely(q)).count() as f64;
        let agreement = same / positions.len() as f64;
        println!("{name}: mean KL {divergence:.2e}, top-1 agreement {agreement:.3}");
        assert!(divergence < 5e-3, "{name}: mean KL {divergence}");
        assert!(agreement > 0.9, "{name}: top-1 agreement {agreement}");
    }
}

#[test]
fn a_greedy_text_of_a_program_is_the_models() {
    let name = "qwen3";
    let (files, engine) = start(name, Precision::F32);
    let backend = LocalBackend::new(Arc::new(engine.clone()), &files, serde_json::Map::new()).unwrap();
    let mut program = Program::new();
    program.text("the user ");
    let act = program.pick("act", ["like", "share", "skip", "view"]);
    program.text(", stars: ");
    let stars = program.number("stars", 1, 10);
    program.text(" because");
    let why = program.write("why", WriteSpec::new(8).temperature(0.0));
    let answer = block_on(decide(&backend, &program, &mut stream(1))).unwrap();
    let again = block_on(decide(&backend, &program, &mut stream(1))).unwrap();
    // The second time the prompt is in the cache, and nothing of the answer changes but the count of tokens.
    assert_eq!(answer.pick(act), again.pick(act));
    assert_eq!(answer.number(stars), again.number(stars));
    assert_eq!(answer.text(why), again.text(why));
    assert_eq!(answer.prompt_hash, again.prompt_hash);
    assert!(again.usage.cached_tokens > answer.usage.cached_tokens);

    let encode = |text: &str| files.tokenizer.encode(habitue_llm::PieceKind::Text, text).unwrap().to_vec();
    let options = ["like", "share", "skip", "view"];
    let said = [
        encode("the user"),
        encode(&format!(" {}", options[answer.pick(act).index])),
        encode(", stars:"),
        encode(&format!(" {}", answer.number(stars).value)),
        encode(" because"),
    ];
    let mut tokens = said.concat();
    let start = tokens.len();
    for _ in 0..8 {
        let row = logits(&engine, &tokens, &[tokens.len() - 1]).remove(0);
        // Control tokens other than the end are not text, so they are passed over.
        let allowed: Vec<f32> = (0..row.len())
            .map(|token| if [0, 2, 3].contains(&token) { f32::MIN } else { row[token] })
            .collect();
        let next = most_likely(&allowed);
        if files.end_tokens.contains(&next) {
            break;
        }
        tokens.push(next);
    }
    assert!(files.tokenizer.decode(&tokens[start..]).starts_with(&answer.text(why).text));
}
