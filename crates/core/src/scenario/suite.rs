//! Suites: scenarios, policies and seeds, each combined with each. What a leaderboard is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::PolicyRef;
use super::resolved::{Arm, PolicySpec, Scenario};

/// A suite of Habitué: every policy lives in every scenario with every seed, and a leaderboard says how they compare.
///
/// Relative paths start from the folder of the file that names them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Habitué suite")]
pub struct SuiteFile {
    /// Name of the leaderboard's folder: a letter (a to z, A to Z) or digit, then letters, digits, `-`, `_` and `.`, at
    /// most 64 in all. If absent, the file's name with `-` for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub name: Option<String>,
    /// Seeds, before those of the scenarios; intervals need at least two.
    #[schemars(length(min = 1, max = 1000))]
    pub seeds: Vec<u64>,
    /// What policies are ranked by; the first decides the order.
    #[serde(default = "SuiteMetric::default_list")]
    #[schemars(length(min = 1))]
    pub metrics: Vec<SuiteMetric>,
    /// Where policies live: one `[[scenario]]` each, 1 to 1,000.
    #[schemars(length(min = 1, max = 1000))]
    pub scenario: Vec<SuiteScenarioFile>,
    /// The policies under comparison: one `[[policy]]` each, 1 to 1,000.
    #[schemars(length(min = 1, max = 1000))]
    pub policy: Vec<SuitePolicyFile>,
}

/// A scenario of a suite. Its arms give way to the policies of the suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuiteScenarioFile {
    /// Its name in the leaderboard, formed as that of the suite and not used by another scenario; that of the scenario if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub name: Option<String>,
    /// Path of the scenario file.
    #[schemars(length(min = 1))]
    pub file: String,
    /// Folder of the data set, instead of the scenario's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub data: Option<String>,
    /// Values of the scenario to be set, as `habitue run --set` takes them: `population.0.size=200`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
}

/// A policy of a suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuitePolicyFile {
    /// Its name, formed as that of the suite and not used by another policy.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// What chooses the slates.
    pub policy: PolicyRef,
}

/// What policies can be ranked by: figures of a run's summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuiteMetric {
    /// Reward of turns and returns per user.
    RewardPerUser,
    /// Sessions per user.
    SessionsPerUser,
    /// Turns per session.
    TurnsPerSession,
    /// Share of the items shown that were engaged with.
    Engagement,
    /// Share of users who came back on the first day after that of their first arrival.
    #[serde(rename = "retention_day_1")]
    RetentionDay1,
    /// Share of users who came back on the seventh day after that of their first arrival.
    #[serde(rename = "retention_day_7")]
    RetentionDay7,
    /// Share of users who decided never to come back; less is better.
    Churned,
}

impl SuiteMetric {
    /// What is ranked by where nothing else is said.
    pub(super) fn default_list() -> Vec<Self> {
        vec![Self::RewardPerUser]
    }

    /// Its name in suite files and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RewardPerUser => "reward_per_user",
            Self::SessionsPerUser => "sessions_per_user",
            Self::TurnsPerSession => "turns_per_session",
            Self::Engagement => "engagement",
            Self::RetentionDay1 => "retention_day_1",
            Self::RetentionDay7 => "retention_day_7",
            Self::Churned => "churned",
        }
    }

    /// Whether more is better.
    pub const fn more_is_better(self) -> bool {
        !matches!(self, Self::Churned)
    }

    /// Whether its values are shares from 0 to 1.
    pub const fn is_share(self) -> bool {
        matches!(self, Self::Engagement | Self::RetentionDay1 | Self::RetentionDay7 | Self::Churned)
    }
}

/// A suite, ready to be played: scenarios resolved, policies read, everything checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Name of its folder.
    pub name: String,
    /// The file as it was typed.
    pub text: String,
    /// The scenarios with their names; at least one. Their own arms and seeds do not count.
    pub scenarios: Vec<(String, Scenario)>,
    /// The policies with their names; at least one.
    pub policies: Vec<(String, PolicySpec)>,
    /// The seeds, each of them once; at least one.
    pub seeds: Vec<u64>,
    /// What is ranked by, each of them once; at least one.
    pub metrics: Vec<SuiteMetric>,
}

impl Suite {
    /// The run of a policy in a scenario, both by their position, with a seed: one arm that bears the policy's name.
    /// `None` if there is no such position.
    pub fn run(&self, scenario: usize, policy: usize, seed: u64) -> Option<Scenario> {
        let (place, scenario) = self.scenarios.get(scenario)?;
        let (name, policy) = self.policies.get(policy)?;
        Some(Scenario {
            name: format!("{place}_{name}_seed{seed}"),
            seed,
            arms: vec![Arm { name: name.clone(), policy: policy.clone(), share: 1.0 }],
            ..scenario.clone()
        })
    }
}
