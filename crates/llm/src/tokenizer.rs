//! Text to tokens and back.
//!
//! # Where tokens may not cross
//! A prompt is made of pieces (chat markup, texts, chosen options), and **every boundary between pieces is a boundary
//! between tokens**: each piece is encoded on its own. So a piece's tokens depend on nothing around it, prompts that
//! begin with the same pieces begin with the same tokens, and the prefix cache finds them. One rule keeps the tokens
//! close to those the model saw in training, where a word mostly carries its leading space: the last space of a piece
//! moves to the front of the next one ([`PieceEncoder`]).
//!
//! Markup is encoded as Hugging Face's tokenizers do it, so special tokens in it are special tokens. Text is not: what a
//! persona or an item says can never become a control token.

mod bytes;
mod memo;
mod plain;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::error::LlmError;
use memo::Memo;
pub(crate) use plain::build;

/// What a piece of a prompt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PieceKind {
    /// Written by the chat template: special tokens are recognised.
    Markup,
    /// Everything else.
    Text,
}

/// A tokenizer of the Hugging Face format (`tokenizer.json`), byte-level or with byte fallback.
pub struct Tokenizer {
    file: String,
    markup: tokenizers::Tokenizer,
    /// As published but for special tokens and for a space before the first word; made when first needed.
    plain: OnceLock<tokenizers::Tokenizer>,
    plain_settings: Value,
    /// Whether `plain` splits texts without special tokens otherwise than `markup`.
    differs: bool,
    specials: Vec<String>,
    bytes: Vec<Vec<u8>>,
    memo: Memo,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("file", &self.file)
            .field("tokens", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// If the file cannot be read, is not a tokenizer, or is neither byte-level nor with byte fallback.
    pub fn from_file(file: &Path) -> Result<Self, LlmError> {
        let value = crate::load::json(file)?;
        Self::from_value(file, value)
    }

    /// A tokenizer from the content of a `tokenizer.json`; `file` is for messages.
    ///
    /// # Errors
    /// As [`Tokenizer::from_file`].
    pub fn from_value(file: &Path, mut value: Value) -> Result<Self, LlmError> {
        let Some(map) = value.as_object_mut() else {
            return Err(LlmError::corrupt(file, "not a tokenizer: expected a JSON object"));
        };
        // Cutting and padding would be silent changes of a prompt.
        map.insert("truncation".to_owned(), Value::Null);
        map.insert("padding".to_owned(), Value::Null);
        let mut plain_settings = value.clone();
        let differs = plain::remove_leading_space(&mut plain_settings);
        let markup = plain::build(file, &value)?;
        let mut specials: Vec<String> = markup
            .get_added_tokens_decoder()
            .into_values()
            .filter(|token| token.special)
            .map(|token| token.content)
            .collect();
        specials.sort();
        let bytes = bytes::token_bytes(file, &markup)?;
        Ok(Self {
            file: file.display().to_string(),
            markup,
            plain: OnceLock::new(),
            plain_settings,
            differs,
            specials,
            bytes,
            memo: Memo::new(),
        })
    }

    /// Number of tokens, one more than the highest id.
    pub fn vocabulary(&self) -> usize {
        self.bytes.len()
    }

    /// The token's id.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.markup.token_to_id(token)
    }

    /// The tokens' bytes one after the other; special tokens have none. Bytes that are not UTF-8 become U+FFFD.
    pub fn decode(&self, tokens: &[u32]) -> String {
        String::from_utf8_lossy(&self.decode_bytes(tokens)).into_owned()
    }

    /// The tokens' bytes one after the other; special and unknown tokens have none.
    pub fn decode_bytes(&self, tokens: &[u32]) -> Vec<u8> {
        tokens.iter().flat_map(|&token| self.token_bytes(token)).copied().collect()
    }

    /// A token's bytes; none for special and unknown tokens.
    pub fn token_bytes(&self, token: u32) -> &[u8] {
        self.bytes.get(token as usize).map_or(&[], Vec::as_slice)
    }

    /// Encodes one piece.
    ///
    /// # Errors
    /// If the tokenizer has no token for a part of the text.
    pub fn encode(&self, kind: PieceKind, text: &str) -> Result<Arc<[u32]>, LlmError> {
        if let Some(tokens) = self.memo.get(kind, text) {
            return Ok(tokens);
        }
        let special = self.specials.iter().any(|token| text.contains(token.as_str()));
        let tokenizer = match kind {
            PieceKind::Text if special || self.differs => self.plain()?,
            _ => &self.markup,
        };
        let encoded = tokenizer
            .encode_fast(text, false)
            .map_err(|error| LlmError::Request(format!("{}: cannot encode a text: {error}", self.file)))?;
        let tokens: Arc<[u32]> = encoded.get_ids().into();
        self.memo.put(kind, text, &tokens);
        Ok(tokens)
    }

    /// Encodes the pieces of a prompt, each on its own but for the space between them: see [`PieceEncoder`].
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_pieces<'a>(
        &self,
        pieces: impl IntoIterator<Item = (PieceKind, &'a str)>,
    ) -> Result<Vec<u32>, LlmError> {
        let mut encoder = PieceEncoder::new(self);
        for (kind, text) in pieces {
            encoder.push(kind, text)?;
        }
        encoder.finish()
    }

    fn plain(&self) -> Result<&tokenizers::Tokenizer, LlmError> {
        if let Some(tokenizer) = self.plain.get() {
            return Ok(tokenizer);
        }
        let mut tokenizer = plain::build(Path::new(&self.file), &self.plain_settings)?;
        tokenizer.set_encode_special_tokens(true);
        Ok(self.plain.get_or_init(|| tokenizer))
    }
}

/// Encodes a prompt piece by piece. The last space of a piece waits: it moves to the front of the next
/// [`PieceKind::Text`], or stands alone before markup and at the end.
#[derive(Debug, Clone)]
pub struct PieceEncoder<'t> {
    tokenizer: &'t Tokenizer,
    tokens: Vec<u32>,
    space: bool,
}

impl<'t> PieceEncoder<'t> {
    /// An empty prompt.
    pub fn new(tokenizer: &'t Tokenizer) -> Self {
        Self { tokenizer, tokens: Vec::new(), space: false }
    }

    /// Continues behind tokens that are known, of which this encoder gives only what is new.
    #[must_use]
    pub fn branch(&self) -> Self {
        Self { tokenizer: self.tokenizer, tokens: Vec::new(), space: self.space }
    }

    /// Appends a piece.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn push(&mut self, kind: PieceKind, text: &str) -> Result<(), LlmError> {
        if text.is_empty() {
            return Ok(());
        }
        let body = text.strip_suffix(' ').unwrap_or(text);
        let space = std::mem::replace(&mut self.space, body.len() < text.len());
        let tokens = match (space, kind) {
            (false, _) if body.is_empty() => return Ok(()),
            (false, _) => self.tokenizer.encode(kind, body)?,
            (true, PieceKind::Text) => self.tokenizer.encode(kind, &format!(" {body}"))?,
            (true, PieceKind::Markup) => {
                self.tokens.extend_from_slice(&self.tokenizer.encode(PieceKind::Text, " ")?);
                self.tokenizer.encode(kind, body)?
            }
        };
        self.tokens.extend_from_slice(&tokens);
        Ok(())
    }

    /// The tokens without a space that still waits.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The tokens, a space that waits included.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn finish(mut self) -> Result<Vec<u32>, LlmError> {
        if self.space {
            self.tokens.extend_from_slice(&self.tokenizer.encode(PieceKind::Text, " ")?);
        }
        Ok(self.tokens)
    }
}
