//! Counters of an arm.

mod measures;

use habitue_core::{Turn, UserId};

use super::by_group::ByGroup;
use super::entropy::{Sparse, entropy_bits};
use super::people::Grouping;
use super::ranking::Ranking;
use super::tally::{Periods, Setting};
use crate::jackknife::Groups;

/// Engagement and satisfaction of a group of users.
#[derive(Debug, Clone, Default)]
struct GroupTally {
    users: u64,
    engaged: Groups,
    satisfaction: Groups,
}

/// Counters of an arm.
#[derive(Debug, Clone)]
pub(super) struct ArmTally {
    examines: bool,
    slate_size: usize,
    categories_per_item: f64,
    slates: u64,
    shown: u64,
    /// Slates by number of items.
    lengths: Vec<u64>,
    exposure: ByGroup<u32>,
    /// By item.
    pub(super) engaged: Vec<u32>,
    hit: Groups,
    reciprocal_rank: Groups,
    ndcg: Groups,
    average_precision: Groups,
    held_out: [Groups; Ranking::NAMES.len()],
    category_diversity: Groups,
    embedding_diversity: Groups,
    unexpectedness: Groups,
    serendipity: Groups,
    /// By period.
    individual: Vec<Groups>,
    /// By period, of categories.
    collective: Vec<ByGroup<f64>>,
    /// By attribute, then group.
    groups: Vec<Vec<GroupTally>>,
    /// Sums of categories and embeddings of the slate at hand.
    mix: Vec<f32>,
    sum: Vec<f32>,
}

impl ArmTally {
    /// Of the arm at this place, with users in these groups.
    pub(super) fn new(setting: &Setting<'_>, arm: usize, groupings: &[&Grouping], periods: Periods) -> Self {
        let arms = setting.examines.len();
        let groups = groupings.iter().map(|grouping| vec![GroupTally::default(); grouping.groups.len()]);
        let masses = || ByGroup::new(setting.categories, arms * periods.count);
        Self {
            examines: setting.examines[arm],
            slate_size: setting.slate_size,
            categories_per_item: setting.items.categories_per_item(),
            slates: 0,
            shown: 0,
            lengths: Vec::new(),
            exposure: ByGroup::new(setting.items.len(), arms),
            engaged: vec![0; setting.items.len()],
            hit: Groups::default(),
            reciprocal_rank: Groups::default(),
            ndcg: Groups::default(),
            average_precision: Groups::default(),
            held_out: Default::default(),
            category_diversity: Groups::default(),
            embedding_diversity: Groups::default(),
            unexpectedness: Groups::default(),
            serendipity: Groups::default(),
            individual: vec![Groups::default(); periods.count],
            collective: (0..periods.count).map(|_| masses()).collect(),
            groups: groups.collect(),
            mix: vec![0.0; setting.categories],
            sum: vec![0.0; setting.items.dimensions()],
        }
    }

    /// A user of the arm.
    pub(super) fn enter(&mut self, groupings: &[&Grouping], user: UserId) {
        for (grouping, groups) in groupings.iter().zip(&mut self.groups) {
            groups[grouping.of(user)].users += 1;
        }
    }

    /// A slate that is not empty; `before` is what the user had engaged with until then.
    pub(super) fn see(
        &mut self,
        setting: &Setting<'_>,
        groupings: &[&Grouping],
        turn: &Turn,
        period: usize,
        before: &Sparse,
    ) {
        let (user, shown) = (turn.user, turn.impressions.len());
        self.slates += 1;
        self.shown += shown as u64;
        if self.lengths.len() <= shown {
            self.lengths.resize(shown + 1, 0);
        }
        self.lengths[shown] += 1;
        let (mut engaged, mut unexpected, mut serendipity) = (0_usize, 0.0, 0.0);
        for impression in &turn.impressions {
            let item = impression.item.index();
            let is_engaged = setting.scale.is_engaged(impression.action);
            *self.exposure.at(user, item) += 1;
            self.engaged[item] += u32::from(is_engaged);
            engaged += usize::from(is_engaged);
            let (categories, mass) = setting.items.categories(item);
            for category in categories {
                *self.collective[period].at(user, usize::from(*category)) += f64::from(mass * mass);
            }
            if !before.is_empty() {
                let surprise = f64::from(1.0 - before.cosine(categories, mass));
                unexpected += surprise;
                serendipity += if is_engaged { surprise } else { 0.0 };
            }
        }
        if !before.is_empty() {
            self.unexpectedness.add(user, unexpected, shown as u64);
            self.serendipity.add(user, serendipity, shown as u64);
        }
        for (grouping, groups) in groupings.iter().zip(&mut self.groups) {
            let group = &mut groups[grouping.of(user)];
            group.engaged.add(user, engaged as f64, shown as u64);
            group.satisfaction.add(user, f64::from(turn.after.satisfaction), 1);
        }
        self.rank(setting, turn, engaged);
        self.compare_items(setting, turn);
    }

    /// The slate as a ranked list.
    fn rank(&mut self, setting: &Setting<'_>, turn: &Turn, engaged: usize) {
        let (user, list) = (turn.user, &turn.impressions);
        let engaged_with = list.iter().map(|shown| setting.scale.is_engaged(shown.action));
        let found = Ranking::at(list.len(), engaged_with, engaged);
        self.hit.add(user, f64::from(u8::from(found.is_some())), 1);
        self.reciprocal_rank.add(user, found.map_or(0.0, |ranking| ranking.reciprocal_rank), 1);
        if let Some(ranking) = found {
            self.ndcg.add(user, ranking.ndcg, 1);
            self.average_precision.add(user, ranking.average_precision, 1);
        }
        if self.examines || (turn.session, turn.turn) != (0, 0) {
            return;
        }
        let wanted = setting.held_out.map_or(&[][..], |held| held.of(user.0));
        let hits = list.iter().map(|shown| wanted.contains(&shown.item));
        if let Some(ranking) = Ranking::at(self.slate_size, hits, wanted.len()) {
            self.held_out.iter_mut().zip(ranking.values()).for_each(|(sums, value)| sums.add(user, value, 1));
        }
    }

    /// Distances between the items of the slate: the cosine of an item with the sum of those above it is the sum of its
    /// cosines with each.
    fn compare_items(&mut self, setting: &Setting<'_>, turn: &Turn) {
        let shown = turn.impressions.len();
        if shown < 2 {
            return;
        }
        let pairs = (shown * (shown - 1) / 2) as f64;
        let items = || turn.impressions.iter().map(|shown| shown.item.index());
        let mut cosines = 0.0;
        for item in items() {
            let (categories, mass) = setting.items.categories(item);
            for category in categories {
                let sum = &mut self.mix[usize::from(*category)];
                cosines += f64::from(*sum * mass);
                *sum += mass;
            }
        }
        for item in items() {
            setting
                .items
                .categories(item)
                .0
                .iter()
                .for_each(|category| self.mix[usize::from(*category)] = 0.0);
        }
        self.category_diversity.add(turn.user, 1.0 - cosines / pairs, 1);
        if self.sum.is_empty() {
            return;
        }
        self.sum.fill(0.0);
        let mut cosines = 0.0;
        for item in items() {
            for (sum, own) in self.sum.iter_mut().zip(setting.items.embedding(item)) {
                cosines += f64::from(*sum * own);
                *sum += own;
            }
        }
        self.embedding_diversity.add(turn.user, 1.0 - cosines / pairs, 1);
    }

    /// A user's period is over.
    pub(super) fn end_period(&mut self, period: usize, user: UserId, shown: &Sparse) {
        let masses = shown.masses().map(|(_, mass)| mass);
        if let Some(entropy) = entropy_bits(masses, self.categories_per_item) {
            self.individual[period].add(user, entropy, 1);
        }
    }
}
