//! A `SentencePiece` vocabulary (Llama 2, Mistral) in a GGUF file's metadata, as the content of a `tokenizer.json`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::metadata::{Item, Metadata};
use super::tokens::{CONTROL, USER_DEFINED};

/// The sign for a space.
const SPACE: &str = "▁";

/// Type of the token for what the vocabulary cannot write.
const UNKNOWN: f64 = 2.0;

/// Builds the settings of a tokenizer from pieces with scores; none if the metadata lacks them.
///
/// `SentencePiece` joins the two neighbours whose union has the highest score (Kudo & Richardson 2018). Hugging Face's
/// tokenizers join by a list of pairs instead: here all pairs whose union is a piece, best score first, as published
/// conversions of these models have it.
pub(super) fn tokenizer_json(metadata: &Metadata) -> Option<Value> {
    let pieces = metadata.texts("tokenizer.ggml.tokens")?;
    let scores = metadata.numbers("tokenizer.ggml.scores").filter(|scores| scores.len() == pieces.len())?;
    let kinds = metadata.numbers("tokenizer.ggml.token_type").filter(|kinds| kinds.len() == pieces.len())?;
    let ids: HashMap<&str, usize> =
        pieces.iter().enumerate().map(|(id, piece)| (piece.as_str(), id)).collect();
    let mut pairs = Vec::new();
    let mut added = Vec::new();
    let mut vocabulary = Map::new();
    let mut unknown = Value::Null;
    for (id, piece) in pieces.iter().enumerate() {
        vocabulary.insert(piece.clone(), id.into());
        let kind = kinds[id];
        if kind == UNKNOWN {
            unknown = piece.clone().into();
        }
        if [UNKNOWN, CONTROL, USER_DEFINED].contains(&kind) {
            added.push(
                json!({"id": id, "content": piece, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": kind != USER_DEFINED}),
            );
            continue;
        }
        for (at, _) in piece.char_indices().skip(1) {
            let (left, right) = piece.split_at(at);
            if let (Some(&first), Some(&second)) = (ids.get(left), ids.get(right)) {
                pairs.push((scores[id], id, first, second));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2, a.3).cmp(&(b.1, b.2, b.3))));
    let merges: Vec<Value> =
        pairs.into_iter().map(|(_, _, left, right)| json!([pieces[left], pieces[right]])).collect();
    let replace = json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE});
    let in_front = metadata.0.get("tokenizer.ggml.add_space_prefix") != Some(&Item::Number(0.0));
    let normalizers =
        if in_front { vec![json!({"type": "Prepend", "prepend": SPACE}), replace] } else { vec![replace] };
    Some(json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": null, "post_processor": null,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}, {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": usize::from(in_front), "stop": 0}]},
        "model": {"type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": vocabulary, "merges": merges}
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]
    use std::path::Path;

    use serde::Deserialize;

    use super::*;
    use crate::tokenizer::{PieceKind, Tokenizer};

    /// What `make.py` wrote with the sentencepiece package.
    #[derive(Deserialize)]
    struct Golden {
        pieces: Vec<String>,
        scores: Vec<f64>,
        kinds: Vec<f64>,
        expected: Vec<(String, Vec<u32>)>,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../../tests/goldens/tokens/sentencepiece.json")).unwrap()
    }

    fn metadata(golden: &Golden) -> Metadata {
        let pairs = [
            ("tokens", Item::Texts(golden.pieces.clone())),
            ("scores", Item::Numbers(golden.scores.clone())),
            ("token_type", Item::Numbers(golden.kinds.clone())),
        ];
        Metadata(pairs.map(|(key, item)| (format!("tokenizer.ggml.{key}"), item)).into())
    }

    #[test]
    fn tokens_are_those_of_sentencepiece() {
        let golden = golden();
        let settings = tokenizer_json(&metadata(&golden)).unwrap();
        let tokenizer = Tokenizer::from_value(Path::new("tiny.gguf"), settings).unwrap();
        for (text, expected) in &golden.expected {
            assert_eq!(tokenizer.encode(PieceKind::Markup, text).unwrap()[..], expected[..], "{text:?}");
            assert_eq!(tokenizer.decode(expected), format!(" {text}"));
        }
        let symbol = tokenizer.id("<film>").unwrap();
        assert!(tokenizer.encode(PieceKind::Markup, "a <film> a").unwrap().contains(&symbol));
    }

    #[test]
    fn without_scores_there_is_no_tokenizer() {
        let mut metadata = metadata(&golden());
        metadata.0.insert("tokenizer.ggml.scores".to_owned(), Item::Numbers(vec![0.0]));
        assert!(tokenizer_json(&metadata).is_none());
    }
}
