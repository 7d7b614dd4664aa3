//! Specification from which personas are drawn.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FieldProblem;

/// A distribution of personas. Every key has a default, so an empty table describes an average population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonaSpec {
    /// Number of categories a user likes, at least 1; no more than there are to choose from.
    pub interests: Count,
    /// Number of categories a user dislikes; no more than are left.
    pub dislikes: Count,
    /// How likely each category is to be liked, by name; weights of 0 or more, categories not named have 0. Empty makes
    /// all categories of the catalogue equally likely. A user's categories are drawn one after the other, without
    /// repetition, in proportion to these weights.
    pub categories: BTreeMap<String, f64>,
    /// How evenly a user's interest is spread over the categories liked: parameter of a symmetric Dirichlet distribution,
    /// above 0, at most 1,000. Small values make one favourite, large values make all equal.
    #[schemars(range(max = 1000), extend("exclusiveMinimum" = 0))]
    pub concentration: f64,
    /// Habits.
    pub habits: HabitsSpec,
    /// Ages.
    pub age: AgeSpec,
    /// Genders and how likely each is; weights of 0 or more. Empty leaves the gender empty.
    pub genders: BTreeMap<String, f64>,
    /// Names, drawn with repetition. Empty leaves names empty.
    pub names: Vec<String>,
    /// Occupations, drawn with repetition. Empty leaves occupations empty.
    pub occupations: Vec<String>,
    /// Character traits to choose from.
    pub traits: Vec<String>,
    /// Number of traits of a user; no more than there are to choose from.
    pub traits_per_user: Count,
}

impl Default for PersonaSpec {
    fn default() -> Self {
        Self {
            interests: Count { min: 2, max: 4 },
            dislikes: Count { min: 0, max: 2 },
            categories: BTreeMap::new(),
            concentration: 2.0,
            habits: HabitsSpec::default(),
            age: AgeSpec::default(),
            genders: BTreeMap::new(),
            names: Vec::new(),
            occupations: Vec::new(),
            traits: Vec::new(),
            traits_per_user: Count { min: 1, max: 3 },
        }
    }
}

/// Smallest and largest number of something; all numbers between are equally likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Smallest.
    pub min: u32,
    /// Largest, at least `min`.
    pub max: u32,
}

/// Habits, each Beta-distributed between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HabitsSpec {
    /// How often the user comes.
    pub activity: BetaSpec,
    /// How long the user stays with slates that do not please.
    pub patience: BetaSpec,
    /// How much the user wants variety.
    pub diversity: BetaSpec,
    /// How much the opinion of others counts.
    pub conformity: BetaSpec,
}

/// A Beta distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BetaSpec {
    /// Mean, between 0 and 1, both exclusive.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub mean: f64,
    /// Sum of both parameters (alpha + beta), above 0, at most 1,000,000: larger is narrower.
    #[schemars(range(max = 1_000_000), extend("exclusiveMinimum" = 0))]
    pub concentration: f64,
}

impl Default for BetaSpec {
    fn default() -> Self {
        Self { mean: 0.5, concentration: 6.0 }
    }
}

/// Ages in years: a normal distribution cut at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgeSpec {
    /// Mean before the cut, from `min` to `max`.
    pub mean: f64,
    /// Standard deviation before the cut, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub spread: f64,
    /// Youngest.
    pub min: u8,
    /// Oldest, at least `min`, at most 120.
    #[schemars(range(max = 120))]
    pub max: u8,
}

impl Default for AgeSpec {
    fn default() -> Self {
        Self { mean: 34.0, spread: 12.0, min: 16, max: 80 }
    }
}

impl PersonaSpec {
    /// Checks ranges. Whether the catalogue has the categories named is checked when personas are drawn.
    ///
    /// # Errors
    /// The first field outside its range, as a dotted path below this table.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if self.interests.min == 0 {
            return Err(FieldProblem::new("interests.min", 0, "at least 1: a user likes something"));
        }
        self.interests.check("interests")?;
        self.dislikes.check("dislikes")?;
        self.traits_per_user.check("traits_per_user")?;
        weights("categories", &self.categories)?;
        weights("genders", &self.genders)?;
        above_zero("concentration", self.concentration, 1000.0)?;
        let HabitsSpec { activity, patience, diversity, conformity } = self.habits;
        for (habit, beta) in [
            ("activity", activity),
            ("patience", patience),
            ("diversity", diversity),
            ("conformity", conformity),
        ] {
            if !(beta.mean > 0.0 && beta.mean < 1.0) {
                let field = format!("habits.{habit}.mean");
                return Err(FieldProblem::new(field, beta.mean, "a number between 0 and 1, both exclusive"));
            }
            above_zero(&format!("habits.{habit}.concentration"), beta.concentration, 1e6)?;
        }
        self.age.check()?;
        for (list, entries) in
            [("names", &self.names), ("occupations", &self.occupations), ("traits", &self.traits)]
        {
            if let Some(position) = entries.iter().position(String::is_empty) {
                return Err(FieldProblem::new(format!("{list}.{position}"), "", "a text that is not empty"));
            }
        }
        Ok(())
    }
}

impl AgeSpec {
    fn check(&self) -> Result<(), FieldProblem> {
        if self.max > 120 {
            return Err(FieldProblem::new("age.max", self.max, "at most 120 years"));
        }
        if self.min > self.max {
            return Err(FieldProblem::new("age.min", self.min, format!("at most {}, \"max\"", self.max)));
        }
        if !(f64::from(self.min)..=f64::from(self.max)).contains(&self.mean) {
            let expected = format!("a number from {} to {}, \"min\" and \"max\"", self.min, self.max);
            return Err(FieldProblem::new("age.mean", self.mean, expected));
        }
        if !(0.0..=100.0).contains(&self.spread) {
            return Err(FieldProblem::new("age.spread", self.spread, "a number from 0 to 100"));
        }
        Ok(())
    }
}

impl Count {
    fn check(self, table: &str) -> Result<(), FieldProblem> {
        if self.min <= self.max {
            return Ok(());
        }
        let expected = format!("at most {}, \"max\"", self.max);
        Err(FieldProblem::new(format!("{table}.min"), self.min, expected))
    }
}

fn weights(table: &str, weights: &BTreeMap<String, f64>) -> Result<(), FieldProblem> {
    for (name, weight) in weights {
        if !(0.0..=1e6).contains(weight) {
            return Err(FieldProblem::new(format!("{table}.{name}"), weight, "a number from 0 to 1000000"));
        }
    }
    if !weights.is_empty() && weights.values().all(|weight| *weight == 0.0) {
        return Err(FieldProblem::new(table, "only weights of 0", "at least one weight above 0"));
    }
    Ok(())
}

fn above_zero(field: &str, value: f64, most: f64) -> Result<(), FieldProblem> {
    if value > 0.0 && value <= most {
        return Ok(());
    }
    Err(FieldProblem::new(field, value, format!("a number above 0, at most {most}")))
}

#[cfg(test)]
mod tests;
