//! How often a policy that learns in batches is trained.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::span::duration_or_never;
use super::super::{FieldProblem, Span};
use crate::time::{DAY, SimDuration};

/// How often a policy is retrained: `"1d"`, or `"never"` after the training on what is known before the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retrain {
    /// Only before the run.
    Never,
    /// At the end of the first window that ends at least this long after the last training.
    Every(Span),
}

impl Default for Retrain {
    fn default() -> Self {
        Self::Every(Span(SimDuration(DAY)))
    }
}

impl Retrain {
    /// Checks that the interval is above zero.
    ///
    /// # Errors
    /// The field `retrain`.
    pub fn check(self) -> Result<(), FieldProblem> {
        match self {
            Self::Every(Span(interval)) if interval.0 <= 0 => {
                Err(FieldProblem::new("retrain", interval, "\"never\" or a duration above zero"))
            }
            _ => Ok(()),
        }
    }
}

impl Serialize for Retrain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_str("never"),
            Self::Every(span) => span.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Retrain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        if text == "never" {
            return Ok(Self::Never);
        }
        SimDuration::parse(&text)
            .map(|interval| Self::Every(Span(interval)))
            .map_err(|problem| serde::de::Error::custom(format!("{problem}; or \"never\"")))
    }
}

impl JsonSchema for Retrain {
    fn schema_name() -> Cow<'static, str> {
        "Retrain".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = duration_or_never(generator);
        schema.insert("description".to_owned(), "How often the policy is retrained, or \"never\".".into());
        schema
    }
}
