//! From counters to measures.

use super::super::exposure::{ItemFairness, coverage, gini};
use super::super::people::Grouping;
use super::super::ranking::Ranking;
use super::super::tally::Periods;
use super::super::{
    Attribute, Diversity, HeldOutRanking, Popularity, Quality, Share, SlateRanking, UserGroup,
};
use super::{ArmTally, GroupTally, entropy_bits};
use crate::jackknife::Groups;

impl ArmTally {
    /// The measures; `popularity` is that of every item.
    pub(in super::super) fn finish(
        &self,
        groupings: &[&Grouping],
        periods: Periods,
        source: Popularity,
        popularity: &[u64],
    ) -> Quality {
        let exposure: Vec<u64> = self.exposure.totals().into_iter().map(|count| count as u64).collect();
        let groups = groupings.iter().zip(&self.groups);
        Quality {
            slates: self.slates,
            shown: self.shown,
            items: exposure.len() as u64,
            slate: SlateRanking {
                hit: self.hit.mean(),
                reciprocal_rank: self.reciprocal_rank.mean(),
                ndcg: self.ndcg.mean(),
                average_precision: self.average_precision.mean(),
            },
            held_out: self.held_out(),
            coverage: coverage(&exposure).filter(|_| self.shown > 0),
            gini: gini(&exposure),
            fairness: ItemFairness::of(&exposure, &self.lengths),
            popularity: source,
            novelty: self.novelty(popularity),
            popularity_lift: self.popularity_lift(source, popularity),
            category_diversity: self.category_diversity.mean(),
            embedding_diversity: self.embedding_diversity.mean(),
            unexpectedness: self.unexpectedness.mean(),
            serendipity: self.serendipity.mean(),
            period_days: periods.days(),
            individual: self.individual(periods),
            collective: self.collective(periods),
            groups: groups.map(|(grouping, groups)| attribute(grouping, groups)).collect(),
        }
    }

    fn held_out(&self) -> Option<HeldOutRanking> {
        let means = Ranking::NAMES.into_iter().zip(&self.held_out);
        let measures: Vec<(&'static str, Share)> =
            means.filter_map(|(name, sums)| Some((name, sums.mean()?))).collect();
        (!measures.is_empty()).then_some(HeldOutRanking { k: self.slate_size, measures })
    }

    fn novelty(&self, popularity: &[u64]) -> Option<Share> {
        let all = (popularity.iter().sum::<u64>() + popularity.len() as u64) as f64;
        let bits: Vec<f64> = popularity.iter().map(|count| (all / (*count as f64 + 1.0)).log2()).collect();
        self.mean_of(&bits)
    }

    fn popularity_lift(&self, source: Popularity, popularity: &[u64]) -> Option<Share> {
        let values: Vec<f64> = popularity.iter().map(|count| *count as f64).collect();
        let sum: f64 = values.iter().sum();
        let base = match source {
            Popularity::Histories => values.iter().map(|value| value * value).sum::<f64>() / sum,
            Popularity::Run => sum / values.len().max(1) as f64,
        };
        let lifts: Vec<f64> = values.iter().map(|value| value / base - 1.0).collect();
        self.mean_of(&lifts).filter(|_| base > 0.0)
    }

    /// The mean over the items shown of a value that every item has.
    fn mean_of(&self, values: &[f64]) -> Option<Share> {
        self.exposure.statistic(self.shown, |exposure| {
            let shown: f64 = exposure.iter().sum();
            let sum: f64 = exposure.iter().zip(values).map(|(count, value)| count * value).sum();
            (shown > 0.0).then(|| sum / shown)
        })
    }

    fn individual(&self, periods: Periods) -> Vec<Diversity> {
        let points = self.individual.iter().enumerate();
        points.filter_map(|(at, sums)| Some(point(at, periods, sums.mean()?))).collect()
    }

    fn collective(&self, periods: Periods) -> Vec<Diversity> {
        let points = self.collective.iter().enumerate();
        points
            .filter_map(|(at, masses)| {
                let all: f64 = masses.totals().iter().sum();
                let entropy = |masses: &[f64]| entropy_bits(masses.iter().copied(), self.categories_per_item);
                Some(point(at, periods, masses.statistic(all.round() as u64, entropy)?))
            })
            .collect()
    }
}

fn point(at: usize, periods: Periods, entropy: Share) -> Diversity {
    Diversity { day: at as f64 * periods.days(), entropy }
}

fn attribute(grouping: &Grouping, groups: &[GroupTally]) -> Attribute {
    let known: Vec<(&String, &GroupTally)> =
        grouping.groups.iter().zip(groups).filter(|(_, group)| group.users > 0).collect();
    let gap = |of: fn(&GroupTally) -> &Groups| {
        let means = known.iter().filter_map(|(_, group)| Some((of(group), of(group).mean()?.value)));
        let means: Vec<(&Groups, f64)> = means.collect();
        let highest = means.iter().max_by(|one, other| one.1.total_cmp(&other.1))?;
        let lowest = means.iter().min_by(|one, other| one.1.total_cmp(&other.1))?;
        (means.len() > 1).then(|| highest.0.difference(lowest.0))?
    };
    let shown = known.iter().map(|(name, group)| UserGroup {
        name: (*name).clone(),
        users: group.users,
        engagement: group.engaged.mean(),
        satisfaction: group.satisfaction.mean(),
    });
    Attribute {
        name: grouping.name,
        engagement_gap: gap(|group| &group.engaged),
        satisfaction_gap: gap(|group| &group.satisfaction),
        groups: shown.collect(),
    }
}
