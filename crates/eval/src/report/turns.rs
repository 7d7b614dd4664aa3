//! What is counted from the turns of an arm.

use habitue_core::{ActionScale, Decider, Move, Turn};
use serde::Serialize;

use crate::jackknife::{Groups, Share};

/// Turns of a session up to which satisfaction is shown.
const TURNS: usize = 30;

/// A level of the action scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FunnelStep {
    /// "shown", "looked at", or an action.
    pub step: String,
    /// Items that came at least that far; for actions below skip, that met with exactly this action.
    pub count: u64,
    /// Their share of the items shown.
    pub share: Option<Share>,
}

/// The n-th turn of sessions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnPoint {
    /// Turn of the session, counted from 1.
    pub turn: u32,
    /// Mean satisfaction after it, 0 to 1.
    pub satisfaction: Share,
}

/// What is wrong with the propensities of an arm, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Propensities {
    /// Items shown.
    pub(super) shown: u64,
    /// Those whose propensity is not above 0 and at most 1.
    pub(super) missing: u64,
    /// Those whose propensity is 1.
    pub(super) certain: u64,
}

/// Counters of an arm.
#[derive(Debug, Clone)]
pub(super) struct TurnTally {
    pub(super) turns: u64,
    pub(super) propensities: Propensities,
    pub(super) without_distributions: u64,
    pub(super) decisions: [u64; Decider::NAMES.len()],
    moves: [u64; Move::NAMES.len()],
    looked_at: Groups,
    /// By action of the scale: items with exactly this action.
    actions: Vec<Groups>,
    satisfaction: Vec<Groups>,
}

impl TurnTally {
    pub(super) fn new(scale: &ActionScale) -> Self {
        Self {
            turns: 0,
            propensities: Propensities::default(),
            without_distributions: 0,
            decisions: [0; Decider::NAMES.len()],
            moves: [0; Move::NAMES.len()],
            looked_at: Groups::default(),
            actions: vec![Groups::default(); scale.len()],
            satisfaction: Vec::new(),
        }
    }

    /// Counts a turn; gives the number of items that were engaged with.
    pub(super) fn add(&mut self, turn: &Turn, scale: &ActionScale) -> u64 {
        self.turns += 1;
        self.decisions[turn.decider as usize] += 1;
        self.moves[usize::from(turn.next.code())] += 1;
        self.without_distributions += u64::from(turn.distributions.is_none());
        let shown = turn.impressions.len() as u64;
        let (mut engaged, mut looked_at) = (0, 0);
        // A scale has 32 actions at most.
        let mut counts = [0_u64; 32];
        for impression in &turn.impressions {
            let propensity = impression.propensity;
            let valid = propensity > 0.0 && propensity <= 1.0;
            self.propensities.missing += u64::from(!valid);
            self.propensities.certain += u64::from(propensity >= 1.0 && valid);
            looked_at += u64::from(impression.examined);
            counts[usize::from(impression.action.0)] += 1;
            engaged += u64::from(scale.is_engaged(impression.action));
        }
        self.propensities.shown += shown;
        if shown > 0 {
            self.looked_at.add(turn.user, looked_at as f64, shown);
            for (groups, count) in self.actions.iter_mut().zip(counts) {
                groups.add(turn.user, count as f64, shown);
            }
        }
        let place = turn.turn as usize;
        if place < TURNS {
            if self.satisfaction.len() <= place {
                self.satisfaction.resize(place + 1, Groups::default());
            }
            self.satisfaction[place].add(turn.user, f64::from(turn.after.satisfaction), 1);
        }
        engaged
    }

    /// Items that came as far as every step: shown, looked at, the actions above skip; then the negative ones.
    pub(super) fn funnel(&self, scale: &ActionScale) -> Vec<FunnelStep> {
        let step = |step: &str, groups: &Groups| {
            let share = groups.mean();
            let count = share.map_or(0.0, |share| share.value * share.count as f64).round() as u64;
            FunnelStep { step: step.to_owned(), count, share }
        };
        let shown = FunnelStep { step: "shown".to_owned(), count: self.propensities.shown, share: None };
        let mut steps = vec![shown, step("looked at", &self.looked_at)];
        for action in scale.actions().filter(|action| *action > scale.skip()) {
            let mut at_least = self.actions[usize::from(action.0)].clone();
            for above in &self.actions[usize::from(action.0) + 1..] {
                at_least.join(above);
            }
            let name = scale.name(action);
            let last = usize::from(action.0) + 1 == scale.len();
            steps.push(step(&if last { name.to_owned() } else { format!("{name} or more") }, &at_least));
        }
        let negative = scale.actions().filter(|action| scale.is_negative(*action));
        steps.extend(negative.map(|action| step(scale.name(action), &self.actions[usize::from(action.0)])));
        steps
    }

    pub(super) fn moves(&self) -> Vec<(&'static str, u64)> {
        Move::NAMES.into_iter().zip(self.moves).collect()
    }

    pub(super) fn satisfaction(&self) -> Vec<TurnPoint> {
        let points = self.satisfaction.iter().zip(1..);
        points.filter_map(|(groups, turn)| Some(TurnPoint { turn, satisfaction: groups.mean()? })).collect()
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::{Action, ArmId, Impression, ItemId, Mindset, SimDuration, SimTime, UserId};

    use super::*;

    fn turn(user: u32, number: u32, actions: &[u8], satisfaction: f32) -> Turn {
        let impressions = actions.iter().map(|action| Impression {
            item: ItemId(0),
            propensity: 0.5,
            dwell_seconds: 1.0,
            action: Action(*action),
            rating: 0,
            examined: *action != 1,
        });
        Turn {
            arm: ArmId(0),
            user: UserId(user),
            session: 0,
            turn: number,
            time: SimTime(0),
            elapsed: SimDuration(1),
            request: None,
            impressions: impressions.collect(),
            log_propensity: 0.0,
            reply: None,
            next: Move::NextPage,
            reward: 0.0,
            before: Mindset::default(),
            after: Mindset { satisfaction, ..Mindset::default() },
            distributions: None,
            decider: Decider::Choice,
        }
    }

    #[test]
    fn a_funnel_by_hand() {
        let scale = ActionScale::new(&["hide", "skip", "click", "like"], "click").unwrap();
        let mut tally = TurnTally::new(&scale);
        assert_eq!(tally.add(&turn(1, 0, &[1, 2, 3, 0], 0.5), &scale), 2);
        assert_eq!(tally.add(&turn(2, 0, &[1, 1, 2, 1], 0.7), &scale), 1);
        assert_eq!(tally.add(&turn(2, 1, &[], 0.1), &scale), 0);
        let steps: Vec<_> = tally.funnel(&scale).into_iter().map(|step| (step.step, step.count)).collect();
        let expected = [("shown", 8), ("looked at", 4), ("click or more", 3), ("like", 1), ("hide", 1)]
            .map(|(n, c)| (n.to_owned(), c));
        assert_eq!(steps, expected);
        let share = tally.funnel(&scale)[2].share.unwrap();
        assert!((share.value - 3.0 / 8.0).abs() < 1e-12 && share.interval.is_some());
        let points = tally.satisfaction();
        assert_eq!((points.len(), points[0].satisfaction.count, points[1].turn), (2, 2, 2));
        assert!((points[0].satisfaction.value - 0.6).abs() < 1e-6);
        assert_eq!((tally.moves()[0], tally.propensities.shown), (("next-page", 3), 8));
    }
}
