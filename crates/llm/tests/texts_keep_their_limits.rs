//! Written texts honour stop strings, limits and constraints.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]

mod fakes;

use std::sync::Arc;

use fakes::{backend, block_on, hash_backend, script_backend, stream, tokenizer};
use habitue_llm::{Backend, Constraint, LocalBackend, Prompt, WriteEnd, WriteSpec, Written};
use serde_json::{Value, json};

fn write(backend: &LocalBackend, spec: &WriteSpec, entity: u64) -> Written {
    block_on(backend.write(&Prompt::plain("the user says:"), spec, &mut stream(entity))).unwrap()
}

#[test]
fn a_text_ends_at_its_end_its_stop_or_its_limit() {
    let text = " I like the film. Then nothing 日本語.";
    let greedy = WriteSpec::new(200).temperature(0.0);
    let whole = write(&script_backend(text, true), &greedy, 0);
    assert_eq!((whole.text.as_str(), whole.end), (text, WriteEnd::EndOfText));
    let stopped = write(&script_backend(text, true), &greedy.clone().stop("nothing").stop(". T"), 0);
    assert_eq!((stopped.text.as_str(), stopped.end), (" I like the film", WriteEnd::Stop(". T".to_owned())));
    let short = write(&script_backend(text, true), &WriteSpec::new(4).temperature(0.0), 0);
    assert_eq!(short.end, WriteEnd::Length);
    assert_eq!(short.usage.generated_tokens, 4);
    assert!(text.starts_with(&short.text) && !short.text.is_empty());
}

#[test]
fn a_character_cut_by_the_limit_is_left_out() {
    let text = "日本語";
    for limit in 1..=9 {
        let cut = write(&script_backend(text, false), &WriteSpec::new(limit).temperature(0.0), 0).text;
        assert!(text.starts_with(&cut), "{cut:?}");
    }
}

#[test]
fn random_models_keep_to_a_regular_expression() {
    let (_, backend) = hash_backend("byte-level");
    for entity in 0..20 {
        let written = write(&backend, &WriteSpec::new(40).regex("(yes|no), [0-9]{2,4} films"), entity);
        assert_ne!(written.end, WriteEnd::Length, "{written:?}");
        let (answer, rest) = written.text.split_once(", ").unwrap();
        let number = rest.strip_suffix(" films").unwrap();
        assert!(["yes", "no"].contains(&answer) && (2..=4).contains(&number.len()), "{written:?}");
        assert!(number.bytes().all(|byte| byte.is_ascii_digit()));
    }
}

#[test]
fn random_models_keep_to_a_json_schema() {
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["act", "stars", "tags"],
        "properties": {"act": {"enum": ["like", "skip"]}, "stars": {"type": "integer", "minimum": 1, "maximum": 5},
            "tags": {"type": "array", "items": {"enum": ["sea", "cooking"]}, "maxItems": 3}}});
    for name in ["byte-level", "byte-fallback"] {
        let (_, backend) = hash_backend(name);
        for entity in 0..10 {
            let written = write(&backend, &WriteSpec::new(120).json(schema.clone()), entity);
            assert_ne!(written.end, WriteEnd::Length, "{written:?}");
            let value: Value = serde_json::from_str(&written.text).unwrap();
            assert!(["like", "skip"].map(Value::from).contains(&value["act"]), "{value}");
            assert!((1..=5).contains(&value["stars"].as_i64().unwrap()), "{value}");
            assert!(value["tags"].as_array().unwrap().len() <= 3, "{value}");
        }
    }
}

#[test]
fn a_model_without_an_end_token_can_be_constrained() {
    let tokenizer = tokenizer("byte-level");
    let scorer = Arc::new(fakes::HashScorer { vocabulary: 320, ..fakes::HashScorer::default() });
    // More logits than tokens, as in models padded to a round size.
    let backend =
        LocalBackend::from_parts(scorer, tokenizer, None, Vec::new(), 320, "fake".to_owned()).unwrap();
    let written = write(&backend, &WriteSpec::new(20).regex("[ab]{3}"), 1);
    assert_eq!(written.end, WriteEnd::Complete);
    assert_eq!(written.text.len(), 3);
}

#[test]
fn the_same_stream_writes_the_same_text_and_another_one_another() {
    let (_, backend) = hash_backend("byte-level");
    let spec = WriteSpec::new(12);
    assert_eq!(write(&backend, &spec, 1), write(&backend, &spec, 1));
    assert_ne!(write(&backend, &spec, 1).text, write(&backend, &spec, 2).text);
}

#[test]
fn control_tokens_never_stand_in_a_text() {
    let tokenizer = tokenizer("byte-level");
    let begin = tokenizer.id("<|begin|>").unwrap();
    let scorer = fakes::ScriptScorer {
        vocabulary: tokenizer.vocabulary(),
        script: vec![begin; 8],
        start: std::sync::Mutex::new(None),
    };
    let backend = backend(Arc::new(scorer), tokenizer).unwrap();
    let written = write(&backend, &WriteSpec::new(8), 1);
    assert!(written.text.len() >= 8 || written.end == WriteEnd::EndOfText, "{written:?}");
}

#[test]
fn constraints_that_cannot_be_compiled_are_refused() {
    let (_, backend) = hash_backend("byte-level");
    let refuse = |constraint| {
        let spec = WriteSpec { constraint: Some(constraint), ..WriteSpec::new(5) };
        block_on(backend.write(&Prompt::plain("x"), &spec, &mut stream(0))).unwrap_err().to_string()
    };
    for message in [
        refuse(Constraint::Regex("(".to_owned())),
        refuse(Constraint::JsonSchema(json!({"type": "nonsense"}))),
        refuse(Constraint::JsonSchema(json!([]))),
    ] {
        assert!(message.contains("the constraint cannot be used"), "{message}");
    }
    let empty = block_on(backend.write(&Prompt::default(), &WriteSpec::new(5), &mut stream(0))).unwrap_err();
    assert!(empty.to_string().contains("no tokens"), "{empty}");
}
