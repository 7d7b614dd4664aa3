use habitue_llm::{
    Branch, Engine, EngineOptions, LoadOptions, Model, ModelSource, Precision, Request, TokenSet, Wanted,
};

use super::*;
use crate::net::NetShape;

fn recipe() -> Recipe {
    Recipe {
        name: "tiny".to_owned(),
        seed: 7,
        shape: NetShape { hidden: 32, layers: 2, heads: 2, intermediate: 48, vocabulary: 400 },
        tokenizer_towns: 2,
        steps: 6,
        first_steps: 2,
        batch_tokens: 6000,
        learning_rate: 3e-3,
        warmup: 2,
        floor: 0.1,
        weight_decay: 0.1,
        clip: 1.0,
        hints: 0.5,
        words: 0.5,
    }
}

#[test]
fn a_training_that_was_interrupted_ends_where_one_in_one_go_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = Training::begin(recipe()).unwrap();
    while !whole.is_done() {
        whole.advance().unwrap();
    }
    let mut parts = Training::begin(recipe()).unwrap();
    while !parts.is_done() {
        parts.advance().unwrap();
        parts.save(folder.path()).unwrap();
        parts = Training::load(folder.path()).unwrap();
    }
    assert_eq!(whole.curve(), parts.curve());
    let curve = whole.curve();
    assert!(curve.iter().all(|point| point.gradient > 0.0), "{curve:?}");
    assert!(curve.iter().any(|point| point.words > 0.0), "a small batch may hold no written word: {curve:?}");
    for (name, parameter) in whole.net().parameters() {
        let numbers = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(numbers(parameter), numbers(&parts.net().parameters()[name]), "{name}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "older numbers are gone");
}

#[test]
fn steps_lower_the_loss() {
    let mut training = Training::begin(recipe()).unwrap();
    let lesson = training.batch().unwrap();
    let before = training.net.loss(&lesson).unwrap();
    training.town = 0;
    while !training.is_done() {
        training.advance().unwrap();
    }
    let after = training.net.loss(&lesson).unwrap();
    assert!(after.choices < 0.95 * before.choices, "{after:?} {before:?}");
    assert!(after.words < before.words, "{after:?} {before:?}");
}

#[test]
fn damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let training = Training::begin(recipe()).unwrap();
    training.save(folder.path()).unwrap();
    std::fs::write(folder.path().join("0-training.safetensors"), [1, 2, 3]).unwrap();
    let error = Training::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("0-training.safetensors"), "{error}");
    std::fs::write(folder.path().join("training.json"), "{").unwrap();
    let error = Training::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("training.json"), "{error}");
}

/// The decision engine computes what the network learnt to compute.
#[test]
fn the_engine_runs_the_model_that_was_exported() {
    let folder = tempfile::tempdir().unwrap();
    let mut training = Training::begin(recipe()).unwrap();
    training.advance().unwrap();
    training.export(folder.path()).unwrap();
    let source = ModelSource::Folder(folder.path().to_path_buf());
    let files = Model::open(&source, &LoadOptions::default()).unwrap();
    let options = EngineOptions { precision: Precision::F32, threads: 1, ..EngineOptions::default() };
    let engine = Engine::start(files.config.clone(), files.weights.as_ref(), options).unwrap();
    // What was exported has 8 bits of precision.
    for parameter in training.net().parameters().values() {
        let rounded = parameter.to_dtype(candle_core::DType::BF16).unwrap();
        parameter.set(&rounded.to_dtype(candle_core::DType::F32).unwrap()).unwrap();
    }
    let tokens: Vec<u32> = (20..60).collect();
    let mut planter = Planter::default();
    planter.words(&[tokens[0]], &tokens[1..], 1.0);
    let mut forest = Forest::default();
    planter.pack(&mut forest);
    let expected = training.net().logits(&forest, &[10, 39]).unwrap();
    let wanted = |position| Wanted { position, tokens: TokenSet::All };
    let request = Request {
        tokens: tokens.clone(),
        wanted: vec![wanted(10), wanted(39)],
        branches: Vec::<Branch>::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reply = runtime.block_on(engine.submit(request)).unwrap();
    let found = reply.logits.iter().flat_map(|logits| logits.iter().copied());
    for (found, expected) in found.zip(&expected) {
        assert!((found - expected).abs() < 2e-3, "{found} {expected}");
    }
}
