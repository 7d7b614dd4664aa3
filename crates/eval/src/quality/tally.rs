//! Turns of a run, streamed into what an arm recommended.

use habitue_core::{ActionScale, ArmId, DAY, SimTime, Turn, UserId};

use super::Quality;
use super::arm::ArmTally;
use super::entropy::Sparse;
use super::held_out::HeldOut;
use super::items::Items;
use super::people::{Grouping, People};

/// Most periods of a curve.
const PERIODS: i64 = 31;

/// Lengths of periods. Unit: milliseconds. Runs of four days or more have days at least.
const HOURS: [i64; 4] = [DAY / 24, DAY / 8, DAY / 4, DAY / 2];
const DAYS: [i64; 5] = [DAY, 2 * DAY, 7 * DAY, 28 * DAY, 91 * DAY];

/// What turns are seen against.
pub(crate) struct Setting<'a> {
    pub(crate) items: &'a Items,
    pub(crate) people: &'a People,
    pub(crate) held_out: Option<&'a HeldOut>,
    pub(crate) scale: &'a ActionScale,
    pub(crate) categories: usize,
    /// Whether each arm examines users instead of recommending.
    pub(crate) examines: Vec<bool>,
    pub(crate) slate_size: usize,
}

/// The stretches of time of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Periods {
    length: i64,
    pub(super) count: usize,
}

impl Periods {
    fn new(end: SimTime) -> Self {
        let lengths: &[i64] = if end.0 < 4 * DAY { &HOURS } else { &DAYS };
        let fits = |length: &&i64| end.0 <= **length * PERIODS;
        let length = lengths.iter().find(fits).copied().unwrap_or(end.0 / PERIODS + 1);
        Self { length, count: (end.0.max(1) as u64).div_ceil(length as u64) as usize }
    }

    fn of(self, time: SimTime) -> usize {
        ((time.0.max(0) / self.length) as usize).min(self.count - 1)
    }

    /// Unit: days.
    pub(super) fn days(self) -> f64 {
        self.length as f64 / DAY as f64
    }
}

/// What one user was shown in one arm.
#[derive(Debug, Clone)]
struct Feed {
    arm: ArmId,
    user: UserId,
    /// Categories of what the user had engaged with before.
    engaged: Sparse,
    /// Categories of what the user was shown in the present period.
    shown: Sparse,
    period: usize,
}

/// Counters of a run.
pub(crate) struct Tally<'a> {
    setting: Setting<'a>,
    groupings: Vec<&'a Grouping>,
    periods: Periods,
    arms: Vec<ArmTally>,
    /// By life; [`Self::see`] is told which.
    feeds: Vec<Feed>,
}

impl<'a> Tally<'a> {
    /// For a run that was observed up to `end`. `histories` holds the categories of every user's history, if there are any;
    /// `lives` the arm and the user of every life.
    pub(crate) fn new(
        setting: Setting<'a>,
        end: SimTime,
        histories: &[Sparse],
        lives: impl Iterator<Item = (ArmId, UserId)>,
    ) -> Self {
        let periods = Periods::new(end);
        let count = setting.examines.len();
        let groupings = setting.people.groupings();
        let mut arms: Vec<ArmTally> =
            (0..count).map(|arm| ArmTally::new(&setting, arm, &groupings, periods)).collect();
        let feeds = lives.map(|(arm, user)| {
            arms[arm.index()].enter(&groupings, user);
            let engaged = histories.get(user.index()).cloned().unwrap_or_default();
            Feed { arm, user, engaged, shown: Sparse::default(), period: 0 }
        });
        let feeds = feeds.collect();
        Self { setting, groupings, periods, arms, feeds }
    }

    /// A turn of a life. The items are known.
    pub(crate) fn see(&mut self, life: usize, turn: &Turn) {
        if turn.impressions.is_empty() {
            return;
        }
        let Self { setting, groupings, periods, arms, feeds } = self;
        let (arm, feed) = (&mut arms[turn.arm.index()], &mut feeds[life]);
        let period = periods.of(turn.time);
        if feed.period != period {
            arm.end_period(feed.period, turn.user, &feed.shown);
            feed.shown.clear();
            feed.period = period;
        }
        arm.see(setting, groupings, turn, period, &feed.engaged);
        for shown in &turn.impressions {
            let (categories, mass) = setting.items.categories(shown.item.index());
            let is_engaged = setting.scale.is_engaged(shown.action);
            for category in categories {
                feed.shown.add(*category, mass * mass);
                if is_engaged {
                    feed.engaged.add(*category, mass);
                }
            }
        }
    }

    /// By arm.
    pub(crate) fn finish(mut self) -> Vec<Quality> {
        for feed in &self.feeds {
            self.arms[feed.arm.index()].end_period(feed.period, feed.user, &feed.shown);
        }
        let mut engaged = vec![0; self.setting.items.len()];
        for arm in &self.arms {
            engaged.iter_mut().zip(&arm.engaged).for_each(|(sum, own)| *sum += u64::from(*own));
        }
        let (source, popularity) = self.setting.items.popularity(&engaged);
        let arms = self.arms.iter();
        arms.map(|arm| arm.finish(&self.groupings, self.periods, source, &popularity)).collect()
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::{
        Action, CategoryId, Decider, Impression, Item, ItemId, Mindset, Move, Persona, SimDuration,
    };

    use super::super::Share;
    use super::*;

    #[test]
    fn periods_are_days_or_round_parts_of_days() {
        let periods = |days: f64| {
            let periods = Periods::new(SimTime((days * DAY as f64) as i64));
            (periods.days(), periods.count)
        };
        assert_eq!(periods(1.0), (1.0 / 24.0, 24));
        assert_eq!(periods(2.0), (0.125, 16));
        assert_eq!(periods(7.0), (1.0, 7));
        assert_eq!(periods(30.5), (1.0, 31));
        assert_eq!(periods(90.0), (7.0, 13));
        assert_eq!(periods(0.0).1, 1);
        assert!(periods(20_000.0).1 <= 31);
        // What lies at the end belongs to the last period.
        assert_eq!(Periods::new(SimTime(7 * DAY)).of(SimTime(7 * DAY)), 6);
    }

    /// Items 0 and 1 are songs, 2 and 3 films; of one embedding each.
    fn items() -> Items {
        let mut items = Items::default();
        for (category, embedding) in [(0, [1.0, 0.0]), (0, [0.0, 2.0]), (1, [3.0, 0.0]), (1, [0.0, 1.0])] {
            let (categories, embedding) = (vec![CategoryId(category)], embedding.to_vec());
            items.push(&Item { categories, embedding, ..Item::default() });
        }
        items
    }

    /// A slate on a day, with what was engaged with.
    fn turn(user: u32, day: i64, slate: &[(u32, bool)]) -> Turn {
        let impressions = slate.iter().map(|(item, engaged)| Impression {
            item: ItemId(*item),
            propensity: 0.5,
            dwell_seconds: 1.0,
            action: Action(u8::from(*engaged)),
            rating: 0,
            examined: true,
        });
        Turn {
            arm: ArmId(0),
            user: UserId(user),
            session: day as u32,
            turn: 0,
            time: SimTime(day * DAY),
            elapsed: SimDuration(1),
            request: None,
            impressions: impressions.collect(),
            log_propensity: 0.0,
            reply: None,
            next: Move::Leave,
            reward: 0.0,
            before: Mindset::default(),
            after: Mindset { satisfaction: 0.25 + 0.5 * user as f32, ..Mindset::default() },
            distributions: None,
            decider: Decider::Choice,
        }
    }

    #[test]
    fn slates_by_hand() {
        let (items, scale) = (items(), ActionScale::new(&["skip", "click"], "click").unwrap());
        let mut people = People::new(["all".to_owned()]);
        for gender in ["F", "M"] {
            people.push(0, &Persona { gender: gender.to_owned(), ..Persona::default() });
        }
        let (categories, examines) = (2, vec![false]);
        let setting = Setting {
            items: &items,
            people: &people,
            held_out: None,
            scale: &scale,
            categories,
            examines,
            slate_size: 2,
        };
        let lives = [0, 1].map(|user| (ArmId(0), UserId(user)));
        let mut tally = Tally::new(setting, SimTime(4 * DAY), &[], lives.into_iter());
        // User 0 clicks a song, later a film; user 1 is shown films and clicks nothing.
        tally.see(0, &turn(0, 0, &[(0, true), (1, false)]));
        tally.see(1, &turn(1, 0, &[(2, false), (3, false)]));
        tally.see(0, &turn(0, 1, &[(1, false), (2, true)]));
        let quality = tally.finish().remove(0);
        let close = |share: Option<Share>, expected: f64| {
            assert!((share.unwrap().value - expected).abs() < 1e-6, "{share:?}, expected {expected}");
        };
        assert_eq!((quality.slates, quality.shown, quality.coverage), (3, 6, Some(1.0)));
        // Exposures 1, 2, 2, 1: (-3 - 1 + 2 * 1 + 2 * 3) / (4 * 6).
        assert!((quality.gini.unwrap() - 4.0 / 24.0).abs() < 1e-12);
        close(quality.slate.hit, 2.0 / 3.0);
        close(quality.slate.reciprocal_rank, (1.0 + 0.0 + 0.5) / 3.0);
        close(quality.slate.ndcg, f64::midpoint(1.0, 1.0 / 3_f64.log2()));
        // Pairs of categories: the same, the same, another. All pairs of embeddings are at right angles.
        close(quality.category_diversity, 1.0 / 3.0);
        close(quality.embedding_diversity, 1.0);
        // Known of user 0 on the second day: songs. The song is expected, the film not, and clicked.
        close(quality.unexpectedness, 0.5);
        close(quality.serendipity, 0.5);
        // Engaged with once each: items 0 and 2. Self-information of 2/6, 1/6, 2/6, 1/6.
        close(quality.novelty, (3.0 * 3_f64.log2() + 3.0 * 6_f64.log2()) / 6.0);
        // Half a click per item of the catalogue; the items shown have 3 of 6.
        close(quality.popularity_lift, 0.0);
        // On day 0 everybody is shown one category, both together two; on day 1 user 0 is shown two.
        let correction = |items: f64| 1.0 / (2.0 * items * std::f64::consts::LN_2);
        let points = |curve: &[super::super::Diversity]| -> Vec<(f64, f64)> {
            curve.iter().map(|point| (point.day, point.entropy.value)).collect()
        };
        assert_eq!(points(&quality.individual), [(0.0, 0.0), (1.0, 1.0 + correction(2.0))]);
        assert_eq!(points(&quality.collective), [(0.0, 1.0 + correction(4.0)), (1.0, 1.0 + correction(2.0))]);
        let [gender] = &quality.groups[..] else { panic!("{:?}", quality.groups) };
        assert_eq!((gender.name, gender.groups[0].users, gender.groups[1].users), ("gender", 1, 1));
        // "F" clicks 2 of 4, "M" none of 2; satisfaction 0.25 and 0.75.
        close(gender.engagement_gap, 0.5);
        close(gender.satisfaction_gap, 0.5);
    }
}
