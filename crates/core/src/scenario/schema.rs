//! The JSON Schema of scenario files: for editors, and for [`resolve`](super::resolve()), which checks against it.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::file::ScenarioFile;

/// JSON Schema (draft 7, the one TOML editors know) of a scenario file.
///
/// The format of texts that are durations is `duration-with-units`, which editors let pass. TOML has no null, so an optional key is one that may be absent. Every property has a description.
pub fn schema() -> Value {
    schema_of::<ScenarioFile>()
}

/// The same for the document that a type describes.
pub(super) fn schema_of<T: JsonSchema>() -> Value {
    let generator = schemars::generate::SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema
}

/// Removes null, and describes the `kind` of tagged tables by what that kind is.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            remove_null(object);
            describe_tags(object);
            object.values_mut().for_each(tidy);
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn remove_null(object: &mut Map<String, Value>) {
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
        alternatives.retain(|alternative| alternative.get("type").is_none_or(|kind| kind != "null"));
        if alternatives.len() == 1 {
            // Draft 7 ignores what stands beside a reference, so it goes into a list of its own.
            let only = object.remove("anyOf").unwrap_or_else(|| json!([]));
            object.insert("allOf".to_owned(), only);
        }
    }
}

fn describe_tags(object: &mut Map<String, Value>) {
    let description = object.get("description").cloned();
    let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
    for property in properties.values_mut() {
        if let (Value::Object(property), Some(description)) = (property, &description)
            && property.contains_key("const")
        {
            property.entry("description").or_insert_with(|| description.clone());
        }
    }
}
