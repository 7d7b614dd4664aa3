//! Changes to a tokenizer's settings for text in the middle of a prompt.

use std::path::Path;

use serde_json::Value;

use crate::error::LlmError;

/// A tokenizer from its settings.
pub(crate) fn build(file: &Path, settings: &Value) -> Result<tokenizers::Tokenizer, LlmError> {
    let text = settings.to_string();
    // The reader of this format panics on some damaged files (a merge of tokens that are not there, for one).
    let read = std::panic::catch_unwind(|| tokenizers::Tokenizer::from_bytes(text.as_bytes()));
    match read {
        Ok(Ok(tokenizer)) => Ok(tokenizer),
        Ok(Err(error)) => Err(LlmError::corrupt(file, format!("not a tokenizer: {error}"))),
        Err(_) => Err(LlmError::corrupt(file, "not a tokenizer: its parts contradict each other")),
    }
}

/// Removes the space that some tokenizers (Llama 2, Mistral) put before the first word of a text: within a prompt, a
/// text continues another. Returns whether anything changed.
pub(super) fn remove_leading_space(settings: &mut Value) -> bool {
    let mut changed = false;
    if let Some(normalizer) = settings.get_mut("normalizer") {
        changed |= remove_prepend(normalizer);
    }
    if let Some(splitter) = settings.get_mut("pre_tokenizer") {
        changed |= never_prepend(splitter);
    }
    changed
}

fn remove_prepend(normalizer: &mut Value) -> bool {
    let kind = normalizer.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind == "Prepend" {
        *normalizer = Value::Null;
        return true;
    }
    let Some(parts) = normalizer.get_mut("normalizers").and_then(Value::as_array_mut) else { return false };
    let before = parts.len();
    parts.retain(|part| part.get("type").and_then(Value::as_str) != Some("Prepend"));
    before != parts.len()
}

fn never_prepend(splitter: &mut Value) -> bool {
    let kind = splitter.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(map) = splitter.as_object_mut() else { return false };
    match kind.as_str() {
        "Metaspace" => {
            map.remove("add_prefix_space");
            let before = map.insert("prepend_scheme".to_owned(), "never".into());
            before != Some("never".into())
        }
        "ByteLevel" => map.insert("add_prefix_space".to_owned(), false.into()) == Some(true.into()),
        _ => match map.get_mut("pretokenizers").and_then(Value::as_array_mut) {
            // All of them, so not `any`, which stops at the first.
            Some(parts) => parts.iter_mut().map(never_prepend).filter(|changed| *changed).count() > 0,
            None => false,
        },
    }
}
