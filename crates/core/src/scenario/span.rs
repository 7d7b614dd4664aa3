//! Durations as they are typed: `"90s"`, `"1h 30m"`, `"14d"`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::SimDuration;

/// The format of durations in the JSON Schema. Formats that an editor does not know it lets pass.
pub(super) const FORMAT: &str = "duration-with-units";

/// The schema of a duration or "turn".
pub(super) fn duration_or_turn(_: &mut SchemaGenerator) -> Schema {
    duration_or("turn")
}

/// The schema of a duration or "never".
pub(super) fn duration_or_never(_: &mut SchemaGenerator) -> Schema {
    duration_or("never")
}

fn duration_or(word: &str) -> Schema {
    json_schema!({
        "anyOf": [{ "type": "string", "const": word }, { "type": "string", "format": FORMAT }]
    })
}

/// A duration in a configuration, written with units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub SimDuration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        SimDuration::parse(&text).map(Span).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": FORMAT,
            "description": "A duration with units, such as \"90s\", \"1h 30m\" or \"14d\"."
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn durations_come_back_as_they_were_written(milliseconds in 0_i64..=10_000 * 365 * 86_400_000) {
            let span = Span(SimDuration(milliseconds));
            let written = serde_json::to_string(&span).unwrap();
            prop_assert_eq!(serde_json::from_str::<Span>(&written).unwrap(), span);
        }
    }

    #[test]
    fn what_is_no_duration_says_so() {
        let error = serde_json::from_str::<Span>("\"soon\"").unwrap_err().to_string();
        assert!(error.contains("\"14d\""), "{error}");
    }
}
