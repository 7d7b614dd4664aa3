//! A tokenizer trained on the words of the lessons.

use serde_json::Value;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

/// The token that ends a text.
pub(crate) const END: &str = "<|end|>";

/// A `tokenizer.json` of so many tokens: byte-level byte-pair encoding (Sennrich et al. 2016, as in GPT-2) of these texts,
/// so no text is without tokens.
///
/// # Errors
/// A sentence of the tokenizer library.
pub(crate) fn train(texts: &[String], size: usize) -> Result<Value, String> {
    let trainer = BpeTrainer::builder()
        .vocab_size(size)
        .show_progress(false)
        .special_tokens(vec![AddedToken::from(END, true)])
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    let texts = texts.iter().map(String::as_str);
    tokenizer.train(&mut TrainerWrapper::from(trainer), texts).map_err(|error| error.to_string())?;
    let json = tokenizer.to_string(false).map_err(|error| error.to_string())?;
    serde_json::from_str(&json).map_err(|error| error.to_string())
}
