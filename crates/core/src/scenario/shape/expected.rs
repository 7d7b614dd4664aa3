//! What a schema asks for, in words.

use serde_json::Value as Json;

use super::{DURATION, MEMORY, Shape};
use crate::scenario::tree::{Node, Value, quoted};

/// What was expected. Limits that come with the type of a number alone are told only where `found` is beyond them.
pub(super) fn expected<'s>(shape: &Shape<'s>, schema: &'s Json, found: Option<&Node>) -> String {
    let schema = shape.target(schema);
    if let Some(only) = schema["const"].as_str() {
        return quoted(only);
    }
    for list in ["oneOf", "anyOf"] {
        if schema[list].is_array() {
            return alternatives(shape, &shape.targets(&schema[list]), found);
        }
    }
    match schema["type"].as_str().unwrap_or_default() {
        "object" => "a table".to_owned(),
        "array" => list(shape, schema),
        "string" if schema["format"] == DURATION => {
            "a duration such as \"90s\", \"1h 30m\" or \"14d\"".to_owned()
        }
        "string" if schema["format"] == MEMORY => {
            "an amount of memory such as \"256MiB\" or \"1.5GB\"".to_owned()
        }
        "string" => text(schema),
        "boolean" => "true or false".to_owned(),
        "integer" => Bounds::of(schema).in_words("a whole number", found),
        "number" => Bounds::of(schema).in_words("a number", found),
        _ => "a value".to_owned(),
    }
}

fn alternatives<'s>(shape: &Shape<'s>, all: &[&'s Json], found: Option<&Node>) -> String {
    let words: Vec<String> = all.iter().filter_map(|one| one["const"].as_str()).map(quoted).collect();
    let mut parts = match words.as_slice() {
        [] => Vec::new(),
        [only] => vec![only.clone()],
        _ => vec![format!("one of {}", words.join(", "))],
    };
    for one in all.iter().filter(|one| !one["const"].is_string()) {
        let part = expected(shape, one, found);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(", or ")
}

fn list<'s>(shape: &Shape<'s>, schema: &'s Json) -> String {
    let of = match &schema["items"] {
        items @ Json::Object(_) => match shape.target(items)["type"].as_str() {
            Some("string") => " of texts",
            Some("integer" | "number") => " of numbers",
            _ if is_table(shape, items) => " of tables",
            _ => "",
        },
        _ => "",
    };
    let count = match (schema["minItems"].as_u64().unwrap_or(0), schema["maxItems"].as_u64()) {
        (least, Some(most)) if least == most => format!(" with {most} elements"),
        (least, Some(most)) => format!(" with {least} to {most} elements"),
        (0, None) => String::new(),
        (1, None) => " with at least 1 element".to_owned(),
        (least, None) => format!(" with at least {least} elements"),
    };
    format!("a list{of}{count}")
}

/// Whether only a table fits.
pub(super) fn is_table<'s>(shape: &Shape<'s>, schema: &'s Json) -> bool {
    let schema = shape.target(schema);
    match schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        Some(all) => all.iter().all(|one| is_table(shape, one)),
        None => schema["type"] == "object",
    }
}

fn text(schema: &Json) -> String {
    match (schema["minLength"].as_u64().unwrap_or(0), schema["maxLength"].as_u64()) {
        (0, None) => "text".to_owned(),
        (1, None) => "text that is not empty".to_owned(),
        (least, Some(most)) => format!("text of {least} to {most} characters"),
        (least, None) => format!("text of at least {least} characters"),
    }
}

/// The limits of a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    least: Option<f64>,
    most: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    /// Whether it has to fit 32 bits.
    single: bool,
    /// Limits of the whole number's type. TOML's numbers have 64 bits.
    whole: (i64, i64),
}

impl Bounds {
    /// The limits that a schema sets.
    pub(super) fn of(schema: &Json) -> Self {
        let whole = match schema["format"].as_str() {
            Some("uint8") => (0, i64::from(u8::MAX)),
            Some("uint16") => (0, i64::from(u16::MAX)),
            Some("uint32") => (0, i64::from(u32::MAX)),
            Some("uint64" | "uint") => (0, i64::MAX),
            Some("int8") => (i64::from(i8::MIN), i64::from(i8::MAX)),
            Some("int16") => (i64::from(i16::MIN), i64::from(i16::MAX)),
            Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let least = schema["minimum"].as_f64().filter(|least| *least > whole.0 as f64);
        let most = schema["maximum"].as_f64().filter(|most| *most < whole.1 as f64);
        Self {
            least,
            most,
            single: schema["format"] == "float",
            above: schema["exclusiveMinimum"].as_f64(),
            below: schema["exclusiveMaximum"].as_f64(),
            whole,
        }
    }

    /// Whether a number lies within.
    pub(super) fn hold(self, node: &Node) -> bool {
        let number = match node.value {
            Value::Integer(number) => number as f64,
            Value::Float(number) => number,
            _ => return false,
        };
        number.is_finite()
            && (!self.single || number.abs() <= f64::from(f32::MAX))
            && self.least.is_none_or(|least| number >= least)
            && self.most.is_none_or(|most| number <= most)
            && self.above.is_none_or(|above| number > above)
            && self.below.is_none_or(|below| number < below)
    }

    /// Whether a whole number lies within, and within its type.
    pub(super) fn hold_whole(self, node: &Node) -> bool {
        match node.value {
            Value::Integer(number) => (self.whole.0..=self.whole.1).contains(&number) && self.hold(node),
            _ => false,
        }
    }

    fn in_words(self, kind: &str, found: Option<&Node>) -> String {
        let (mut least, mut most) = (self.least.map(short), self.most.map(short));
        if kind == "a whole number" {
            let beyond = match found.map(|node| &node.value) {
                Some(Value::Integer(number)) => *number > self.whole.1,
                Some(Value::Huge(digits)) => !digits.starts_with('-'),
                _ => false,
            };
            if least.is_none() && self.above.is_none() && self.whole.0 >= 0 {
                least = Some("0".to_owned());
            }
            if most.is_none() && self.below.is_none() && beyond {
                most = Some(self.whole.1.to_string());
            }
        }
        let from = match (&least, self.above) {
            (_, Some(above)) => format!(" above {}", short(above)),
            (Some(least), None) if most.is_some() => format!(" from {least}"),
            (Some(least), None) => format!(" of {least} or more"),
            (None, None) => String::new(),
        };
        let to = match (most, self.below) {
            (_, Some(below)) if from.is_empty() => format!(" below {}", short(below)),
            (_, Some(below)) => format!(" and below {}", short(below)),
            (Some(most), None) if self.above.is_some() => format!(" and at most {most}"),
            (Some(most), None) if from.is_empty() => format!(" of at most {most}"),
            (Some(most), None) => format!(" to {most}"),
            (None, None) => String::new(),
        };
        format!("{kind}{from}{to}")
    }
}

fn short(number: f64) -> String {
    number.to_string()
}
