//! Diag-LinUCB: a bandit on the edges between user clusters and items.

use habitue_core::scenario::policy::DiagLinUcbConfig;
use habitue_core::{Action, ItemId, PastInteraction, Request, Streams, Turn, UserId, World};
use serde::{Deserialize, Serialize};

use crate::names;
use crate::profiles::Profiles;
use crate::recommender::Scorer;

/// Evidence is kept in whole multiples of this, so that sums do not depend on their order.
const UNIT: f64 = 1.0 / (1_u64 << 30) as f64;

/// Evidence on the edges between clusters and items: sums of w^2 and w r over impressions, w being the user's weight
/// in the cluster and r the reward: the diagonal of `LinUCB`'s normal equations (Yi et al. 2023).
///
/// Evidence of several machines [`merge`](Self::merge)s to exactly what one machine would have gathered, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EdgeEvidence {
    clusters: usize,
    /// (sum of w^2, sum of w r) in units of 2^-30, shape `[items, clusters]`, row-major.
    edges: Vec<(i64, i64)>,
}

impl EdgeEvidence {
    /// None, for so many clusters.
    pub fn new(clusters: usize) -> Self {
        Self { clusters, edges: Vec::new() }
    }

    /// One impression of `item` with this reward for a user of `cluster` with this weight.
    ///
    /// # Panics
    /// If there is no such cluster.
    pub fn add(&mut self, cluster: usize, item: ItemId, weight: f32, reward: f32) {
        assert!(cluster < self.clusters, "cluster {cluster} of {}", self.clusters);
        let at = item.index() * self.clusters + cluster;
        if self.edges.len() <= at {
            self.edges.resize((item.index() + 1) * self.clusters, (0, 0));
        }
        let (weight, reward) = (f64::from(weight), f64::from(reward));
        let edge = &mut self.edges[at];
        edge.0 += (weight * weight / UNIT).round() as i64;
        edge.1 += (weight * reward / UNIT).round() as i64;
    }

    /// Adds what another has gathered.
    ///
    /// # Panics
    /// If the other is about another number of clusters.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.clusters, other.clusters, "evidence on different clusters");
        if self.edges.len() < other.edges.len() {
            self.edges.resize(other.edges.len(), (0, 0));
        }
        for (edge, more) in self.edges.iter_mut().zip(&other.edges) {
            edge.0 += more.0;
            edge.1 += more.1;
        }
    }

    /// (sum of w^2, sum of w r) of an edge.
    pub fn edge(&self, cluster: usize, item: ItemId) -> (f64, f64) {
        let edge = self.edges.get(item.index() * self.clusters + cluster).copied().unwrap_or_default();
        (edge.0 as f64 * UNIT, edge.1 as f64 * UNIT)
    }
}

/// See [`DiagLinUcbConfig`].
pub(crate) struct DiagLinUcb {
    config: DiagLinUcbConfig,
    positive: Action,
    /// Mean reward and variance of each edge, shape `[clusters, items]`, row-major.
    estimates: Vec<Vec<(f32, f32)>>,
    state: State,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    evidence: EdgeEvidence,
    profiles: Profiles,
    /// Windows with an impression.
    updates: u64,
}

impl DiagLinUcb {
    /// Knows the profiles from before the run. The last cluster is that of users without one.
    pub(crate) fn new(
        config: &DiagLinUcbConfig,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Self, String> {
        let positive = names::positive(world.scale, config.positive.as_deref())?;
        let clusters = world.catalogue.categories().len() + 1;
        let state = State {
            evidence: EdgeEvidence::new(clusters),
            profiles: Profiles::before(world.catalogue, history, config.positive_rating),
            updates: 0,
        };
        Ok(Self { config: config.clone(), positive, estimates: Vec::new(), state })
    }

    /// The user's clusters with weights that sum to 1. Categories that joined after the policy was made are no
    /// clusters; who knows only such belongs to the last.
    fn memberships(&self, user: UserId) -> Vec<(usize, f32)> {
        let last = self.state.evidence.clusters - 1;
        let leading = self.state.profiles.leading(user, self.config.memberships as usize);
        let mut memberships: Vec<(usize, f32)> = leading
            .iter()
            .map(|(category, weight)| (category.index(), *weight))
            .filter(|(cluster, _)| *cluster < last)
            .collect();
        let total: f32 = memberships.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut memberships {
            *weight /= total;
        }
        if memberships.is_empty() {
            memberships.push((last, 1.0));
        }
        memberships
    }

    /// Estimates with a prior of one impression of reward 0 with weight 1: mean b / d, variance 1 / d.
    fn estimate(&mut self) {
        let evidence = &self.state.evidence;
        let items = evidence.edges.len() / evidence.clusters;
        let of_edge = |cluster: usize, item: usize| {
            let (weight, reward) = evidence.edge(cluster, ItemId(item as u32));
            ((reward / (1.0 + weight)) as f32, (1.0 / (1.0 + weight)) as f32)
        };
        let of_cluster = |cluster: usize| (0..items).map(|item| of_edge(cluster, item)).collect();
        self.estimates = (0..evidence.clusters).map(of_cluster).collect();
    }
}

impl Scorer for DiagLinUcb {
    type State = State;
    const KIND: &'static str = "diag-linucb";
    const PERSONAL: bool = true;

    fn state(&self) -> &State {
        &self.state
    }

    fn resume(&mut self, state: State) {
        self.state = state;
        self.estimate();
    }

    fn score(&self, _: &World<'_>, request: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]) {
        let memberships = request.map_or_else(Vec::new, |request| self.memberships(request.user));
        let alpha = self.config.alpha as f32;
        for (item, score) in items.iter().zip(out) {
            let (mut mean, mut variance) = (0.0, 0.0);
            for (cluster, weight) in &memberships {
                let (m, v) = self.estimates[*cluster].get(item.index()).copied().unwrap_or((0.0, 1.0));
                mean += weight * m;
                variance += weight * weight * v;
            }
            *score = mean + alpha * variance.sqrt();
        }
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) {
        for turn in turns {
            let memberships = self.memberships(turn.user);
            for impression in &turn.impressions {
                let reward = f32::from(impression.action >= self.positive);
                for (cluster, weight) in &memberships {
                    self.state.evidence.add(*cluster, impression.item, *weight, reward);
                }
            }
        }
        self.state.profiles.observe(world, turns, self.positive);
        self.state.updates += u64::from(!turns.is_empty());
    }

    fn end_window(&mut self, _: &World<'_>, _: Streams) {
        self.estimate();
    }

    fn updates(&self) -> u64 {
        self.state.updates
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn evidence_merges_in_any_order_to_what_one_machine_gathers(
            impressions in prop::collection::vec((0_usize..3, 0_u32..5, 0.0_f32..1.0, 0.0_f32..1.0, 0_usize..3), 0..60),
        ) {
            let mut whole = EdgeEvidence::new(3);
            let mut parts = [EdgeEvidence::new(3), EdgeEvidence::new(3), EdgeEvidence::new(3)];
            for (cluster, item, weight, reward, part) in impressions {
                whole.add(cluster, ItemId(item), weight, reward);
                parts[part].add(cluster, ItemId(item), weight, reward);
            }
            for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
                let mut merged = EdgeEvidence::new(3);
                for part in order {
                    merged.merge(&parts[part]);
                }
                for cluster in 0..3 {
                    for item in (0..5).map(ItemId) {
                        prop_assert_eq!(merged.edge(cluster, item), whole.edge(cluster, item));
                    }
                }
            }
        }
    }
}
