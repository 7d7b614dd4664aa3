//! Models that are part of this library.

use std::path::Path;
use std::sync::Arc;

use candle_core::safetensors::SliceSafetensors;
use candle_core::{DType, Device};
use habitue_core::scenario::llm::BUILT_IN_MODELS;
use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};
use serde_json::Value;

use super::{ModelFiles, check_vocabulary, end_tokens};
use crate::chat::ChatTemplate;
use crate::error::LlmError;
use crate::load::{expected_tensors, model_config};
use crate::tokenizer::Tokenizer;
use crate::weights::MemoryWeights;

/// The files of `habitue-mini`, whose recipe and marks stand in its folder.
const CONFIG: &[u8] = include_bytes!("../../models/habitue-mini/config.json");
const TOKENIZER: &[u8] = include_bytes!("../../models/habitue-mini/tokenizer.json");
const TOKENIZER_CONFIG: &[u8] = include_bytes!("../../models/habitue-mini/tokenizer_config.json");
const WEIGHTS: &[u8] = include_bytes!("../../models/habitue-mini/model.safetensors");

/// The name with its prefix, if there is such a model.
///
/// # Errors
/// If there is none, with the nearest name.
pub(super) fn find(typed: &str) -> Result<&'static str, LlmError> {
    let found = BUILT_IN_MODELS.into_iter().find(|name| *name == typed);
    found.ok_or_else(|| {
        let expected = format!("one of {}", BUILT_IN_MODELS.join(", "));
        let error = DataError::new(DataErrorKind::UnknownName, Path::new(typed), expected);
        error.field("model").value(typed).nearest(nearest(typed, BUILT_IN_MODELS)).into()
    })
}

/// Opens a built-in model.
pub(super) fn open(name: &str) -> Result<ModelFiles, LlmError> {
    let name = find(name)?;
    let folder = Path::new(name);
    let corrupt = |file: &str, what: String| LlmError::corrupt(&folder.join(file), what);
    let json = |file: &str, bytes: &[u8]| -> Result<Value, LlmError> {
        serde_json::from_slice(bytes).map_err(|error| corrupt(file, error.to_string()))
    };
    let raw = json("config.json", CONFIG)?;
    let config = model_config(&folder.join("config.json"), &raw)?;
    let file = folder.join("tokenizer.json");
    let tokenizer = Tokenizer::from_value(&file, json("tokenizer.json", TOKENIZER)?)?;
    check_vocabulary(&file, &tokenizer, &config)?;
    let settings = json("tokenizer_config.json", TOKENIZER_CONFIG)?;
    let damaged = |error: candle_core::Error| corrupt("model.safetensors", error.to_string());
    let stored = SliceSafetensors::new(WEIGHTS).map_err(damaged)?;
    let mut weights = MemoryWeights::default();
    for (tensor, shape) in expected_tensors(&config) {
        let values = stored.load(&tensor, &Device::Cpu).and_then(|values| {
            values.reshape(shape.as_slice())?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()
        });
        weights.0.insert(tensor, (shape, values.map_err(damaged)?));
    }
    let mut hasher = blake3::Hasher::new();
    for bytes in [CONFIG, TOKENIZER, WEIGHTS] {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }
    Ok(ModelFiles {
        end_tokens: end_tokens(&[&raw], &settings, &tokenizer, config.vocabulary),
        config,
        weights: Box::new(weights),
        tokenizer: Arc::new(tokenizer),
        chat_template: ChatTemplate::from_settings(&settings, &None)?,
        id: name.to_owned(),
        hash: hasher.finalize().to_hex().to_string(),
    })
}
