//! Files as text.

use std::io::ErrorKind;
use std::path::Path;

use habitue_core::{DataError, DataErrorKind};

use super::Problem;

/// The text of a UTF-8 file, without byte order mark.
pub(super) fn read(path: &Path) -> Result<String, Problem> {
    let bytes = std::fs::read(path).map_err(|error| {
        let expected = match error.kind() {
            ErrorKind::NotFound => "a file of this name".to_owned(),
            _ => format!("a file that can be read ({error})"),
        };
        DataError::new(DataErrorKind::MissingFile, path, expected)
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count() as u64;
            let byte = error.as_bytes()[at];
            let problem = DataError::new(DataErrorKind::Encoding, path, "UTF-8 text");
            Err(problem.at(line).value(format!("byte 0x{byte:02x}")).into())
        }
    }
}
