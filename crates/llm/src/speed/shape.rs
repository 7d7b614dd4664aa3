//! Shapes that are measured with random weights.

use std::fmt;
use std::str::FromStr;

use habitue_core::scenario::nearest;
use serde::Serialize;

use crate::config::ModelConfig;
use crate::error::LlmError;

/// The shape of a known model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// `SmolLM2-135M`.
    Smol135,
    /// `Qwen2.5-0.5B`.
    Qwen05,
}

impl Shape {
    /// All of them, the smallest first.
    pub const ALL: [Self; 2] = [Self::Smol135, Self::Qwen05];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smol135 => "smol135",
            Self::Qwen05 => "qwen05",
        }
    }

    /// Its numbers.
    pub fn config(self) -> ModelConfig {
        match self {
            Self::Smol135 => ModelConfig::smol135(),
            Self::Qwen05 => ModelConfig::qwen05(),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Shape {
    type Err = LlmError;

    fn from_str(typed: &str) -> Result<Self, LlmError> {
        if let Some(shape) = Self::ALL.into_iter().find(|shape| shape.name() == typed) {
            return Ok(shape);
        }
        let names = Self::ALL.map(Self::name);
        let near = nearest(typed, names).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        Err(LlmError::Configuration {
            field: "shape".to_owned(),
            value: format!("{typed:?}"),
            expected: format!("one of {}{near}", names.join(", ")),
        })
    }
}
