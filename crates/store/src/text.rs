//! Text files of people: found, decoded, cut into lines.

use std::fs;
use std::path::Path;

use habitue_core::{DataError, DataErrorKind};

use crate::error::StoreError;

/// How the bytes of a file may spell text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-8 or, where the bytes are not that, ISO 8859-1 (Latin-1), in which the older public data sets are written.
    Utf8OrLatin1,
}

/// Reads a whole file. Files that are not text are errors: UTF-16, NUL bytes, and bytes that no Latin-1 text has.
pub(crate) fn read_text(path: &Path, encoding: Encoding) -> Result<String, StoreError> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            DataError::new(DataErrorKind::MissingFile, path, "a file of this name").into()
        }
        _ => StoreError::io(path, "read")(error),
    })?;
    decode(path, &bytes, encoding).map_err(StoreError::from)
}

fn decode(path: &Path, bytes: &[u8], encoding: Encoding) -> Result<String, DataError> {
    let expected = match encoding {
        Encoding::Utf8 => "UTF-8 text",
        Encoding::Utf8OrLatin1 => "text in UTF-8 or Latin-1",
    };
    let wrong = |at: usize, value: String| {
        let line = bytes[..at].split(|byte| *byte == b'\n').count() as u64;
        DataError::new(DataErrorKind::Encoding, path, expected).at(line).value(value)
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(wrong(0, "a UTF-16 byte order mark".to_owned()));
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(wrong(at, "a NUL byte".to_owned()));
    }
    let text = match (std::str::from_utf8(bytes), encoding) {
        (Ok(text), _) => text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        (Err(error), Encoding::Utf8) => {
            let at = error.valid_up_to();
            return Err(wrong(at, format!("byte 0x{:02x}", bytes[at])));
        }
        (Err(_), Encoding::Utf8OrLatin1) => {
            if let Some(at) = bytes.iter().position(|byte| (0x80..0xa0).contains(byte)) {
                return Err(wrong(at, format!("byte 0x{:02x}", bytes[at])));
            }
            bytes.iter().map(|byte| char::from(*byte)).collect()
        }
    };
    Ok(text)
}
