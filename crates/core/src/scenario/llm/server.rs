//! Models on servers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{FieldProblem, Span};
use crate::time::{SECOND, SimDuration};

/// A server that speaks the protocol of `OpenAI`: `vLLM`, `SGLang`, `llama.cpp`, `Ollama`, and hosted ones. A run on a
/// server can be repeated only as far as the server gives the same answer twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Its address up to and with the version, such as `http://127.0.0.1:8000/v1`.
    #[schemars(length(min = 1))]
    pub endpoint: String,
    /// How it is asked.
    #[serde(default)]
    pub protocol: ProtocolName,
    /// Environment variable that holds the key, if it wants one. The key is never written anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub key: Option<String>,
    /// Most requests at the same time, 1 to 4,096.
    #[serde(default = "concurrency")]
    #[schemars(range(min = 1, max = 4096))]
    pub concurrency: u32,
    /// Further attempts after a failure, 0 to 100.
    #[serde(default = "retries")]
    #[schemars(range(max = 100))]
    pub retries: u32,
    /// Longest wait for one answer.
    #[serde(default = "timeout")]
    pub timeout: Span,
}

/// How a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProtocolName {
    /// By texts to be continued: choices are scored exactly where the server echoes log-probabilities.
    #[default]
    Completions,
    /// By messages: choices are scored by the log-probabilities of labels.
    Chat,
}

const fn concurrency() -> u32 {
    16
}

const fn retries() -> u32 {
    5
}

const fn timeout() -> Span {
    Span(SimDuration(120 * SECOND))
}

impl ServerConfig {
    /// The defaults, with this address.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            protocol: ProtocolName::default(),
            key: None,
            concurrency: concurrency(),
            retries: retries(),
            timeout: timeout(),
        }
    }

    pub(super) fn check(&self) -> Result<(), FieldProblem> {
        if !["http://", "https://"].iter().any(|scheme| self.endpoint.starts_with(scheme)) {
            let expected = "an address that begins with \"http://\" or \"https://\"";
            return Err(FieldProblem::new("endpoint", &self.endpoint, expected));
        }
        if !(1..=4096).contains(&self.concurrency) {
            return Err(FieldProblem::new("concurrency", self.concurrency, "a whole number from 1 to 4096"));
        }
        if self.retries > 100 {
            return Err(FieldProblem::new("retries", self.retries, "a whole number from 0 to 100"));
        }
        if self.timeout.0.0 <= 0 {
            return Err(FieldProblem::new("timeout", self.timeout.0, "a duration above 0, such as \"2m\""));
        }
        Ok(())
    }
}
