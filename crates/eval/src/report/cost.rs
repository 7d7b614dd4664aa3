//! What a run cost.

use std::collections::BTreeMap;

use habitue_core::Decider;
use habitue_store::RunReader;
use serde::Serialize;
use serde_json::Value;

use super::error::ReportError;

/// What a run cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Cost {
    /// Turns decided, by who decided; those who decided nothing are left out.
    pub decisions: Vec<(&'static str, u64)>,
    /// Decision programs that language models ran, by name.
    pub programs: Vec<ProgramCost>,
    /// What the manifest says of every population's model.
    pub models: Vec<ModelCost>,
    /// Real time, in seconds, as the manifest has it.
    pub wall_seconds: Option<f64>,
}

/// Runs of a decision program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ProgramCost {
    /// The program.
    pub program: String,
    /// How often it ran.
    pub runs: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub generated_tokens: u64,
}

/// A population's model, as the manifest accounts for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelCost {
    /// The population.
    pub population: String,
    /// What is known of its model, in order of the names.
    pub facts: Vec<(String, String)>,
}

impl Cost {
    /// Reads the programs and the manifest; `decisions` are counted from the turns.
    pub(super) fn read(run: &RunReader, decisions: [u64; Decider::NAMES.len()]) -> Result<Self, ReportError> {
        let mut programs: BTreeMap<String, ProgramCost> = BTreeMap::new();
        for call in run.llm_calls() {
            let trace = call?.trace;
            if !programs.contains_key(&trace.program) {
                let program = ProgramCost { program: trace.program.clone(), ..ProgramCost::default() };
                programs.insert(trace.program.clone(), program);
            }
            if let Some(program) = programs.get_mut(&trace.program) {
                program.runs += 1;
                program.prompt_tokens += trace.prompt_tokens;
                program.generated_tokens += trace.generated_tokens;
            }
        }
        let models = run.manifest().and_then(|manifest| manifest.details.get("models"));
        let models = models.and_then(Value::as_object).into_iter().flatten();
        let mut models: Vec<ModelCost> = models
            .map(|(population, account)| ModelCost { population: population.clone(), facts: facts(account) })
            .collect();
        models.sort_by(|one, other| one.population.cmp(&other.population));
        Ok(Self {
            decisions: Decider::NAMES.into_iter().zip(decisions).filter(|(_, count)| *count > 0).collect(),
            programs: programs.into_values().collect(),
            models,
            wall_seconds: run.manifest().map(|manifest| manifest.wall_seconds),
        })
    }
}

/// The entries of an object in order of their names.
fn facts(account: &Value) -> Vec<(String, String)> {
    let entries = account.as_object().into_iter().flatten();
    let mut facts: Vec<(String, String)> =
        entries.map(|(name, value)| (name.clone(), plain(value))).collect();
    facts.sort();
    facts
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "-".to_owned(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(_) => {
            facts(value).iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
        }
        number @ Value::Number(_) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_in_order_whatever_the_file_says() {
        let account: Value =
            serde_json::from_str(r#"{"b": {"z": 1, "a": true}, "a": ["x", 2], "c": null}"#).unwrap();
        let facts = facts(&account);
        let facts: Vec<_> = facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(facts, ["a=x, 2", "b=a yes, z 1", "c=-"]);
    }
}
