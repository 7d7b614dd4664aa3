//! Models open, or an error names what is wrong with them; nothing hangs, nothing panics.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]

mod fakes;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fakes::server::{Answer, Server, json as ok};
use habitue_llm::{HubOptions, LlmError, LoadOptions, Model, ModelFiles, ModelSource, expected_tensors};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use tempfile::TempDir;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

/// A copy of a golden model that may be damaged.
fn copy(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(golden(name).join(file), folder.path().join(file)).unwrap();
    }
    folder
}

fn open(folder: &Path) -> Result<ModelFiles, LlmError> {
    Model::open(&ModelSource::Folder(folder.to_path_buf()), &LoadOptions::default())
}

/// Opens a model and reads all of its tensors.
fn read_all(folder: &Path) -> Result<Vec<Vec<f32>>, LlmError> {
    let files = open(folder)?;
    expected_tensors(&files.config).iter().map(|(name, shape)| files.weights.tensor(name, shape)).collect()
}

fn edit(folder: &Path, file: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(file);
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

const ALL: [&str; 10] = [
    "llama-biases",
    "llama-rope-linear",
    "llama-rope-llama3",
    "llama-rope-yarn",
    "llama-tied",
    "llama-untied",
    "mistral-window",
    "qwen2",
    "qwen2-window",
    "qwen3",
];

#[test]
fn every_variant_opens() {
    for name in ALL {
        let files = open(&golden(name)).unwrap();
        assert_eq!((files.id.as_str(), files.hash.len()), (name, 64));
        assert_eq!(files.end_tokens, [1], "{name}");
        assert_eq!(files.tokenizer.vocabulary(), 300);
        read_all(&golden(name)).unwrap();
    }
    let hash = |name: &str| open(&golden(name)).unwrap().hash;
    assert_ne!(hash("qwen2"), hash("qwen3"));
}

#[test]
fn damage_is_named() {
    let damage = |change: &dyn Fn(&Path)| {
        let folder = copy("llama-untied");
        change(folder.path());
        let error = read_all(folder.path()).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    };
    let weights = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
    let rewrite =
        |folder: &Path, bytes: &[u8]| std::fs::write(folder.join("model.safetensors"), bytes).unwrap();
    let messages = [
        damage(&|f| std::fs::remove_file(f.join("config.json")).unwrap()),
        damage(&|f| std::fs::write(f.join("config.json"), "{").unwrap()),
        damage(&|f| std::fs::remove_file(f.join("tokenizer.json")).unwrap()),
        damage(&|f| std::fs::write(f.join("tokenizer.json"), "[]").unwrap()),
        damage(&|f| std::fs::remove_file(f.join("model.safetensors")).unwrap()),
        damage(&|f| rewrite(f, &weights(f)[..100_000])),
        damage(&|f| rewrite(f, &weights(f)[..5])),
        damage(&|f| rewrite(f, &[weights(f), vec![0; 7]].concat())),
        damage(&|f| rewrite(f, &[&[255; 8], &weights(f)[8..]].concat())),
        damage(&|f| edit(f, "config.json", |config| config["hidden_size"] = json!(64))),
        damage(&|f| edit(f, "config.json", |config| config["num_hidden_layers"] = json!(3))),
        damage(&|f| edit(f, "config.json", |config| config["architectures"][0] = json!("LlamaForSequence"))),
        damage(&|f| {
            edit(f, "tokenizer.json", |tokenizer| {
                let token = json!({"id": 300, "content": "<|new|>", "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": true});
                tokenizer["added_tokens"].as_array_mut().unwrap().push(token);
            });
        }),
        damage(&|f| {
            let mut bytes = weights(f);
            let at = bytes.len() - 2;
            bytes[at..].copy_from_slice(&[0xc0, 0x7f]); // a NaN in bfloat16
            rewrite(f, &bytes);
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

/// Writes a safetensors file of 32-bit floats.
fn write_safetensors(path: &Path, tensors: &[(String, Vec<usize>, Vec<f32>)]) {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        header.insert(
            name.clone(),
            json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]}),
        );
    }
    let header = Value::Object(header).to_string();
    let length = (header.len() as u64).to_le_bytes();
    std::fs::write(path, [&length[..], header.as_bytes(), &data].concat()).unwrap();
}

fn tensors(name: &str) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let files = open(&golden(name)).unwrap();
    let read = |(name, shape): (String, Vec<usize>)| {
        let values = files.weights.tensor(&name, &shape).unwrap();
        (name, shape, values)
    };
    expected_tensors(&files.config).into_iter().map(read).collect()
}

#[test]
fn shards_and_other_formats_hold_the_same_numbers() {
    let whole = tensors("qwen3");
    let folder = copy("qwen3");
    std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    let shard = |number: usize| format!("model-0000{number}-of-00002.safetensors");
    let (first, second) = whole.split_at(9);
    write_safetensors(&folder.path().join(shard(1)), first);
    write_safetensors(&folder.path().join(shard(2)), second);
    let map = |number: usize, part: &[(String, Vec<usize>, Vec<f32>)]| {
        part.iter().map(|(name, ..)| (name.clone(), json!(shard(number)))).collect::<Vec<_>>()
    };
    let index: serde_json::Map<String, Value> =
        [map(1, first), map(2, second)].concat().into_iter().collect();
    let index_file = folder.path().join("model.safetensors.index.json");
    std::fs::write(&index_file, json!({"weight_map": index}).to_string()).unwrap();
    let values: Vec<Vec<f32>> = whole.into_iter().map(|(.., values)| values).collect();
    assert_eq!(read_all(folder.path()).unwrap(), values);

    std::fs::remove_file(folder.path().join(shard(2))).unwrap();
    assert!(matches!(read_all(folder.path()), Err(LlmError::Io { .. })));
    let mut outside = index;
    outside.insert("x".to_owned(), json!("../secret.safetensors"));
    std::fs::write(&index_file, json!({"weight_map": outside}).to_string()).unwrap();
    assert!(read_all(folder.path()).unwrap_err().to_string().contains("within the folder"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]
    #[test]
    fn fuzz_mutated_files_never_panic(
        file in 0..3usize,
        edits in prop::collection::vec((0.0..1.0f64, any::<u8>()), 1..6),
        cut in prop::option::of(0.0..1.0f64),
        early in any::<bool>(),
    ) {
        let folder = copy("qwen2");
        let path = folder.path().join(["config.json", "model.safetensors", "tokenizer.json"][file]);
        let mut bytes = std::fs::read(&path).unwrap();
        // Damage near the start is where headers are.
        let reach = if early { bytes.len().min(2_000) } else { bytes.len() };
        for (at, value) in edits {
            bytes[(at * reach as f64) as usize] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate((cut * bytes.len() as f64) as usize);
        }
        std::fs::write(&path, bytes).unwrap();
        drop(read_all(folder.path()));
    }
}

/// The mock hub: a listing of a model's files and the files.
fn hub(name: &'static str, half: bool) -> Server {
    Server::start(move |_, request| {
        let path = request.path.as_str();
        let Some(file) = path.strip_prefix("/org/tiny/resolve/c0ffee/") else {
            if path != "/api/models/org/tiny/revision/main" {
                return Answer::Whole(404, String::new(), b"not found".to_vec());
            }
            let files = ["config.json", "model.safetensors", "tokenizer.json", "README.md"];
            return ok(&json!({"sha": "c0ffee", "siblings": files.map(|file| json!({"rfilename": file}))}));
        };
        let bytes = std::fs::read(golden(name).join(file)).unwrap();
        if half && file.ends_with("safetensors") {
            return Answer::Half(bytes);
        }
        Answer::Whole(200, String::new(), bytes)
    })
}

/// Long enough for any machine that is busy with other tests.
const PATIENT: Duration = Duration::from_secs(60);

fn hub_options(endpoint: &str, cache: &TempDir) -> LoadOptions {
    LoadOptions {
        hub: HubOptions {
            endpoint: endpoint.to_owned(),
            cache: cache.path().to_path_buf(),
            offline: false,
            patience: PATIENT,
            token: Some("secret".to_owned()),
            progress: None,
        },
    }
}

#[test]
fn a_hub_model_is_fetched_once_and_then_found() {
    let source = ModelSource::parse("org/tiny").unwrap();
    let server = hub("qwen2", false);
    let cache = tempfile::tempdir().unwrap();
    let received = Arc::new(AtomicU64::new(0));
    let mut options = hub_options(&server.address, &cache);
    let counter = received.clone();
    options.hub.progress = Some(Arc::new(move |progress| {
        if progress.total == Some(progress.received) {
            counter.fetch_add(progress.received, Ordering::Relaxed);
        }
    }));
    let files = Model::open(&source, &options).unwrap();
    assert_eq!(files.id, "org/tiny@c0ffee");
    assert_eq!(files.hash, open(&golden("qwen2")).unwrap().hash);
    assert!(received.load(Ordering::Relaxed) > 100_000);
    assert!(server.requests().iter().all(|request| request.headers.contains("Bearer secret")));
    assert!(server.requests().iter().all(|request| !request.path.ends_with("README.md")));
    let before = server.requests().len();
    Model::open(&source, &options).unwrap();
    assert_eq!(server.requests().len(), before + 1, "only the listing is asked for again");
    drop(server);
    options.hub.offline = true;
    assert_eq!(Model::open(&source, &options).unwrap().id, "org/tiny@c0ffee");
    let commit = ModelSource::parse("org/tiny@c0ffee").unwrap();
    assert_eq!(Model::open(&commit, &options).unwrap().id, "org/tiny@c0ffee");
}

#[test]
fn a_hub_that_fails_is_named() {
    let source = ModelSource::parse("org/tiny@main").unwrap();
    let fail_within = |server: &Server, offline: bool, patience: Duration| {
        let cache = tempfile::tempdir().unwrap();
        let mut options = hub_options(&server.address, &cache);
        options.hub.offline = offline;
        options.hub.patience = patience;
        let error = Model::open(&source, &options).unwrap_err().to_string();
        assert!(!cache.path().join("models--org--tiny/snapshots/c0ffee/model.safetensors").exists());
        error.replace(&server.address, "http://HUB").replace(&cache.path().display().to_string(), "CACHE")
    };
    let fail = |server: &Server, offline: bool| fail_within(server, offline, PATIENT);
    let answer = |status| Server::start(move |_, _| Answer::Whole(status, String::new(), b"{}".to_vec()));
    let messages = [
        fail(&answer(404), false),
        fail(&answer(401), false),
        fail(&answer(500), false),
        fail(&answer(200), false),
        fail(&answer(200), true),
        fail(&Server::start(|_, _| Answer::Whole(200, String::new(), b"<html>".to_vec())), false),
        fail_within(
            &Server::start(|_, _| Answer::Silence(Duration::from_secs(120))),
            false,
            Duration::from_millis(300),
        ),
        fail(&hub("qwen2", true), false),
    ];
    insta::assert_snapshot!(messages.join("\n"));
    let cache = tempfile::tempdir().unwrap();
    let error = Model::open(&source, &hub_options("http://127.0.0.1:9", &cache)).unwrap_err();
    assert!(matches!(error, LlmError::Hub { .. }), "{error}");
}

#[test]
fn sources_are_read_as_typed() {
    assert!(matches!(ModelSource::parse("a/b.gguf").unwrap(), ModelSource::Gguf(_)));
    assert!(matches!(
        ModelSource::parse(&golden("qwen2").display().to_string()).unwrap(),
        ModelSource::Folder(_)
    ));
    assert_eq!(
        ModelSource::parse("HuggingFaceTB/SmolLM2-135M-Instruct@v1.0").unwrap(),
        ModelSource::Hub {
            model: "HuggingFaceTB/SmolLM2-135M-Instruct".to_owned(),
            revision: "v1.0".to_owned()
        }
    );
    for wrong in ["", "nowhere", "a/b/c", "../b", "a/..", "a/b@", "a/b@../c", "a b/c"] {
        let error = ModelSource::parse(wrong).unwrap_err().to_string();
        assert!(error.contains("hub id"), "{wrong}: {error}");
    }
}
