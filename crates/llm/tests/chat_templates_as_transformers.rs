//! Chat templates give the same text as `apply_chat_template` of Hugging Face transformers.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]

use std::path::{Path, PathBuf};

use habitue_llm::{ChatMessage, ChatPart, ChatTemplate, Role};
use serde_json::{Map, Value, json};

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/chat")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(goldens().join(name)).unwrap()).unwrap()
}

fn template(name: &str) -> ChatTemplate {
    let source = std::fs::read_to_string(goldens().join(format!("{name}.jinja"))).unwrap();
    let settings = json!({"bos_token": "<s>", "eos_token": {"content": "</s>"}});
    ChatTemplate::from_settings(&settings, &Some(source)).unwrap().unwrap()
}

fn cases() -> Vec<(Vec<ChatMessage>, bool, Map<String, Value>)> {
    let Value::Array(cases) = json("conversations.json") else { panic!("a list") };
    cases
        .into_iter()
        .map(|case| {
            let messages = serde_json::from_value(case["messages"].clone()).unwrap();
            let extra = case.get("extra").and_then(Value::as_object).cloned().unwrap_or_default();
            (messages, case["add_generation_prompt"].as_bool().unwrap(), extra)
        })
        .collect()
}

const TEMPLATES: [&str; 6] = ["chatml", "llama3", "mistral", "qwen25", "qwen3", "smollm2"];

#[test]
fn whole_conversations_are_equal() {
    let expected = json("expected.json");
    for name in TEMPLATES {
        for (number, (messages, prompt, extra)) in cases().iter().enumerate() {
            let text = template(name).render(messages, extra, *prompt).unwrap();
            assert_eq!(Some(text.as_str()), expected[name][number].as_str(), "{name}, conversation {number}");
        }
    }
}

#[test]
fn markup_and_contents_together_are_the_whole() {
    for name in TEMPLATES {
        for (messages, prompt, extra) in cases().iter().filter(|(messages, ..)| messages.len() < 4) {
            let template = template(name);
            let roles: Vec<Role> = messages.iter().map(|message| message.role).collect();
            let text: String = template
                .parts(&roles, extra, *prompt)
                .unwrap()
                .into_iter()
                .map(|part| match part {
                    ChatPart::Markup(text) => text,
                    ChatPart::Content { message, trimmed: true } => {
                        messages[message].content.trim().to_owned()
                    }
                    ChatPart::Content { message, trimmed: false } => messages[message].content.clone(),
                })
                .collect();
            assert_eq!(text, template.render(messages, extra, *prompt).unwrap(), "{name}");
        }
    }
}

#[test]
fn refusals_and_mistakes_are_named() {
    let message = |role, content: &str| ChatMessage { role, content: content.to_owned() };
    let twice = [message(Role::User, "a"), message(Role::User, "b")];
    let refused = template("mistral").render(&twice, &Map::new(), true).unwrap_err();
    let broken = ChatTemplate::new("{% for m in messages %}", Map::new()).unwrap_err();
    let deaf = ChatTemplate::new("hello", Map::new()).unwrap();
    let lost = deaf.parts(&[Role::User], &Map::new(), true).unwrap_err();
    insta::assert_snapshot!([refused, broken, lost].map(|error| error.to_string()).join("\n"));
}

#[test]
fn json_is_written_as_python_writes_it() {
    let source = "{{ x | tojson }}|{{ x | tojson(indent=2) }}";
    let template = ChatTemplate::new(source, Map::new()).unwrap();
    let extra = json!({"x": {"b": [1, 2.5, true, null], "a": "<é'\">", "c": {}}});
    let text = template.render(&[], extra.as_object().unwrap(), false).unwrap();
    let short = r#"{"b": [1, 2.5, true, null], "a": "<é'\">", "c": {}}"#;
    let long =
        "{\n  \"b\": [\n    1,\n    2.5,\n    true,\n    null\n  ],\n  \"a\": \"<é'\\\">\",\n  \"c\": {}\n}";
    assert_eq!(text, format!("{short}|{long}"));
}
