//! How policies compare by a metric.

use habitue_core::scenario::{Suite, SuiteMetric};
use serde::Serialize;

use super::SuiteRun;
use super::figure::Figure;
use crate::summary::ArmSummary;

/// The policies in the order of a metric.
///
/// In every block, a scenario with a seed, policies are ranked from 1, the best; equal values share the mean of their
/// ranks. Ranks and not values are put together over scenarios, because scenarios have scales of their own (Demšar,
/// "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// The metric.
    pub metric: SuiteMetric,
    /// Whether more is better.
    pub more_is_better: bool,
    /// Pairs of scenario and seed.
    pub blocks: u64,
    /// Those of them in which every policy has a value, and which are ranked.
    pub ranked: u64,
    /// The policies, the best mean rank first; of equal ones, and without any rank, in the order of the suite.
    pub standings: Vec<Standing>,
}

/// A policy's place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The policy's name in the suite.
    pub policy: String,
    /// Its kind.
    pub kind: String,
    /// Mean of its ranks; `None` if nothing is ranked.
    pub mean_rank: Option<f64>,
    /// Its values by scenario, as in the suite.
    pub scenarios: Vec<InScenario>,
}

/// A policy's values in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InScenario {
    /// The scenario's name in the suite.
    pub scenario: String,
    /// The mean over seeds.
    pub value: Figure,
    /// The mean over seeds of the difference to the first policy of the standings with the same seed, hence with the same
    /// users and the same draws; `None` for the first itself. Seeds in which one of the two has no value do not count.
    pub to_first: Option<Figure>,
}

impl Ranking {
    /// Ranks the policies of a suite. `runs` are those of the suite in any order; what is missing has no value.
    pub(super) fn new(suite: &Suite, metric: SuiteMetric, runs: &[SuiteRun]) -> Self {
        let value = |scenario: &str, policy: &str, seed: u64| {
            let wanted =
                |run: &&SuiteRun| run.scenario == scenario && run.policy == policy && run.seed == seed;
            runs.iter().find(wanted).and_then(|run| value_of(metric, &run.summary))
        };
        // values[policy][scenario][seed]
        let values: Vec<Vec<Vec<Option<f64>>>> = suite
            .policies
            .iter()
            .map(|(policy, _)| {
                let seeds =
                    |scenario| suite.seeds.iter().map(|seed| value(scenario, policy, *seed)).collect();
                suite.scenarios.iter().map(|(scenario, _)| seeds(scenario)).collect()
            })
            .collect();
        let mut ranks = vec![0.0; values.len()];
        let mut ranked = 0;
        for scenario in 0..suite.scenarios.len() {
            for seed in 0..suite.seeds.len() {
                let block: Option<Vec<f64>> = values.iter().map(|of| of[scenario][seed]).collect();
                let Some(block) = block else { continue };
                ranked += 1;
                let block = ranks_of(&block, metric.more_is_better());
                ranks.iter_mut().zip(block).for_each(|(sum, rank)| *sum += rank);
            }
        }
        let mean_ranks: Vec<Option<f64>> =
            ranks.iter().map(|sum| (ranked > 0).then(|| sum / ranked as f64)).collect();
        let mut order: Vec<usize> = (0..values.len()).collect();
        // Stable, so that equal ones stay in the order of the suite.
        order.sort_by(|one, other| ranks[*one].total_cmp(&ranks[*other]));
        let first = order.first().copied().unwrap_or_default();
        let standing = |policy: usize| Standing {
            policy: suite.policies[policy].0.clone(),
            kind: suite.policies[policy].1.config.kind().to_owned(),
            mean_rank: mean_ranks[policy],
            scenarios: (suite.scenarios.iter().enumerate())
                .map(|(at, (scenario, _))| InScenario {
                    scenario: scenario.clone(),
                    value: Figure::of(&values[policy][at].iter().flatten().copied().collect::<Vec<_>>()),
                    to_first: (policy != first)
                        .then(|| Figure::of(&differences(&values[policy][at], &values[first][at]))),
                })
                .collect(),
        };
        Self {
            metric,
            more_is_better: metric.more_is_better(),
            blocks: (suite.scenarios.len() * suite.seeds.len()) as u64,
            ranked,
            standings: order.into_iter().map(standing).collect(),
        }
    }

    /// The ranking as a table: headings, and a row for every policy. A star marks values whose difference to the first
    /// has an interval without zero.
    pub fn table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let scenarios = self.standings.iter().take(1).flat_map(|first| &first.scenarios);
        let headings = ["policy", "mean rank"].into_iter().map(str::to_owned);
        let headings = headings.chain(scenarios.map(|of| of.scenario.clone())).collect();
        let row = |standing: &Standing| {
            let rank = standing.mean_rank.map_or_else(|| "-".to_owned(), |rank| format!("{rank:.2}"));
            let cells = standing.scenarios.iter().map(|of| {
                let clear = of.to_first.is_some_and(|difference| difference.is_clear());
                of.value.text(self.metric.is_share()) + if clear { " *" } else { "" }
            });
            [standing.policy.clone(), rank].into_iter().chain(cells).collect()
        };
        (headings, self.standings.iter().map(row).collect())
    }
}

/// The metric's value, unless there is nothing it could be taken over.
fn value_of(metric: SuiteMetric, arm: &ArmSummary) -> Option<f64> {
    let value = match metric {
        SuiteMetric::RewardPerUser => arm.reward_per_user,
        SuiteMetric::SessionsPerUser => arm.sessions_per_user,
        SuiteMetric::TurnsPerSession => arm.turns_per_session,
        SuiteMetric::Engagement => arm.engagement,
        SuiteMetric::RetentionDay1 => arm.retention_day_1,
        SuiteMetric::RetentionDay7 => arm.retention_day_7,
        SuiteMetric::Churned => arm.churned,
    };
    value.filter(|value| value.is_finite())
}

/// Ranks from 1, the best; equal values share the mean of their ranks.
fn ranks_of(values: &[f64], more_is_better: bool) -> Vec<f64> {
    let better = |one: f64, other: f64| if more_is_better { one > other } else { one < other };
    let rank = |value: &f64| {
        let ahead = values.iter().filter(|other| better(**other, *value)).count();
        let behind = values.iter().filter(|other| better(*value, **other)).count();
        let level = values.len() - ahead - behind;
        ahead as f64 + f64::midpoint(1.0, level as f64)
    };
    values.iter().map(rank).collect()
}

fn differences(own: &[Option<f64>], first: &[Option<f64>]) -> Vec<f64> {
    own.iter().zip(first).filter_map(|(own, first)| Some((*own)? - (*first)?)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        // As scipy.stats.rankdata (method "average"), of the negated values where more is better.
        assert_eq!(ranks_of(&[3.0, 1.0, 3.0, 7.0], true), [2.5, 4.0, 2.5, 1.0]);
        assert_eq!(ranks_of(&[3.0, 1.0, 3.0, 7.0], false), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(ranks_of(&[0.0, -0.0, 0.0], true), [2.0, 2.0, 2.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(7), failure_persistence: None, cases: 200, ..ProptestConfig::default()
        })]

        #[test]
        fn ranks_sum_to_the_same_and_turn_round(values in prop::collection::vec(-3..3_i8, 1..9)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let (more, less) = (ranks_of(&values, true), ranks_of(&values, false));
            let count = values.len() as f64;
            prop_assert!((more.iter().sum::<f64>() - count * (count + 1.0) / 2.0).abs() < 1e-9);
            for (one, other) in more.iter().zip(less) {
                prop_assert!((one + other - count - 1.0).abs() < 1e-9);
            }
        }
    }
}
