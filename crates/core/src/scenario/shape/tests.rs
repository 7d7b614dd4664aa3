//! The schema, what is compared with it, and what is read are one list of keys.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::*;
use crate::scenario::choice::ChoiceConfig;
use crate::scenario::llm::LlmConfig;
use crate::scenario::persona::PersonaSpec;
use crate::scenario::policy::PolicyConfig;
use crate::scenario::tree::Step;
use crate::scenario::{ScenarioFile, schema};

/// What a comparison understands; descriptions and defaults ask for nothing.
const UNDERSTOOD: [&str; 24] = [
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "definitions",
    "description",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "title",
];

const FORMATS: [&str; 11] =
    ["double", "float", "int16", "int32", "int64", "int8", "uint", "uint16", "uint32", "uint64", "uint8"];

/// Calls `visit` for a schema and all schemas inside it.
fn each_schema(schema: &Json, visit: &mut dyn FnMut(&Json)) {
    visit(schema);
    for list in ["allOf", "anyOf", "oneOf"] {
        schema[list].as_array().into_iter().flatten().for_each(|inner| each_schema(inner, visit));
    }
    for table in ["properties", "definitions"] {
        schema[table].as_object().into_iter().flatten().for_each(|(_, inner)| each_schema(inner, visit));
    }
    match &schema["items"] {
        Json::Array(tuple) => tuple.iter().for_each(|inner| each_schema(inner, visit)),
        Json::Object(_) => each_schema(&schema["items"], visit),
        _ => {}
    }
    if schema["additionalProperties"].is_object() {
        each_schema(&schema["additionalProperties"], visit);
    }
}

#[test]
fn the_schema_asks_for_nothing_that_is_not_understood() {
    let root = schema();
    each_schema(&root, &mut |schema| {
        for (keyword, asked) in schema.as_object().unwrap() {
            assert!(UNDERSTOOD.contains(&keyword.as_str()) || keyword == "type", "{keyword} in {schema}");
            if keyword == "format" {
                let format = asked.as_str().unwrap();
                assert!([DURATION, MEMORY].contains(&format) || FORMATS.contains(&format), "{format}");
            }
            if keyword == "type" {
                let types = ["object", "array", "string", "boolean", "integer", "number"];
                assert!(types.contains(&asked.as_str().unwrap()), "{asked}");
            }
            if let Some(name) = asked.as_str().filter(|_| keyword == "$ref") {
                let name = name.strip_prefix("#/definitions/").unwrap();
                assert!(root["definitions"][name].is_object(), "{name}");
            }
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            assert!(schema["properties"][key.as_str().unwrap()].is_object(), "{key} in {schema}");
        }
        // What asks for nothing would let everything pass.
        assert!(
            ["type", "oneOf", "anyOf", "allOf", "$ref"].iter().any(|key| !schema[key].is_null()),
            "{schema}"
        );
    });
}

#[test]
fn every_property_is_described() {
    let mut properties = 0;
    each_schema(&schema(), &mut |schema| {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let described = property["description"].as_str().is_some_and(|text| !text.trim().is_empty());
            assert!(described, "{key} in {schema}");
            properties += 1;
        }
    });
    assert!(properties > 100, "{properties}");
}

/// Values that the schema allows: together they have every key, every kind and every word of it.
fn samples<'s>(shape: &Shape<'s>, schema: &'s Json) -> Vec<toml::Value> {
    let schema = shape.target(schema);
    if let Some(only) = schema["const"].as_str() {
        return vec![only.into()];
    }
    for list in ["oneOf", "anyOf"] {
        if schema[list].is_array() {
            return shape.targets(&schema[list]).into_iter().flat_map(|one| samples(shape, one)).collect();
        }
    }
    let limit = |keywords: [&str; 2], other| {
        keywords.iter().find_map(|keyword| schema[keyword].as_f64()).unwrap_or(other)
    };
    let least = limit(["minimum", "exclusiveMinimum"], 0.0);
    let most = limit(["maximum", "exclusiveMaximum"], least + 10.0);
    match schema["type"].as_str().unwrap() {
        "object" => tables(shape, schema),
        "array" => {
            let elements = samples(shape, &schema["items"]);
            let least = schema["minItems"].as_u64().unwrap_or(0).max(elements.len() as u64);
            let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
            let elements = elements.into_iter().cycle().take(least.min(most) as usize);
            vec![elements.collect::<Vec<_>>().into()]
        }
        "string" if schema["format"] == DURATION => vec!["1h 30m".into()],
        "string" if schema["format"] == MEMORY => vec!["256MiB".into()],
        "string" => vec!["abc".into()],
        "boolean" => vec![true.into(), false.into()],
        "integer" => within(schema, &[1.into(), least.ceil().into(), most.floor().into()], 1),
        "number" => within(
            schema,
            &[0.5.into(), 1.into(), least.into(), most.into(), f64::midpoint(least, most).into()],
            2,
        ),
        other => panic!("{other}"),
    }
}

/// The first so many of these numbers that a schema allows, and at least one.
fn within(schema: &Json, numbers: &[toml::Value], most: usize) -> Vec<toml::Value> {
    let whole = schema["type"] == "integer";
    let numbers = numbers.iter().map(|number| match number {
        toml::Value::Float(number) if whole => (*number as i64).into(),
        number => number.clone(),
    });
    let bounds = Bounds::of(schema);
    let allowed: Vec<_> = numbers
        .filter(|number| {
            let node = node(&toml::Table::from_iter([("x".to_owned(), number.clone())]).into());
            let number = node.get("x").unwrap();
            if whole { bounds.hold_whole(number) } else { bounds.hold(number) }
        })
        .take(most)
        .collect();
    assert!(!allowed.is_empty(), "{schema}");
    allowed
}

fn tables<'s>(shape: &Shape<'s>, schema: &'s Json) -> Vec<toml::Value> {
    let mut all = vec![toml::Table::new()];
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        // A policy inside a policy would go on for ever: one kind stands for all.
        let samples = match key.as_str() {
            "inner" => vec![toml::Table::from_iter([("kind".to_owned(), "random".into())]).into()],
            _ => samples(shape, property),
        };
        for (position, sample) in samples.into_iter().enumerate() {
            while all.len() <= position {
                all.push(all[0].clone());
            }
            // The last sample goes on, so that tables that differ in another key are complete too.
            all[position..].iter_mut().for_each(|table| drop(table.insert(key.clone(), sample.clone())));
        }
    }
    if schema["additionalProperties"].is_object() {
        let sample = samples(shape, &schema["additionalProperties"]).remove(0);
        for table in &mut all {
            table.insert("anything".to_owned(), sample.clone());
        }
    }
    all.into_iter().map(toml::Value::Table).collect()
}

fn node(sample: &toml::Value) -> Node {
    Node::document(&toml::to_string(sample).unwrap(), 0).unwrap()
}

/// The ways to all tables of a value.
fn all_tables(node: &Node, way: &Way, found: &mut Vec<Way>) {
    if let Value::Table(entries) = &node.value {
        found.push(way.clone());
        for entry in entries {
            all_tables(&entry.node, &way.key(&entry.key), found);
        }
    }
    for (index, element) in node.elements().iter().enumerate() {
        all_tables(element, &way.index(index), found);
    }
}

/// Adds a key that no type has to the table at the end of the way.
fn with_a_key_more(sample: &toml::Value, way: &Way) -> toml::Value {
    let mut sample = sample.clone();
    let mut table = &mut sample;
    for step in &way.0 {
        table = match step {
            Step::Key(key) => &mut table[key.as_str()],
            Step::Index(index) => &mut table[*index],
        };
    }
    table.as_table_mut().unwrap().insert("zzzzzzzz".to_owned(), "of no use".into());
    sample
}

/// Compares what the schema allows and refuses with what the type does. Tables at `elsewhere` are read later, as a
/// type of their own. Returns how many keys were refused.
fn agree<T: DeserializeOwned>(name: Option<&str>, elsewhere: &[&str]) -> usize {
    let root = schema();
    let compare = |sample: &toml::Value| {
        let mut shape = Shape::new(&root);
        match name {
            Some(name) => shape.definition(name, &mut node(sample)),
            None => shape.scenario(&mut node(sample)),
        }
        shape.findings
    };
    let whole = name.map_or(&root, |name| &root["definitions"][name]);
    let mut refused = BTreeSet::new();
    for sample in samples(&Shape::new(&root), whole) {
        let findings = compare(&sample);
        assert!(findings.is_empty(), "{findings:?}");
        if let Err(error) = sample.clone().try_into::<T>() {
            panic!("{error}\n{sample}");
        }
        let mut ways = Vec::new();
        all_tables(&node(&sample), &Way::default(), &mut ways);
        ways.retain(|way| {
            way.0.iter().all(|step| !elsewhere.iter().any(|key| *step == Step::Key((*key).to_owned())))
        });
        for way in ways {
            let more = with_a_key_more(&sample, &way);
            let findings = compare(&more);
            assert_eq!(findings.len(), 1, "{way}: {findings:?}");
            assert_eq!(findings[0].way, way.key("zzzzzzzz"));
            assert!(more.try_into::<T>().is_err(), "{way}");
            refused.insert(way.keys());
        }
    }
    refused.len()
}

#[test]
fn what_the_schema_allows_and_refuses_the_types_do_too() {
    assert!(agree::<ScenarioFile>(None, &["policy", "personas", "choice", "llm"]) >= 12);
    assert!(agree::<PolicyConfig>(Some("PolicyConfig"), &[]) >= 2);
    agree::<PersonaSpec>(Some("PersonaSpec"), &[]);
    agree::<ChoiceConfig>(Some("ChoiceConfig"), &[]);
    agree::<LlmConfig>(Some("LlmConfig"), &[]);
}
