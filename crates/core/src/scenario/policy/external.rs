//! Policies in another process.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{FieldProblem, Span};
use super::count;
use crate::time::{SECOND, SimDuration};

/// Another process that answers newline-delimited JSON on standard input with newline-delimited JSON on standard
/// output. `policies/external_popularity.py` documents the protocol by example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExternalConfig {
    /// Program and arguments. The process starts in the folder of the file that holds this table.
    pub command: Vec<String>,
    /// Instead of `command`: a policy written in Python with the package `habitue`, as "module:Class" or "file.py:Class".
    /// It is looked for in the folder of the file that holds this table and on `PYTHONPATH`; the interpreter is the one
    /// that the environment variable `HABITUE_PYTHON` names, else `python3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// Real time that one answer may take.
    pub timeout: Span,
    /// How often the process is started again after it died or was too slow. It is given the last snapshot and what
    /// it was told since; so a restarted policy goes on where it was.
    pub restarts: u32,
    /// Requests in one message at most, 1 to 100,000.
    #[schemars(range(min = 1, max = 100_000))]
    pub batch: u32,
    /// Longest line accepted from the process, in bytes, 1,000 to 1,000,000,000.
    #[schemars(range(min = 1_000, max = 1_000_000_000))]
    pub longest_line: u32,
}

impl Default for ExternalConfig {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            python: None,
            timeout: Span(SimDuration(30 * SECOND)),
            restarts: 0,
            batch: 256,
            longest_line: 64_000_000,
        }
    }
}

impl ExternalConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if let Some(place) = &self.python {
            self.check_python(place)?;
        } else if self.command.first().is_none_or(String::is_empty) {
            return Err(FieldProblem::new(
                "command",
                format!("{:?}", self.command),
                "a program and its arguments, such as [\"python3\", \"policy.py\"], or `python` in its place",
            ));
        }
        if self.timeout.0.0 <= 0 {
            return Err(FieldProblem::new("timeout", self.timeout.0, "a duration above zero"));
        }
        count("batch", self.batch, 100_000)?;
        if !(1_000..=1_000_000_000).contains(&self.longest_line) {
            return Err(FieldProblem::new(
                "longest_line",
                self.longest_line,
                "a number of bytes from 1000 to 1000000000",
            ));
        }
        Ok(())
    }

    fn check_python(&self, place: &str) -> Result<(), FieldProblem> {
        if !self.command.is_empty() {
            return Err(FieldProblem::new("python", format!("{place:?} beside `command`"), "one of the two"));
        }
        let whole = |(module, class): (&str, &str)| !module.is_empty() && !class.is_empty();
        if place.starts_with('-') || !place.rsplit_once(':').is_some_and(whole) {
            let expected = "\"module:Class\" or \"file.py:Class\"";
            return Err(FieldProblem::new("python", format!("{place:?}"), expected));
        }
        Ok(())
    }
}
