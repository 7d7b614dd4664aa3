//! The tokenizer in a GGUF file's metadata, as the content of a `tokenizer.json`.

use std::path::Path;

use habitue_core::{DataError, DataErrorKind};
use serde_json::{Map, Value, json};

use super::metadata::Metadata;
use super::sentencepiece;
use crate::error::LlmError;

/// Splitting patterns by the names in `tokenizer.ggml.pre`: as in the tokenizers that the models were published with.
const LLAMA3: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
);
const QWEN2: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// Token types of `tokenizer.ggml.token_type`.
pub(super) const CONTROL: f64 = 3.0;
pub(super) const USER_DEFINED: f64 = 4.0;

/// Builds the settings of a tokenizer from metadata.
///
/// # Errors
/// If the metadata holds none, or one of a family that is not read: such a model needs a `tokenizer.json` beside the
/// file.
pub(super) fn tokenizer_json(file: &Path, metadata: &Metadata) -> Result<Value, LlmError> {
    let wrong = |field: &str, value: &str, expected: &str| -> LlmError {
        let expected = format!("{expected}; or put the model's tokenizer.json beside the file");
        DataError::new(DataErrorKind::UnknownName, file, expected).field(field).value(value).into()
    };
    let family = metadata.text("tokenizer.ggml.model").unwrap_or_default();
    match family {
        "gpt2" => {}
        "llama" => {
            let missing = || wrong("tokenizer.ggml.scores", "", "a score and a type for every token");
            return sentencepiece::tokenizer_json(metadata).ok_or_else(missing);
        }
        other => {
            let known = "\"gpt2\" (byte-level) or \"llama\" (SentencePiece)";
            return Err(wrong("tokenizer.ggml.model", other, known));
        }
    }
    let (Some(tokens), Some(merges)) =
        (metadata.texts("tokenizer.ggml.tokens"), metadata.texts("tokenizer.ggml.merges"))
    else {
        return Err(wrong("tokenizer.ggml.tokens", "", "tokens and merges"));
    };
    let pattern = |pattern: &str| {
        json!({"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}]})
    };
    let words =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true});
    let name = metadata.text("tokenizer.ggml.pre").unwrap_or("gpt-2");
    let (splitter, normalizer, ignore_merges) = match name {
        "llama-bpe" | "llama3" | "llama-v3" => (pattern(LLAMA3), Value::Null, true),
        "qwen2" => (pattern(QWEN2), json!({"type": "NFC"}), false),
        "gpt-2" | "gpt2" | "default" => (words, Value::Null, false),
        "smollm" => (
            json!({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, words]}),
            Value::Null,
            false,
        ),
        other => return Err(wrong("tokenizer.ggml.pre", other, "llama-bpe, qwen2, smollm or gpt-2")),
    };
    let kinds = metadata.numbers("tokenizer.ggml.token_type").unwrap_or_default();
    let mut vocabulary = Map::new();
    let mut added = Vec::new();
    for (id, token) in tokens.iter().enumerate() {
        let kind = kinds.get(id).copied().unwrap_or(1.0);
        if kind == CONTROL || kind == USER_DEFINED {
            added.push(
                json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": kind == CONTROL}),
            );
        }
        vocabulary.insert(token.clone(), id.into());
    }
    Ok(json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": normalizer,
        "pre_tokenizer": splitter, "post_processor": null,
        "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": ignore_merges,
            "vocab": vocabulary, "merges": merges}
    }))
}
