//! A model in a GGUF file is the model it was made from.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]

use std::path::{Path, PathBuf};

use habitue_llm::{
    LoadOptions, Model, ModelConfig, ModelFiles, ModelSource, PieceKind, RopeScaling, expected_tensors,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

/// Writes GGUF version 3.
#[derive(Default)]
struct Writer {
    pairs: Vec<u8>,
    pair_count: u64,
    tensors: Vec<(String, Vec<usize>, u32, Vec<u8>)>,
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

impl Writer {
    fn pair(&mut self, key: &str, kind: u32, value: &[u8]) {
        self.pairs.extend([text(key), kind.to_le_bytes().to_vec(), value.to_vec()].concat());
        self.pair_count += 1;
    }

    fn number(&mut self, key: &str, value: u32) {
        self.pair(key, 4, &value.to_le_bytes());
    }

    fn float(&mut self, key: &str, value: f32) {
        self.pair(key, 6, &value.to_le_bytes());
    }

    fn text(&mut self, key: &str, value: &str) {
        self.pair(key, 8, &text(value));
    }

    fn texts(&mut self, key: &str, values: &[String]) {
        let all: Vec<u8> = values.iter().flat_map(|value| text(value)).collect();
        self.pair(key, 9, &[&8u32.to_le_bytes()[..], &(values.len() as u64).to_le_bytes(), &all].concat());
    }

    fn integers(&mut self, key: &str, values: &[i32]) {
        let all: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.pair(key, 9, &[&5u32.to_le_bytes()[..], &(values.len() as u64).to_le_bytes(), &all].concat());
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = [b"GGUF".to_vec(), 3u32.to_le_bytes().to_vec()].concat();
        head.extend((self.tensors.len() as u64).to_le_bytes());
        head.extend(self.pair_count.to_le_bytes());
        head.extend(&self.pairs);
        let mut data = Vec::new();
        for (name, shape, kind, bytes) in &self.tensors {
            head.extend(text(name));
            head.extend((shape.len() as u32).to_le_bytes());
            head.extend(shape.iter().rev().flat_map(|&size| (size as u64).to_le_bytes()));
            head.extend(kind.to_le_bytes());
            head.extend((data.len() as u64).to_le_bytes());
            data.extend(bytes);
            data.resize(data.len().next_multiple_of(32), 0);
        }
        head.resize(head.len().next_multiple_of(32), 0);
        [head, data].concat()
    }
}

/// Rows `i` and `i + half` of each head side by side, as llama.cpp's converter writes queries and keys of `llama`.
fn interleave(values: &[f32], rows: usize, heads: usize) -> Vec<f32> {
    let (width, half) = (values.len() / rows, rows / heads / 2);
    let mut out = Vec::new();
    for head in 0..heads {
        for at in 0..half {
            for part in 0..2 {
                let row = head * 2 * half + part * half + at;
                out.extend_from_slice(&values[row * width..(row + 1) * width]);
            }
        }
    }
    out
}

/// 8-bit blocks of 32 with a scale in 16 bits.
fn q8_0(values: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in values.chunks_exact(32) {
        let scale = half::f16::from_f32(block.iter().fold(0f32, |most, value| most.max(value.abs())) / 127.0);
        bytes.extend(scale.to_le_bytes());
        bytes.extend(
            block
                .iter()
                .map(|value| (value / scale.to_f32().max(1e-9)).round().clamp(-127.0, 127.0) as i8 as u8),
        );
    }
    bytes
}

fn write(files: &ModelFiles, architecture: &str, kind: u32, tokenizer: &Value) -> Writer {
    let config = &files.config;
    let mut writer = Writer::default();
    writer.text("general.architecture", architecture);
    let key = |name: &str| format!("{architecture}.{name}");
    for (name, value) in [
        ("embedding_length", config.hidden),
        ("feed_forward_length", config.intermediate),
        ("block_count", config.layers),
        ("attention.head_count", config.heads),
        ("attention.head_count_kv", config.kv_heads),
        ("attention.key_length", config.head_dim),
        ("context_length", config.context),
    ] {
        writer.number(&key(name), value as u32);
    }
    writer.float(&key("attention.layer_norm_rms_epsilon"), config.norm_epsilon);
    writer.float(&key("rope.freq_base"), config.rope.theta as f32);
    if let RopeScaling::Linear { factor } = config.rope.scaling {
        writer.text(&key("rope.scaling.type"), "linear");
        writer.float(&key("rope.scaling.factor"), factor as f32);
    }
    let mut tokens = vec![String::new(); 300];
    for (token, id) in tokenizer["model"]["vocab"].as_object().unwrap() {
        tokens[id.as_u64().unwrap() as usize].clone_from(token);
    }
    let merges: Vec<String> = tokenizer["model"]["merges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| match pair {
            Value::String(text) => text.clone(),
            pair => format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()),
        })
        .collect();
    writer.text("tokenizer.ggml.model", "gpt2");
    writer.text("tokenizer.ggml.pre", "gpt-2");
    writer.texts("tokenizer.ggml.tokens", &tokens);
    writer.texts("tokenizer.ggml.merges", &merges);
    writer.integers(
        "tokenizer.ggml.token_type",
        &(0..300).map(|id| if id < 4 { 3 } else { 1 }).collect::<Vec<_>>(),
    );
    writer.number("tokenizer.ggml.eos_token_id", 1);
    writer.number("tokenizer.ggml.bos_token_id", 0);
    writer.text("tokenizer.chat_template", "{{ bos_token }}{{ messages[0].content }}");
    for (name, shape) in expected_tensors(config) {
        let values = files.weights.tensor(&name, &shape).unwrap();
        let stored = name
            .replace("model.layers.", "blk.")
            .replace("self_attn.q_proj", "attn_q")
            .replace("self_attn.k_proj", "attn_k")
            .replace("self_attn.v_proj", "attn_v")
            .replace("self_attn.o_proj", "attn_output")
            .replace("self_attn.q_norm", "attn_q_norm")
            .replace("self_attn.k_norm", "attn_k_norm")
            .replace("input_layernorm", "attn_norm")
            .replace("post_attention_layernorm", "ffn_norm")
            .replace("mlp.gate_proj", "ffn_gate")
            .replace("mlp.up_proj", "ffn_up")
            .replace("mlp.down_proj", "ffn_down")
            .replace("model.embed_tokens", "token_embd")
            .replace("model.norm", "output_norm")
            .replace("lm_head", "output");
        let values = match (architecture, stored.contains("attn_q."), stored.contains("attn_k.")) {
            ("llama", true, _) => interleave(&values, shape[0], config.heads),
            ("llama", _, true) => interleave(&values, shape[0], config.kv_heads),
            _ => values,
        };
        let last = shape[shape.len() - 1];
        let (kind, bytes) = match kind {
            8 if shape.len() == 2 && last % 32 == 0 => (8, q8_0(&values)),
            1 if shape.len() == 2 => {
                (1, values.iter().flat_map(|&v| half::f16::from_f32(v).to_le_bytes()).collect())
            }
            30 if shape.len() == 2 => {
                (30, values.iter().flat_map(|&v| half::bf16::from_f32(v).to_le_bytes()).collect())
            }
            _ => (0, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        };
        writer.tensors.push((stored, shape, kind, bytes));
    }
    writer
}

fn open(source: &ModelSource) -> Result<ModelFiles, habitue_llm::LlmError> {
    Model::open(source, &LoadOptions::default())
}

fn both(name: &str, architecture: &str, kind: u32) -> (ModelFiles, ModelFiles, tempfile::TempDir) {
    let original = open(&ModelSource::Folder(golden(name))).unwrap();
    let tokenizer =
        serde_json::from_slice(&std::fs::read(golden(name).join("tokenizer.json")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny.gguf");
    std::fs::write(&file, write(&original, architecture, kind, &tokenizer).bytes()).unwrap();
    (original, open(&ModelSource::Gguf(file)).unwrap(), folder)
}

fn without_windows(config: &ModelConfig) -> ModelConfig {
    ModelConfig { norm_epsilon: 0.0, ..config.clone() }
}

#[test]
fn shape_numbers_tokens_and_template_are_the_same() {
    // Values are bfloat16, so F32 and BF16 hold them exactly, F16 to a rounding and Q8_0 to half a step.
    for (name, architecture) in [
        ("llama-tied", "llama"),
        ("llama-untied", "llama"),
        ("llama-biases", "llama"),
        ("llama-rope-linear", "llama"),
        ("qwen2", "qwen2"),
        ("qwen3", "qwen3"),
    ] {
        for (kind, tolerance) in [(0, 0.0), (30, 0.0), (1, 1e-3), (8, 8e-3)] {
            let (original, gguf, _folder) = both(name, architecture, kind);
            assert_eq!(without_windows(&original.config), without_windows(&gguf.config), "{name}");
            for (tensor, shape) in expected_tensors(&original.config) {
                let expected = original.weights.tensor(&tensor, &shape).unwrap();
                let found = gguf.weights.tensor(&tensor, &shape).unwrap();
                let far = expected.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
                assert!(far <= tolerance, "{name} {kind} {tensor}: {far}");
            }
            for said in ["the user likes 10 films, <|im_end|>", " 日本語 two  spaces"] {
                for kind in [PieceKind::Markup, PieceKind::Text] {
                    assert_eq!(
                        original.tokenizer.encode(kind, said).unwrap(),
                        gguf.tokenizer.encode(kind, said).unwrap()
                    );
                }
            }
            assert_eq!(gguf.end_tokens, [1]);
            let message = serde_json::from_str(r#"[{"role": "user", "content": "hi"}]"#);
            let messages: Vec<habitue_llm::ChatMessage> = message.unwrap();
            let template = gguf.chat_template.unwrap();
            assert_eq!(template.render(&messages, &serde_json::Map::new(), true).unwrap(), "<|begin|>hi");
        }
    }
}

#[test]
fn damage_is_named() {
    let (original, _, folder) = both("llama-tied", "llama", 0);
    let tokenizer: Value =
        serde_json::from_slice(&std::fs::read(golden("llama-tied").join("tokenizer.json")).unwrap()).unwrap();
    let file = folder.path().join("tiny.gguf");
    let whole = std::fs::read(&file).unwrap();
    let fail = |bytes: Vec<u8>| {
        std::fs::write(&file, bytes).unwrap();
        let error = open(&ModelSource::Gguf(file.clone())).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    };
    let with = |change: &dyn Fn(&mut Writer)| {
        let mut writer = write(&original, "llama", 0, &tokenizer);
        change(&mut writer);
        fail(writer.bytes())
    };
    let messages = [
        fail(whole[..whole.len() - 4000].to_vec()),
        fail(whole[..300].to_vec()),
        fail([b"GGML", &whole[4..]].concat()),
        fail([&whole[..4], &[9, 0, 0, 0], &whole[8..]].concat()),
        fail([&whole[..8], &[255; 8], &whole[16..]].concat()),
        with(&|writer| writer.tensors.truncate(5)),
        with(&|writer| writer.tensors[3].2 = 10),
        with(&|writer| writer.tensors[0].1 = vec![48, 300]),
        with(&|writer| writer.text("general.architecture", "lama")),
        with(&|writer| writer.text("tokenizer.ggml.model", "llama")),
        with(&|writer| writer.text("tokenizer.ggml.model", "bert")),
        with(&|writer| writer.text("tokenizer.ggml.pre", "unheard-of")),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]
    #[test]
    fn fuzz_mutated_files_never_panic(edits in prop::collection::vec((0.0..1.0f64, any::<u8>()), 1..8), cut in 0.0..1.5f64) {
        let (_, _, folder) = both("llama-tied", "llama", 0);
        let file = folder.path().join("tiny.gguf");
        let mut bytes = std::fs::read(&file).unwrap();
        let reach = bytes.len().min(12_000);
        for (at, value) in edits {
            bytes[(at * reach as f64) as usize] = value;
        }
        bytes.truncate((cut * bytes.len() as f64) as usize);
        std::fs::write(&file, bytes).unwrap();
        if let Ok(files) = open(&ModelSource::Gguf(file)) {
            for (name, shape) in expected_tensors(&files.config) {
                drop(files.weights.tensor(&name, &shape));
            }
        }
    }
}
