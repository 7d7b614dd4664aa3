//! Promise: whatever is typed, a scenario is resolved or refused, and what is refused can be shown.
//!
//! `PROPTEST_CASES=100000 cargo nextest run -p habitue-core --test scenario_fuzz` looks for longer.

use std::path::Path;

use habitue_core::scenario::{MemorySources, Problems, Scenario, Typed, resolve};
use proptest::prelude::*;

const SCENARIO: &str = include_str!("scenario_fuzz/scenario.toml");
const POLICY: &str =
    "kind = \"popularity\"\nhalf_life = \"7d\"\n[explore]\nkind = \"epsilon\"\nepsilon = 0.1\n";
const PERSONAS: &str = "[[persona]]\nkey = \"a\"\ninterests = { music = 1 }\n";

/// What tends to break things that read text.
const POISON: [&str; 40] = [
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "#",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{feff}",
    "é",
    "𝕏",
    "0",
    "-1",
    "1e999",
    "nan",
    "-inf",
    "99999999999999999999",
    "0x7fffffffffffffff",
    "1979-05-27",
    "true",
    "\"\"",
    "\"0s\"",
    "\"584942417355y\"",
    "\"1ns\"",
    "[]",
    "{}",
    "[[arm]]",
    "kind",
    "x.y.z = 1",
    "\\u0000",
    "never",
];

/// One change of a text.
#[derive(Debug, Clone)]
enum Change {
    Delete(usize, usize),
    Repeat(usize, usize),
    Insert(usize, &'static str),
    Byte(usize, u8),
    Swap(usize, usize),
    Replace(usize, &'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let at = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    let poison = || prop::sample::select(&POISON[..]);
    prop_oneof![
        (at(), 1..40_usize).prop_map(|(at, length)| Change::Delete(at, length)),
        (at(), 1..200_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        (at(), poison()).prop_map(|(at, text)| Change::Insert(at, text)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (at(), at()).prop_map(|(one, other)| Change::Swap(one, other)),
        (at(), poison()).prop_map(|(at, text)| Change::Replace(at, text)),
    ]
}

/// Values of every type and many sizes, all valid TOML.
const VALUES: [&str; 30] = [
    "0",
    "1",
    "-1",
    "3",
    "1000000",
    "9223372036854775807",
    "99999999999999999999",
    "0.0",
    "-0.5",
    "1e-300",
    "1e300",
    "inf",
    "nan",
    "true",
    "\"\"",
    "\"x\"",
    "\"0s\"",
    "\"1ms\"",
    "\"9999y\"",
    "\"never\"",
    "\"turn\"",
    "\"skip\"",
    "\"policy.toml\"",
    "\"personas.toml\"",
    "[]",
    "[1, \"x\"]",
    "{}",
    "{ kind = \"random\" }",
    "{ kind = 1, x.y = [{}] }",
    "1979-05-27",
];

/// One change of a text that leaves most of it valid TOML: lines, and values of keys.
#[derive(Debug, Clone)]
enum LineChange {
    Delete(usize),
    Copy(usize, usize),
    Swap(usize, usize),
    Value(usize, &'static str),
}

fn line_change() -> impl Strategy<Value = LineChange> {
    let at = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    prop_oneof![
        1 => at().prop_map(LineChange::Delete),
        1 => (at(), at()).prop_map(|(one, other)| LineChange::Copy(one, other)),
        1 => (at(), at()).prop_map(|(one, other)| LineChange::Swap(one, other)),
        3 => (at(), prop::sample::select(&VALUES[..])).prop_map(|(at, value)| LineChange::Value(at, value)),
    ]
}

fn with_other_lines(text: &str, changes: &[LineChange]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for change in changes {
        let count = lines.len().max(1);
        match *change {
            LineChange::Delete(at) if !lines.is_empty() => drop(lines.remove(at % count)),
            LineChange::Copy(one, other) if !lines.is_empty() => {
                let line = lines[one % count].clone();
                lines.insert(other % count, line);
            }
            LineChange::Swap(one, other) if !lines.is_empty() => lines.swap(one % count, other % count),
            LineChange::Value(at, value) => {
                let keyed: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains(" = ")).collect();
                // The first value of the line, or the last one: inside an inline table.
                let Some(line) = keyed.get(at % keyed.len().max(1)) else { continue };
                let line = &mut lines[*line];
                let start = if at % 2 == 0 { line.find(" = ") } else { line.rfind(" = ") }.unwrap_or(0) + 3;
                let inside = line[..start].contains('{');
                let end = if inside {
                    line[start..].find([',', ' ']).map_or(line.len(), |end| start + end)
                } else {
                    line.len()
                };
                line.replace_range(start..end, value);
            }
            _ => {}
        }
    }
    lines.join("\n")
}

/// Pieces of a text: words, and what stands between them.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let word = |character: char| character.is_alphanumeric() || "_-".contains(character);
    for character in text.chars() {
        match tokens.last_mut() {
            Some(last) if word(character) && last.chars().all(word) => last.push(character),
            _ => tokens.push(character.to_string()),
        }
    }
    tokens
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut text = text.to_owned();
    for change in changes {
        let mut bytes = text.clone().into_bytes();
        let length = bytes.len().max(1);
        match *change {
            Change::Delete(at, count) => {
                let at = at % length;
                bytes.drain(at.min(bytes.len())..(at + count).min(bytes.len()));
            }
            Change::Repeat(at, count) => {
                let at = (at % length).min(bytes.len());
                let piece = bytes[at..(at + count).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            Change::Insert(at, piece) => drop(
                bytes.splice((at % length).min(text.len())..(at % length).min(text.len()), piece.bytes()),
            ),
            Change::Byte(at, byte) => {
                if let Some(place) = bytes.get_mut(at % length) {
                    *place = byte;
                }
            }
            Change::Swap(one, other) => {
                let mut tokens = tokens(&text);
                let count = tokens.len().max(1);
                if !tokens.is_empty() {
                    tokens.swap(one % count, other % count);
                }
                bytes = tokens.concat().into_bytes();
            }
            Change::Replace(at, piece) => {
                let mut tokens = tokens(&text);
                let count = tokens.len().max(1);
                if let Some(token) = tokens.get_mut(at % count) {
                    piece.clone_into(token);
                }
                bytes = tokens.concat().into_bytes();
            }
        }
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    text
}

fn resolved(scenario: &str, policy: &str, personas: &str, sets: &[String]) -> Result<Scenario, Problems> {
    let sources = MemorySources::new()
        .with("/runs/s.toml", scenario)
        .with("/runs/items.jsonl", "")
        .with("/runs/policy.toml", policy)
        .with("/runs/personas.toml", personas);
    resolve(&Typed { file: Path::new("runs/s.toml"), sets, seed: None, data: None }, &sources)
}

/// What holds of every answer.
fn holds(answer: Result<Scenario, Problems>) {
    match answer {
        Ok(scenario) => {
            let json = serde_json::to_string(&scenario).expect("a scenario is JSON");
            assert_eq!(serde_json::from_str::<Scenario>(&json).expect("JSON is a scenario"), scenario);
            assert!((scenario.arms.iter().map(|arm| arm.share).sum::<f64>() - 1.0).abs() < 1e-5);
            assert!(scenario.interventions.iter().all(|intervention| intervention.at.0 < scenario.horizon.0));
            assert_eq!(scenario.reward.actions.len(), scenario.slate.scale.len());
        }
        Err(problems) => {
            assert!(!problems.problems.is_empty());
            for problem in &problems.problems {
                let text = &problems.texts[problem.text];
                assert!(text.content.get(problem.span.clone()).is_some(), "{problem:?}");
                assert_eq!(problem.line > 0, text.is_file);
                assert!(problem.line <= text.content.lines().count() + 1, "{problem:?}");
                assert!(!problem.message.is_empty());
            }
            assert!(!problems.render().is_empty());
        }
    }
}

#[test]
fn the_scenario_that_is_changed_is_accepted() {
    let answer = resolved(SCENARIO, POLICY, PERSONAS, &[]);
    assert!(answer.is_ok(), "{}", answer.unwrap_err());
    holds(answer);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}", set in "\\PC{0,40}") {
        holds(resolved(&text, POLICY, PERSONAS, &[]));
        holds(resolved(SCENARIO, &text, &text, &[set]));
    }

    #[test]
    fn any_change_of_a_scenario_is_answered(changes in prop::collection::vec(change(), 1..8)) {
        holds(resolved(&changed(SCENARIO, &changes), POLICY, PERSONAS, &[]));
    }

    #[test]
    fn any_other_lines_and_values_are_answered(changes in prop::collection::vec(line_change(), 1..5)) {
        holds(resolved(&with_other_lines(SCENARIO, &changes), POLICY, PERSONAS, &[]));
    }

    #[test]
    fn any_change_of_the_files_it_names_is_answered(
        policy in prop::collection::vec(change(), 0..4),
        personas in prop::collection::vec(change(), 0..4),
    ) {
        holds(resolved(SCENARIO, &changed(POLICY, &policy), &changed(PERSONAS, &personas), &[]));
    }

    #[test]
    fn any_value_on_the_command_line_is_answered(
        keys in prop::collection::vec(prop::sample::select(&[
            "slate", "size", "arm", "0", "1", "policy", "kind", "population", "personas", "name", "share", "reward", "like",
            "intervention", "3", "at", "items", "catalogue", "generate", "social", "graph", "x", "", "window", "seed",
        ][..]), 0..5),
        value in prop::sample::select(&POISON[..]),
    ) {
        holds(resolved(SCENARIO, POLICY, PERSONAS, &[format!("{}={value}", keys.join("."))]));
    }
}

#[test]
fn deep_nesting_is_refused() {
    let keys = vec!["a"; 79].join(".");
    let mut dotted = "1".to_owned();
    for _ in 0..70 {
        dotted = format!("{{ {keys} = {dotted} }}");
    }
    let brackets = format!("x = {}{}", "[".repeat(10_000), "]".repeat(10_000));
    for text in [format!("x = {dotted}"), brackets, format!("{} = 1", vec!["a"; 100_000].join("."))] {
        holds(resolved(&text, POLICY, PERSONAS, &[]));
        assert!(resolved(&text, POLICY, PERSONAS, &[]).is_err());
    }
}

#[test]
fn long_lines_are_shown_in_part() {
    let long = format!("{}seed = -1 # {}", "\n".repeat(3), "x".repeat(200_000));
    let shown = resolved(&long, POLICY, PERSONAS, &[]).unwrap_err().render();
    assert!(shown.len() < 5_000, "{}", shown.len());
    let far = format!("log = {{ enabled = true, {}rows_per_file = 0 }}", " ".repeat(70_000));
    let shown = resolved(&far, POLICY, PERSONAS, &[]).unwrap_err().render();
    assert!(shown.contains("… ") && shown.contains("rows_per_file = 0 }"), "{shown}");
}
