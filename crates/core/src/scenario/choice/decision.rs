//! What a user does with an item looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{positive, weight, within};

/// Which action the user takes: a multinomial logit (`McFadden` 1974) over the whole scale.
///
/// With x the affinity and z the steps above `skip` in units of the steps to the least engaged action (so an engaged
/// action has z = 1 or more on any scale), the utility of a positive action is `slope` x z - `cost` z - `curvature` z^2;
/// that of an action n steps below `skip` is -`negative_slope` x n - `negative_cost` n; that of `skip` is 0. It is the
/// adjacent-categories logit for ordered responses (Goodman 1983): the stronger an action, the more affinity it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ActionConfig {
    /// Log-odds per unit of affinity and z, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub slope: f64,
    /// Log-odds an action costs per z, 0 to 100. `cost` + `curvature` = 2.2 makes one in ten engage at affinity 0.
    #[schemars(range(min = 0, max = 100))]
    pub cost: f64,
    /// Log-odds an action costs per z squared, 0 to 100: makes strong actions rare.
    #[schemars(range(min = 0, max = 100))]
    pub curvature: f64,
    /// Log-odds of negative feedback per unit of negative affinity and step, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub negative_slope: f64,
    /// Log-odds that each step of negative feedback costs, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub negative_cost: f64,
}

impl Default for ActionConfig {
    fn default() -> Self {
        Self { slope: 2.2, cost: 1.7, curvature: 0.5, negative_slope: 2.2, negative_cost: 4.0 }
    }
}

impl ActionConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        weight("slope", self.slope)?;
        weight("cost", self.cost)?;
        weight("curvature", self.curvature)?;
        weight("negative_slope", self.negative_slope)?;
        weight("negative_cost", self.negative_cost)
    }
}

/// How long the user stays with an item looked at: log-normal (Yin et al. 2013), around a share of the item's length
/// that grows with the action and the affinity (the watch ratio of short-video logs), or around a glance for what is
/// skipped or disliked.
///
/// The median is L `watch_ratio` exp(`level` (z - 1) + `affinity` x) seconds with L the item's length, and z and x as for
/// actions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DwellConfig {
    /// Median seconds spent on an item that is skipped or disliked, above 0, at most a day.
    #[schemars(range(max = 86400), extend("exclusiveMinimum" = 0))]
    pub glance_seconds: f64,
    /// Length in seconds of an item for which the catalogue gives none, above 0, at most a day.
    #[schemars(range(max = 86400), extend("exclusiveMinimum" = 0))]
    pub reading_seconds: f64,
    /// Median share of the length spent on an item at the least engaged action and affinity 0, above 0, at most 100.
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub watch_ratio: f64,
    /// Growth of the logarithm per z, 0 to 10.
    #[schemars(range(min = 0, max = 10))]
    pub level: f64,
    /// Growth of the logarithm per unit of affinity, 0 to 10.
    #[schemars(range(min = 0, max = 10))]
    pub affinity: f64,
    /// Standard deviation of the logarithm, 0 to 10.
    #[schemars(range(min = 0, max = 10))]
    pub spread: f64,
    /// The most time spent on an item, in lengths, above 0, at most 100.
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub cap: f64,
}

impl Default for DwellConfig {
    fn default() -> Self {
        Self {
            glance_seconds: 1.5,
            reading_seconds: 20.0,
            watch_ratio: 0.6,
            level: 0.3,
            affinity: 0.3,
            spread: 0.5,
            cap: 2.0,
        }
    }
}

impl DwellConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        positive("glance_seconds", self.glance_seconds, 86_400.0)?;
        positive("reading_seconds", self.reading_seconds, 86_400.0)?;
        positive("watch_ratio", self.watch_ratio, 100.0)?;
        within("level", self.level, 0.0, 10.0)?;
        within("affinity", self.affinity, 0.0, 10.0)?;
        within("spread", self.spread, 0.0, 10.0)?;
        positive("cap", self.cap, 100.0)
    }
}

/// How an item engaged with is rated, where the scenario asks for ratings: an ordered probit (`McCullagh` 1980). Affinity
/// plus quality plus normal noise is cut at four thresholds into 1 to 5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RatingConfig {
    /// Weight of the quality, counted from -1 to 1, on top of its part in the affinity; 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub quality: f64,
    /// Standard deviation of the noise, 0 to 100, in units of affinity.
    #[schemars(range(min = 0, max = 100))]
    pub spread: f64,
    /// Where the latent value passes from 1 to 2, 2 to 3, 3 to 4 and 4 to 5 stars: rising, -100 to 100.
    pub thresholds: [f64; 4],
}

impl Default for RatingConfig {
    fn default() -> Self {
        Self { quality: 0.3, spread: 0.8, thresholds: [-0.8, -0.2, 0.4, 1.2] }
    }
}

impl RatingConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        weight("quality", self.quality)?;
        weight("spread", self.spread)?;
        for (position, threshold) in self.thresholds.iter().enumerate() {
            within(&format!("thresholds.{position}"), *threshold, -100.0, 100.0)?;
            if position > 0 && *threshold < self.thresholds[position - 1] {
                return Err(FieldProblem::new(
                    format!("thresholds.{position}"),
                    threshold,
                    format!("a number of at least {}, the threshold before", self.thresholds[position - 1]),
                ));
            }
        }
        Ok(())
    }
}
