//! The bytes that each token stands for.

use std::path::Path;

use serde_json::Value;

use crate::error::LlmError;

/// How a vocabulary writes bytes.
enum Writing {
    /// Each byte as one character (Radford et al. 2019, GPT-2).
    ByteLevel,
    /// Text as it is with a sign for the space, other bytes as `<0x0A>` (`SentencePiece`).
    Fallback {
        /// The sign for the space.
        space: Option<String>,
    },
}

/// By token id, the bytes; none for special tokens and unused ids.
pub(super) fn token_bytes(file: &Path, tokenizer: &tokenizers::Tokenizer) -> Result<Vec<Vec<u8>>, LlmError> {
    let decoder = serde_json::to_value(tokenizer.get_decoder()).unwrap_or_default();
    let Some(writing) = writing(&decoder) else {
        let what = "its decoder is neither byte-level nor with byte fallback";
        return Err(LlmError::corrupt(file, what));
    };
    let vocabulary = tokenizer.get_vocab(false);
    let added = tokenizer.get_added_tokens_decoder();
    let highest = vocabulary.values().chain(added.keys()).max().map_or(0, |id| *id as usize + 1);
    // Ids beyond this are damage, not vocabulary: no model has them.
    if highest > 1 << 24 {
        return Err(LlmError::corrupt(file, format!("a token has id {}", highest - 1)));
    }
    let mut bytes = vec![Vec::new(); highest];
    for (token, id) in vocabulary {
        bytes[id as usize] = writing.bytes(&token);
    }
    for (id, token) in added {
        bytes[id as usize] = if token.special { Vec::new() } else { token.content.into_bytes() };
    }
    Ok(bytes)
}

fn writing(decoder: &Value) -> Option<Writing> {
    let parts: Vec<&Value> = match decoder.get("decoders").and_then(Value::as_array) {
        Some(parts) => parts.iter().collect(),
        None => vec![decoder],
    };
    let kind = |part: &&&Value, name: &str| part.get("type").and_then(Value::as_str) == Some(name);
    if parts.iter().any(|part| kind(&part, "ByteLevel")) {
        return Some(Writing::ByteLevel);
    }
    let metaspace = parts.iter().find(|part| kind(part, "Metaspace"));
    if metaspace.is_none() && !parts.iter().any(|part| kind(&part, "ByteFallback")) {
        return None;
    }
    let replaced =
        parts.iter().find(|part| kind(part, "Replace") && part.get("content") == Some(&" ".into()));
    let space = match (metaspace, replaced) {
        (Some(part), _) => part.get("replacement")?.as_str().map(str::to_owned),
        (None, Some(part)) => part.get("pattern")?.get("String")?.as_str().map(str::to_owned),
        (None, None) => None,
    };
    Some(Writing::Fallback { space })
}

impl Writing {
    fn bytes(&self, token: &str) -> Vec<u8> {
        match self {
            // A token with a character outside the alphabet was added as text.
            Self::ByteLevel => token
                .chars()
                .map(byte_of)
                .collect::<Option<Vec<u8>>>()
                .unwrap_or_else(|| token.as_bytes().to_vec()),
            Self::Fallback { space } => {
                let hex = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
                if let Some(byte) =
                    hex.filter(|hex| hex.len() == 2).and_then(|hex| u8::from_str_radix(hex, 16).ok())
                {
                    return vec![byte];
                }
                match space {
                    Some(sign) => token.replace(sign.as_str(), " ").into_bytes(),
                    None => token.as_bytes().to_vec(),
                }
            }
        }
    }
}

/// The byte that a character of the byte-level alphabet stands for: printable Latin-1 characters stand for themselves,
/// the other 68 bytes for U+0100 and up in order.
fn byte_of(character: char) -> Option<u8> {
    let itself = |code: u32| matches!(code, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(character);
    if code < 0x100 {
        return itself(code).then_some(code as u8);
    }
    (0..=255u8).filter(|&byte| !itself(u32::from(byte))).nth((code - 0x100) as usize)
}

#[cfg(test)]
mod tests {
    use super::byte_of;

    #[test]
    fn the_alphabet_covers_every_byte_once() {
        let mut seen: Vec<u8> = (0..0x200).filter_map(char::from_u32).filter_map(byte_of).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..=255).collect::<Vec<u8>>());
        assert_eq!(byte_of('Ġ'), Some(b' '));
        assert_eq!(byte_of('Ċ'), Some(b'\n'));
    }
}
