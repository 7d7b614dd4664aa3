//! When a user leaves, and when the user is back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{FieldProblem, Span};
use super::{positive, share, weight, within};
use crate::time::SimDuration;

/// When the user ends the session: after every turn with probability logistic(`base` - `satisfaction` (2s - 1) +
/// `fatigue` f + `boredom` b - `patience` (2p - 1)), with s, f, b the mindset and p the persona's patience, all 0 to 1. A
/// slate without items ends it surely. A logistic discrete-time hazard takes the place of the fixed or deterministic
/// exits of earlier simulators (`KuaiSim`'s temper, SUBER's constant rate).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeaveConfig {
    /// Log-odds of leaving of an indifferent, rested user of average patience, -50 to 50.
    #[schemars(range(min = -50, max = 50))]
    pub base: f64,
    /// Log-odds between an indifferent and a wholly dissatisfied user, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub satisfaction: f64,
    /// Log-odds between a rested and an exhausted user, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub fatigue: f64,
    /// Log-odds between a user who is not bored and one who is, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub boredom: f64,
    /// Log-odds between a user of average patience and one without any, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub patience: f64,
}

impl Default for LeaveConfig {
    fn default() -> Self {
        Self { base: -2.8, satisfaction: 1.0, fatigue: 1.5, boredom: 0.5, patience: 1.0 }
    }
}

impl LeaveConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        within("base", self.base, -50.0, 50.0)?;
        weight("satisfaction", self.satisfaction)?;
        weight("fatigue", self.fatigue)?;
        weight("boredom", self.boredom)?;
        weight("patience", self.patience)
    }
}

/// When a user comes back who has not churned: a proportional hazard (Cox 1972; for return times Kapoor et al. 2014) with
/// a base rate that is constant within each hour of the day.
///
/// The rate per day in hour h is `visits_per_day` w(h) exp(`satisfaction` (2s - 1) + `activity` (2a - 1) - `boredom` b),
/// with w the hour's weight divided by the mean weight, s and b satisfaction and boredom on leaving and a the persona's
/// activity. The geometric return day of `KuaiSim` is the same law with equal hours, counted in whole days. The gap is
/// drawn exactly, by inversion of the cumulative rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReturnConfig {
    /// Visits a day of an indifferent user of average activity, above 0, at most 1,000.
    #[schemars(range(max = 1000), extend("exclusiveMinimum" = 0))]
    pub visits_per_day: f64,
    /// Logarithm of the rate's ratio between a wholly satisfied and an indifferent user, 0 to 10.
    #[schemars(range(min = 0, max = 10))]
    pub satisfaction: f64,
    /// Logarithm of the rate's ratio between the most active and an average user, 0 to 10.
    #[schemars(range(min = 0, max = 10))]
    pub activity: f64,
    /// Logarithm of the rate's ratio between a user who is not bored and one who is, 0 to 10.
    #[schemars(range(min = 0, max = 10))]
    pub boredom: f64,
    /// Weight of each hour of the day, from 0:00; 0 or more, not all 0. The default has its low before dawn and its
    /// peak in the evening.
    pub hours: [f64; 24],
    /// A user whose gap would be longer never comes back, an hour to 10,000 days.
    pub longest: Span,
}

impl Default for ReturnConfig {
    fn default() -> Self {
        Self {
            visits_per_day: 1.1,
            satisfaction: 1.0,
            activity: 1.0,
            boredom: 0.5,
            hours: [
                0.7, 0.4, 0.25, 0.15, 0.1, 0.15, 0.35, 0.7, 0.9, 0.9, 0.9, 1.0, 1.3, 1.2, 1.0, 1.0, 1.1, 1.3,
                1.5, 1.7, 1.9, 2.0, 1.8, 1.2,
            ],
            longest: Span(SimDuration::from_days(90.0)),
        }
    }
}

impl ReturnConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        positive("visits_per_day", self.visits_per_day, 1000.0)?;
        within("satisfaction", self.satisfaction, 0.0, 10.0)?;
        within("activity", self.activity, 0.0, 10.0)?;
        within("boredom", self.boredom, 0.0, 10.0)?;
        for (hour, weight) in self.hours.iter().enumerate() {
            within(&format!("hours.{hour}"), *weight, 0.0, 1e6)?;
        }
        if self.hours.iter().sum::<f64>() < 1e-6 {
            return Err(FieldProblem::new("hours", "24 times 0", "at least one hour with a weight above 0"));
        }
        duration("longest", self.longest)
    }
}

/// Whether a user who leaves decides never to come back: with probability logistic(`base` - `satisfaction` (2s - 1) -
/// `trust` (2t - 1)), s and t satisfaction and trust on leaving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChurnConfig {
    /// Log-odds of an indifferent user, -50 to 50.
    #[schemars(range(min = -50, max = 50))]
    pub base: f64,
    /// Log-odds between an indifferent and a wholly dissatisfied user, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub satisfaction: f64,
    /// Log-odds between a user of middling trust and one without any, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub trust: f64,
}

impl Default for ChurnConfig {
    fn default() -> Self {
        Self { base: -3.5, satisfaction: 2.0, trust: 1.0 }
    }
}

impl ChurnConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        within("base", self.base, -50.0, 50.0)?;
        weight("satisfaction", self.satisfaction)?;
        weight("trust", self.trust)
    }
}

/// In which state the user arrives: rested after time away, in a mood, perhaps in need of something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ArrivalConfig {
    /// Users first arrive within this time of their admission, by the return law of an indifferent user; an hour to
    /// 10,000 days.
    pub first_within: Span,
    /// Time away in which fatigue halves, above 0, at most 10,000 days.
    pub fatigue_half_life: Span,
    /// Time away in which boredom halves, above 0, at most 10,000 days.
    pub boredom_half_life: Span,
    /// Time away in which a mood that is not neutral comes halfway back, above 0, at most 10,000 days.
    pub mood_half_life: Span,
    /// Standard deviation of what else changes the mood between visits, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub mood_spread: f64,
    /// Probability that a user who needs nothing in particular arrives with a need, drawn from the interests; 0 to 1.
    /// A need lasts until an item of its category is engaged with.
    #[schemars(range(min = 0, max = 1))]
    pub need: f64,
}

impl Default for ArrivalConfig {
    fn default() -> Self {
        Self {
            first_within: Span(SimDuration::from_days(2.0)),
            fatigue_half_life: Span(SimDuration::from_seconds(3.0 * 3600.0)),
            boredom_half_life: Span(SimDuration::from_days(1.0)),
            mood_half_life: Span(SimDuration::from_days(1.0)),
            mood_spread: 0.1,
            need: 0.2,
        }
    }
}

impl ArrivalConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        duration("first_within", self.first_within)?;
        for (field, half_life) in [
            ("fatigue_half_life", self.fatigue_half_life),
            ("boredom_half_life", self.boredom_half_life),
            ("mood_half_life", self.mood_half_life),
        ] {
            if half_life.0.0 <= 0 || half_life.0.days() > 10_000.0 {
                return Err(FieldProblem::new(
                    field,
                    half_life.0,
                    "a duration above 0, at most 10,000 days, such as \"3h\"",
                ));
            }
        }
        share("mood_spread", self.mood_spread)?;
        share("need", self.need)
    }
}

/// A duration from an hour to 10,000 days.
fn duration(field: &str, span: Span) -> Result<(), FieldProblem> {
    if (1.0 / 24.0..=10_000.0).contains(&span.0.days()) {
        return Ok(());
    }
    Err(FieldProblem::new(field, span.0, "a duration from \"1h\" to \"10000d\""))
}
