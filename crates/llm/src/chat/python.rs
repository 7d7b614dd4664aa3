//! What templates expect of Jinja in Python.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

/// Adds `raise_exception` and Python's `tojson`.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_filter("tojson", |value: Value, options: Kwargs| -> Result<Value, Error> {
        let indent: Option<usize> = options.get("indent")?;
        options.assert_all_used()?;
        let mut text = String::new();
        write(&value, indent, 0, &mut text)?;
        // Python's own `tojson` escapes for HTML; transformers' does not.
        Ok(Value::from_safe_string(text))
    });
}

/// `json.dumps(value, ensure_ascii=False, indent=indent)`.
fn write(value: &Value, indent: Option<usize>, depth: usize, text: &mut String) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Map => {
            let entries = value.try_iter()?.map(|key| Ok((Some(key.clone()), value.get_item(&key)?)));
            let entries = entries.collect::<Result<Vec<_>, Error>>()?;
            list(entries, ('{', '}'), indent, depth, text)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let entries = value.try_iter()?.map(|entry| (None, entry)).collect();
            list(entries, ('[', ']'), indent, depth, text)
        }
        _ => {
            text.push_str(&serde_json::to_string(value).map_err(|error| {
                Error::new(ErrorKind::BadSerialization, "cannot be written as JSON").with_source(error)
            })?);
            Ok(())
        }
    }
}

fn list(
    entries: Vec<(Option<Value>, Value)>,
    (open, close): (char, char),
    indent: Option<usize>,
    depth: usize,
    text: &mut String,
) -> Result<(), Error> {
    let line = |depth: usize, text: &mut String| {
        if let Some(indent) = indent {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent * depth));
        }
    };
    text.push(open);
    let any = !entries.is_empty();
    for (number, (key, value)) in entries.into_iter().enumerate() {
        if number > 0 {
            text.push_str(if indent.is_some() { "," } else { ", " });
        }
        line(depth + 1, text);
        if let Some(key) = key {
            write(&Value::from(key.to_string()), None, 0, text)?;
            text.push_str(": ");
        }
        write(&value, indent, depth + 1, text)?;
    }
    if any {
        line(depth, text);
    }
    text.push(close);
    Ok(())
}
