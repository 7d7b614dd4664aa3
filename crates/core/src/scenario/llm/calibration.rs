//! What stands between a model's probabilities and what is drawn.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;

/// Calibration of a model's choices. Language models say yes too often and leave too rarely; the model gives the relative
/// preference, the calibration the base rate. An option of probability p is drawn with probability proportional to
/// exp(ln(p) / `temperature` + `offset` of the option): temperature scaling (Guo et al. 2017) with a bias per option, the
/// diagonal case of matrix scaling there. Without tables: the model as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationConfig {
    /// Of what is done with an item, by the names of the actions.
    pub action: ChoiceCalibration,
    /// Of what is done after a slate, by the names of the moves; the offset of `leave` moves the rate of exits.
    #[serde(rename = "move")]
    pub next: ChoiceCalibration,
    /// Of when the user means to return: "hours", "tomorrow", "this week", "later", "never".
    #[serde(rename = "return")]
    pub returning: ChoiceCalibration,
}

/// Calibration of one kind of choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChoiceCalibration {
    /// Divides the log-probabilities, above 0, at most 100: the higher, the more even the choice.
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub temperature: f64,
    /// Added to the log-probability of an option by its name, -100 to 100; 0 for options that are not named.
    #[schemars(inner(range(min = -100, max = 100)))]
    pub offset: BTreeMap<String, f64>,
}

impl Default for ChoiceCalibration {
    fn default() -> Self {
        Self { temperature: 1.0, offset: BTreeMap::new() }
    }
}

/// When a user means to be back, as calibration and prompt call it.
pub const RETURN_BINS: [&str; 5] = ["hours", "tomorrow", "this week", "later", "never"];

impl CalibrationConfig {
    pub(super) fn check(&self) -> Result<(), FieldProblem> {
        self.action.check().map_err(|problem| problem.below("action"))?;
        self.next.check().map_err(|problem| problem.below("move"))?;
        self.returning.check().map_err(|problem| problem.below("return"))?;
        for (table, options, choice) in
            [("move", &crate::Move::NAMES[..], &self.next), ("return", &RETURN_BINS[..], &self.returning)]
        {
            if let Some(unknown) = choice.offset.keys().find(|name| !options.contains(&name.as_str())) {
                let field = format!("{table}.offset.{unknown}");
                return Err(FieldProblem::new(field, unknown, format!("one of {}", options.join(", "))));
            }
        }
        Ok(())
    }
}

impl ChoiceCalibration {
    /// Whether nothing is changed.
    pub fn is_off(&self) -> bool {
        self.temperature.to_bits() == 1.0_f64.to_bits() && self.offset.values().all(|offset| *offset == 0.0)
    }

    fn check(&self) -> Result<(), FieldProblem> {
        if !(self.temperature > 0.0 && self.temperature <= 100.0) {
            let expected = "a number above 0, at most 100";
            return Err(FieldProblem::new("temperature", self.temperature, expected));
        }
        match self.offset.iter().find(|(_, offset)| !(-100.0..=100.0).contains(*offset)) {
            Some((name, offset)) => {
                Err(FieldProblem::new(format!("offset.{name}"), offset, "a number from -100 to 100"))
            }
            None => Ok(()),
        }
    }
}
